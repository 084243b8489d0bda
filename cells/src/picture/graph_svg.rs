//! The graph of the cells with their states, drawn.

use crate::cell::snapshot::State;
use crate::info::DependencyKind;
use crate::picture::layers::{Layout, Point, lay_out};
use crate::picture::markup::{Text, shortened, width};
use crate::picture::svg::{self, MARGIN, Svg, chars};
use crate::program::graph::Graph;

/// The height of a cell, from one cell to the next below it, and between two layers.
const CELL: i32 = 34;
const ROW: f64 = 44.0;
const GAP: i32 = 64;
/// The legend above.
const HEAD: i32 = 46;
/// How many characters of a name are shown.
const COLUMNS: usize = 26;
/// The least width, which the legend takes.
const LEGEND: i32 = 560;

/// All states.
pub(crate) const STATES: [State; 5] =
    [State::Ready, State::Initializing, State::Failed, State::Empty, State::Closed];

impl Graph {
    /// Draws the graph as an SVG file, without any other program.
    ///
    /// Arrows lead from a cell to what it depends on: solid ones are injected dependencies, dashed ones observed, dotted
    /// ones `after`. The colour of a cell, and the word below its name, are its state. A cell that takes a value from outside
    /// has double sides. Cells without dependencies are at the bottom.
    ///
    /// The file follows the reader's preference for light or dark. It contains no script and refers to no other file. The
    /// layout is layered, as that of Sugiyama, Tagawa and Toda.
    ///
    /// ```
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell]
    /// fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// let svg = cells::graph().to_svg(); // a file, or the answer to a `GET`, of the type `image/svg+xml`
    /// assert!(svg.starts_with("<svg") && svg.contains("limit"));
    /// ```
    pub fn to_svg(&self) -> String {
        svg::file(&self.drawing(|_| None))
    }

    /// The drawing without style; `link` says where a click on a cell leads.
    pub(crate) fn drawing(&self, link: impl Fn(usize) -> Option<String>) -> String {
        let names = self.names();
        let labels: Vec<_> = self.nodes.iter().map(|node| names.in_report(node.cell.info())).collect();
        let edges: Vec<_> = self.edges.iter().map(|edge| (edge.from, edge.to)).collect();
        let layout = lay_out(self.nodes.len(), &edges);
        let columns = Columns::of(&layout, &labels);
        let mut svg = Svg::new(columns.right.max(LEGEND) + MARGIN, down(layout.height) + MARGIN);
        svg.add(format_args!(
            "<title>Graph of {} cells and {} dependencies</title>",
            self.nodes.len(),
            self.edges.len()
        ));
        legend(&mut svg);
        for (edge, points) in self.edges.iter().zip(&layout.edges) {
            svg.edge(edge.kind, (edge.from, edge.to), points, &columns);
        }
        for (index, node) in self.nodes.iter().enumerate() {
            let point = layout.nodes[index];
            let (x, wide) = columns.places[point.layer];
            let y = down(point.down) - CELL / 2;
            let (state, name) = (node.state.as_str(), &labels[index]);
            svg.add(format_args!("<g id=\"g{index}\" class=\"n {state}\">"));
            let link = link(index);
            if let Some(link) = &link {
                svg.add(format_args!("<a href=\"{}\" tabindex=\"-1\">", Text(link)));
            }
            svg.add(format_args!("<title>{}: {state}</title>", Text(name)));
            svg.add(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{CELL}\" rx=\"5\"/>"));
            if node.provided {
                for side in [x + 3, x + wide - 3] {
                    let bottom = y + CELL;
                    svg.add(format_args!("<path class=\"e\" d=\"M{side} {y}V{bottom}\"/>"));
                }
            }
            let (name, left) = (shortened(name, COLUMNS), x + 8);
            svg.add(format_args!("<text x=\"{left}\" y=\"{}\">{}</text>", y + 15, Text(&name)));
            svg.add(format_args!(
                "<text x=\"{left}\" y=\"{}\" class=\"q\" font-size=\"10\">{state}</text>",
                y + 28
            ));
            svg.add(format_args!("{}</g>", if link.is_some() { "</a>" } else { "" }));
        }
        svg.end()
    }
}

/// Where the layers are.
struct Columns {
    /// The left side of each, and how wide it is.
    places: Vec<(i32, i32)>,
    right: i32,
}

impl Columns {
    fn of(layout: &Layout, labels: &[String]) -> Self {
        let mut widths = vec![0; layout.layers];
        for (point, label) in layout.nodes.iter().zip(labels) {
            let columns = width(label).clamp("initializing".len(), COLUMNS);
            widths[point.layer] = columns.max(widths[point.layer]);
        }
        let mut x = MARGIN;
        let place = |columns: usize| {
            let wide = chars(columns) + 16;
            let place = (x, wide);
            x += wide + GAP;
            place
        };
        let places = widths.into_iter().map(place).collect();
        Self { places, right: x - GAP }
    }
}

/// What the colours and lines mean.
fn legend(svg: &mut Svg) {
    let mut x = MARGIN;
    for state in STATES {
        let word = state.as_str();
        svg.add(format_args!(
            "<rect class=\"{word}\" x=\"{x}\" y=\"8\" width=\"12\" height=\"12\" rx=\"2\"/>\
             <text x=\"{}\" y=\"18\">{word}</text>",
            x + 17
        ));
        x += 17 + chars(word.len()) + 18;
    }
    let mut x = MARGIN;
    for (kind, said) in [
        (DependencyKind::Injected, "needs (injected)"),
        (DependencyKind::Observed, "was seen to call"),
        (DependencyKind::After, "only after"),
    ] {
        svg.add(format_args!("<path class=\"e {}\" d=\"M{x} 34H{}\"/>", line(kind), x + 26));
        svg.add(format_args!("<path class=\"tip\" d=\"M{} 34l-6 -3.5v7z\"/>", x + 32));
        svg.add(format_args!("<text x=\"{}\" y=\"38\">{said}</text>", x + 38));
        x += 38 + chars(said.len()) + 18;
    }
}

fn line(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::Injected => "injected",
        DependencyKind::Observed => "observed",
        DependencyKind::After => "after",
    }
}

impl Svg {
    /// A smooth line from the right side of the first cell through the layers to the left side of the last one. One that
    /// leads back goes from left to right likewise, and has its tip at the other end.
    fn edge(
        &mut self,
        kind: DependencyKind,
        (from, to): (usize, usize),
        points: &[Point],
        columns: &Columns,
    ) {
        let [first, .., last] = points else { return };
        let back = first.layer > last.layer;
        let mut points: Vec<_> =
            points.iter().map(|point| (columns.places[point.layer], down(point.down))).collect();
        if back {
            points.reverse();
        }
        self.add(format_args!("<path class=\"e {}\" data-e=\"{from} {to}\" d=\"", line(kind)));
        // The tip has its own room, at whichever end.
        let room = |is_tip: bool| if is_tip { 6 } else { 0 };
        let count = points.len();
        let (mut at, mut above) = (0, 0);
        for (index, ((x, wide), y)) in points.into_iter().enumerate() {
            if index == 0 {
                at = x + wide + room(back);
                above = y;
                self.add(format_args!("M{at} {y}"));
                continue;
            }
            let is_last = index + 1 == count;
            let left = x - room(is_last && !back);
            let middle = at + (left - at) / 2;
            self.add(format_args!("C{middle} {above} {middle} {y} {left} {y}"));
            above = y;
            if !is_last {
                at = x + wide;
                self.add(format_args!("H{at}"));
            }
        }
        self.add(format_args!("\"/>"));
        let (x, wide) = columns.places[last.layer];
        let (x, y) = if back { (x + wide, down(last.down)) } else { (x, down(last.down)) };
        let turn = if back { "l6 -3.5v7z" } else { "l-6 -3.5v7z" };
        self.add(format_args!("<path class=\"tip\" d=\"M{x} {y}{turn}\"/>"));
    }
}

/// Where in the picture a place in a layer is.
#[expect(clippy::cast_possible_truncation, reason = "a cast to an integer saturates")]
fn down(place: f64) -> i32 {
    HEAD + (place * ROW).round() as i32
}
