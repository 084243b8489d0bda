#!/usr/bin/env python3
"""Draws a bar chart of reads per second, from the measurements of the benchmark `read`.

    cargo bench -p cells-benches --bench read -- --csv "$PWD/target/reads.csv"
    python3 docs/reads.py target/reads.csv >docs/reads.svg

Needs only Python's standard library. The figures are the benchmark's medians; the date is that of the file. The chart
follows the reader's choice of light or dark.
"""

import csv
import datetime
import math
import os
import sys
from xml.sax.saxutils import escape

WIDTH, LEFT, TOP, ROW, BAR = 860, 230, 84, 34, 13
STYLE = """
svg { background: #ffffff; font: 13px sans-serif; fill: #1f2328; }
.title { font-size: 16px; }
.note { fill: #57606a; }
.figure { font-size: 11px; }
.grid { stroke: #d8dee4; }
.other.one { fill: #4c78a8; } .other.two { fill: #9ecae9; }
.ours.one { fill: #c44e52; } .ours.two { fill: #e8a5a7; }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; fill: #e6edf3; }
  .note { fill: #9198a1; }
  .grid { stroke: #30363d; }
  .other.one { fill: #79b8ff; } .other.two { fill: #31608f; }
  .ours.one { fill: #ff7b72; } .ours.two { fill: #94413d; }
}
"""


def main():
    path = sys.argv[1]
    with open(path, newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    rates = {}
    for row in table:
        # Each thread reads once per `ns`, so together they read `threads` times.
        threads = int(row["threads"])
        rates[row["contender"], threads] = threads * 1e9 / float(row["ns"])
    names = list(dict.fromkeys(row["contender"] for row in table))
    source = f"{table[0]['processor']}; {datetime.date.fromtimestamp(os.path.getmtime(path))}"
    low = 10 ** math.floor(math.log10(min(rates.values())))
    high = 10 ** math.ceil(math.log10(max(rates.values())))

    def x(rate):
        return LEFT + (WIDTH - LEFT - 90) * math.log10(rate / low) / math.log10(high / low)

    def legend(left, kind, text):
        return (
            f'<rect class="{kind} one" x="{left}" y="48" width="13" height="13"/>'
            f'<rect class="{kind} two" x="{left + 15}" y="48" width="13" height="13"/>'
            f'<text class="note" x="{left + 34}" y="59">{text}</text>'
        )

    height = TOP + ROW * len(names) + 24
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="20">Ready reads per second, all threads together (logarithmic scale)</text>',
        f'<text class="note" x="{LEFT}" y="39">{escape(source)}</text>',
        legend(LEFT, "ours", "cells, with 1 and with 2 threads"),
        legend(LEFT + 270, "other", "others, with 1 and with 2"),
    ]
    power = int(math.log10(low))
    while 10**power <= high:
        at = x(10**power)
        out.append(f'<line class="grid" x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{height - 20}"/>')
        label = {6: "1 M", 7: "10 M", 8: "100 M", 9: "1 G", 10: "10 G"}.get(power, f"1e{power}")
        out.append(f'<text class="note" x="{at:.1f}" y="{height - 5}" text-anchor="middle">{label}</text>')
        power += 1
    for index, name in enumerate(names):
        top = TOP + ROW * index
        kind = "ours" if name.split(",")[0] in ("cell", "RuntimeCell") else "other"
        out.append(f'<text x="{LEFT - 8}" y="{top + 18}" text-anchor="end">{escape(name)}</text>')
        for threads, which in (1, "one"), (2, "two"):
            rate = rates[name, threads]
            y = top + (threads - 1) * (BAR + 1)
            width = x(rate) - LEFT
            out.append(f'<rect class="{kind} {which}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}"/>')
            figure = f"{rate / 1e9:.2f} G" if rate >= 1e9 else f"{rate / 1e6:.0f} M"
            out.append(f'<text class="figure" x="{x(rate) + 4:.1f}" y="{y + 11}">{figure}</text>')
    out.append("</svg>")
    print("\n".join(out))


main()
