#!/usr/bin/env python3
"""Draws a bar chart of reads per second, from the measurements of the benchmark `read`.

    cargo bench -p cells-benches --bench read -- --csv "$PWD/target/reads.csv"
    python3 docs/reads.py target/reads.csv >docs/reads.svg

Needs only Python's standard library. The figures are the benchmark's medians; the scale is logarithmic.
"""

import csv
import math
import sys
from xml.sax.saxutils import escape

WIDTH, LEFT, TOP, ROW, BAR = 860, 230, 64, 34, 12
COLOURS = {1: "#4c78a8", 2: "#9ecae9"}
OURS = "#c44e52", "#e8a5a7"


def main():
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        rows = [(row["contender"], int(row["threads"]), float(row["ns"])) for row in csv.DictReader(file)]
    names = list(dict.fromkeys(name for name, _, _ in rows))
    # Each thread reads once per `ns`, so together they read `threads` times.
    rates = {(name, threads): threads * 1e9 / ns for name, threads, ns in rows}
    low = 10 ** math.floor(math.log10(min(rates.values())))
    high = 10 ** math.ceil(math.log10(max(rates.values())))

    def x(rate):
        return LEFT + (WIDTH - LEFT - 90) * math.log10(rate / low) / math.log10(high / low)

    height = TOP + ROW * len(names) + 24
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="16">Ready reads per second, all threads together</text>',
        f'<text x="{LEFT}" y="42" fill="#555">dark: 1 thread; light: 2 threads; red: a cell that can be closed, or a permanent one</text>',
    ]
    power = int(math.log10(low))
    while 10**power <= high:
        at = x(10**power)
        out.append(f'<line x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{height - 20}" stroke="#ddd"/>')
        label = {6: "1 M", 7: "10 M", 8: "100 M", 9: "1 G", 10: "10 G"}.get(power, f"1e{power}")
        out.append(f'<text x="{at:.1f}" y="{height - 5}" text-anchor="middle" fill="#555">{label}</text>')
        power += 1
    for index, name in enumerate(names):
        top = TOP + ROW * index
        ours = "cell" in name.lower().split(",")[0].split() or name == "RuntimeCell"
        out.append(f'<text x="{LEFT - 8}" y="{top + 16}" text-anchor="end">{escape(name)}</text>')
        for row, threads in enumerate((1, 2)):
            rate = rates[name, threads]
            colour = OURS[row] if ours else COLOURS[threads]
            y = top + row * (BAR + 1)
            out.append(f'<rect x="{LEFT}" y="{y}" width="{x(rate) - LEFT:.1f}" height="{BAR}" fill="{colour}"/>')
            figure = f"{rate / 1e9:.2f} G" if rate >= 1e9 else f"{rate / 1e6:.0f} M"
            out.append(f'<text x="{x(rate) + 4:.1f}" y="{y + 10}" font-size="10" fill="#333">{figure}</text>')
    out.append("</svg>")
    print("\n".join(out))


main()
