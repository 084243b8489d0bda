//! Bars on an axis of time, one for each cell, as `systemd-analyze plot` draws them.

use crate::picture::markup::{Span, Text, shortened, width};
use crate::picture::svg::{MARGIN, Svg, chars, whole};
use std::time::Duration;

/// What was built when.
pub(crate) struct Chart {
    pub(crate) title: String,
    /// In the order in which they began; behind them what has no bar.
    pub(crate) bars: Vec<Bar>,
    /// How long the whole took.
    pub(crate) took: Duration,
}

pub(crate) struct Bar {
    pub(crate) name: String,
    /// When it began; `None` if nothing was built.
    pub(crate) started: Option<Duration>,
    pub(crate) took: Duration,
    /// How much of that were waits for other cells.
    pub(crate) waiting: Duration,
    pub(crate) critical: bool,
    pub(crate) failed: bool,
    /// What else there is to say.
    pub(crate) note: String,
}

/// A row, its bar, and the part with the bars.
const ROW: i32 = 20;
const BAR: i32 = 13;
const WIDE: i32 = 760;
/// Title, legend and axis above.
const HEAD: i32 = 84;
/// How many characters of a name are shown, and of a note behind a bar.
const NAME: usize = 30;
const NOTE: usize = 44;

impl Chart {
    /// The drawing, without style.
    pub(crate) fn drawing(&self) -> String {
        let columns = self.bars.iter().map(|bar| width(&bar.name)).max().unwrap_or(0).clamp(8, NAME);
        let left = MARGIN + chars(columns) + 10;
        let notes = self.bars.iter().map(|bar| width(&bar.said()).min(NOTE)).max().unwrap_or(0);
        let wide = left + WIDE + 10 + chars(notes) + MARGIN;
        let height = HEAD + whole(self.bars.len()) * ROW + MARGIN;
        let mut svg = Svg::new(wide, height);
        svg.add(format_args!("<title>{}</title>", Text(&self.title)));
        svg.add(format_args!("<text class=\"b\" x=\"{MARGIN}\" y=\"22\">{}</text>", Text(&self.title)));
        legend(&mut svg);
        let end = self.bars.iter().filter_map(|bar| Some(bar.started? + bar.took)).max().unwrap_or_default();
        let scale = Scale { left, end: end.max(self.took).max(Duration::from_nanos(1)) };
        axis(&mut svg, &scale, height - MARGIN);
        let mut before: Option<(i32, i32)> = None;
        for (row, bar) in self.bars.iter().enumerate() {
            let y = HEAD + whole(row) * ROW;
            let class = if bar.critical { " class=\"b\"" } else { "" };
            svg.add(format_args!("<g><title>{}: {}</title>", Text(&bar.name), Text(&bar.said())));
            svg.add(format_args!(
                "<text{class} x=\"{MARGIN}\" y=\"{}\">{}</text>",
                y + 11,
                Text(&shortened(&bar.name, columns))
            ));
            let mut right = left;
            if let Some(started) = bar.started {
                let (x, middle) = (scale.x(started), scale.x(started + bar.waiting.min(bar.took)));
                // However short, it is seen.
                right = scale.x(started + bar.took).max(x + 2);
                let own = if bar.failed { "bad" } else { "own" };
                for (class, from, to) in [("wait", x, middle), (own, middle.min(right - 2).max(x), right)] {
                    if to > from {
                        svg.add(format_args!(
                            "<rect class=\"{class}\" x=\"{from}\" y=\"{y}\" width=\"{}\" height=\"{BAR}\"/>",
                            to - from
                        ));
                    }
                }
                if bar.critical {
                    svg.add(format_args!(
                        "<rect class=\"crit\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                        x - 1,
                        y - 1,
                        right - x + 2,
                        BAR + 2
                    ));
                }
            }
            let class = if bar.failed { "bad" } else { "q" };
            svg.add(format_args!(
                "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text></g>",
                right + 6,
                y + 11,
                Text(&shortened(&bar.said(), NOTE))
            ));
            if bar.critical {
                if let Some((right, bottom)) = before {
                    let middle = y + BAR / 2;
                    let start = bar.started.map_or(left, |started| scale.x(started)) - 1;
                    if right < start {
                        svg.add(format_args!(
                            "<path class=\"crit\" d=\"M{right} {bottom}V{middle}H{start}\"/>"
                        ));
                    }
                }
                before = Some((right, y + BAR + 1));
            }
        }
        svg.end()
    }
}

impl Bar {
    /// What is beside the bar.
    fn said(&self) -> String {
        match (self.started, self.note.as_str()) {
            (None, note) => note.to_owned(),
            (Some(_), "") => Span(self.took).to_string(),
            (Some(_), note) => format!("{}, {note}", Span(self.took)),
        }
    }
}

struct Scale {
    left: i32,
    end: Duration,
}

impl Scale {
    fn x(&self, at: Duration) -> i32 {
        let share = at.as_nanos().saturating_mul(WIDE.unsigned_abs().into()) / self.end.as_nanos();
        self.left + i32::try_from(share).unwrap_or(WIDE)
    }

    /// The distance of the lines: 1, 2 or 5 times a power of ten, of which there are up to eight.
    fn step(&self) -> Duration {
        let steps = (0..).map(|power| 10_u64.saturating_pow(power)).flat_map(|ten| [ten, 2 * ten, 5 * ten]);
        let fits = |nanos: &u64| Duration::from_nanos(nanos.saturating_mul(8)) >= self.end;
        Duration::from_nanos(steps.take(54).find(fits).unwrap_or(u64::MAX))
    }
}

fn axis(svg: &mut Svg, scale: &Scale, bottom: i32) {
    let step = scale.step();
    for line in (0..=8_u32).map(|index| step.saturating_mul(index)).take_while(|line| *line <= scale.end) {
        let x = scale.x(line);
        svg.add(format_args!("<path class=\"l\" d=\"M{x} {}V{bottom}\"/>", HEAD - 8));
        let said = if line.is_zero() { "0".to_owned() } else { Span(line).to_string() };
        svg.add(format_args!(
            "<text class=\"q\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\" font-size=\"10\">{said}</text>",
            HEAD - 12
        ));
    }
}

fn legend(svg: &mut Svg) {
    let mut x = MARGIN;
    for (class, said) in
        [("own", "own time"), ("wait", "share of waits for other cells"), ("crit", "critical chain")]
    {
        svg.add(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"34\" width=\"18\" height=\"11\"/>\
             <text x=\"{}\" y=\"44\">{said}</text>",
            x + 24
        ));
        x += 24 + chars(said.len()) + 18;
    }
}
