//! The graph of the cells with their states, drawn.

use crate::cell::snapshot::State;
use crate::info::DependencyKind;
use crate::picture::layers::{Layout, Point, lay_out};
use crate::picture::markup::{self, Text, shortened, width};
use crate::program::graph::Graph;
use std::fmt::{Arguments, Write};

/// Pixels: a character, the height of a cell, from one cell to the next below it, and between two layers.
const CHAR: f64 = 7.3;
const CELL: f64 = 34.0;
const ROW: f64 = 44.0;
const GAP: f64 = 64.0;
const MARGIN: f64 = 12.0;
/// The legend above.
const HEAD: f64 = 46.0;
/// How many characters of a name are shown.
const COLUMNS: usize = 26;
/// The least width, which the legend takes.
const LEGEND: f64 = 560.0;

impl State {
    /// The word for it, in pictures and on the page.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Initializing => "initializing",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Closed => "closed",
        }
    }
}

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
    pub fn to_svg(&self) -> String {
        markup::file(&self.drawing(|_| None))
    }

    /// The drawing without style; `link` says where a click on a cell leads.
    pub(crate) fn drawing(&self, link: impl Fn(usize) -> Option<String>) -> String {
        let names = self.names();
        let labels: Vec<_> = self.nodes.iter().map(|node| names.in_report(node.cell.info())).collect();
        let edges: Vec<_> = self.edges.iter().map(|edge| (edge.from, edge.to)).collect();
        let layout = lay_out(self.nodes.len(), &edges);
        let columns = Columns::of(&layout, &labels);
        let mut svg = Svg::new(columns.right.max(LEGEND) + MARGIN, HEAD + layout.height * ROW + MARGIN);
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
            let Point { layer, down } = layout.nodes[index];
            let (x, wide) = columns.places[layer];
            let y = HEAD + down * ROW - CELL / 2.0;
            let (state, name) = (node.state.word(), &labels[index]);
            svg.add(format_args!("<g id=\"g{index}\" class=\"n {state}\">"));
            let link = link(index);
            if let Some(link) = &link {
                svg.add(format_args!("<a href=\"{}\" tabindex=\"-1\">", Text(link)));
            }
            svg.add(format_args!("<title>{}: {state}</title>", Text(name)));
            svg.add(format_args!(
                "<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{wide:.0}\" height=\"{CELL:.0}\" rx=\"5\"/>"
            ));
            if node.provided {
                for side in [x + 3.0, x + wide - 3.0] {
                    let bottom = y + CELL;
                    svg.add(format_args!("<path class=\"e\" d=\"M{side:.0} {y:.0}V{bottom:.0}\"/>"));
                }
            }
            let (name, left) = (shortened(name, COLUMNS), x + 8.0);
            svg.add(format_args!("<text x=\"{left:.0}\" y=\"{:.0}\">{}</text>", y + 15.0, Text(&name)));
            svg.add(format_args!(
                "<text x=\"{left:.0}\" y=\"{:.0}\" class=\"q\" font-size=\"10\">{state}</text>",
                y + 28.0
            ));
            svg.add(format_args!("{}</g>", if link.is_some() { "</a>" } else { "" }));
        }
        svg.end()
    }
}

/// Where the layers are.
struct Columns {
    /// The left side of each, and how wide it is.
    places: Vec<(f64, f64)>,
    right: f64,
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
            let wide = (CHAR * f64::from(u32::try_from(columns).unwrap_or(0)) + 16.0).round();
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
        let word = state.word();
        svg.add(format_args!(
            "<rect class=\"{word}\" x=\"{x:.0}\" y=\"8\" width=\"12\" height=\"12\" rx=\"2\"/>\
             <text x=\"{:.0}\" y=\"18\">{word}</text>",
            x + 17.0
        ));
        x += 17.0 + CHAR * f64::from(u32::try_from(word.len()).unwrap_or(0)) + 18.0;
    }
    let mut x = MARGIN;
    for (kind, said) in [
        (DependencyKind::Injected, "needs (injected)"),
        (DependencyKind::Observed, "was seen to call"),
        (DependencyKind::After, "only after"),
    ] {
        svg.add(format_args!("<path class=\"e {}\" d=\"M{x:.0} 34H{:.0}\"/>", line(kind), x + 26.0));
        svg.add(format_args!("<path class=\"tip\" d=\"M{:.0} 34l-6 -3.5v7z\"/>", x + 32.0));
        svg.add(format_args!("<text x=\"{:.0}\" y=\"38\">{said}</text>", x + 38.0));
        x += 38.0 + CHAR * f64::from(u32::try_from(said.len()).unwrap_or(0)) + 18.0;
    }
}

fn line(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::Injected => "injected",
        DependencyKind::Observed => "observed",
        DependencyKind::After => "after",
    }
}

/// The text of a picture that is being drawn.
pub(crate) struct Svg(String);

impl Svg {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\">"
        ))
    }

    pub(crate) fn add(&mut self, text: Arguments<'_>) {
        let _ = self.0.write_fmt(text);
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push_str("</svg>");
        self.0
    }

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
            points.iter().map(|point| (columns.places[point.layer], down(point))).collect();
        if back {
            points.reverse();
        }
        self.add(format_args!("<path class=\"e {}\" data-e=\"{from} {to}\" d=\"", line(kind)));
        // The tip has its own room, at whichever end.
        let room = |is_tip: bool| if is_tip { 6.0 } else { 0.0 };
        let count = points.len();
        let (mut at, mut above) = (0.0, 0.0);
        for (index, ((x, wide), y)) in points.into_iter().enumerate() {
            if index == 0 {
                at = x + wide + room(back);
                above = y;
                self.add(format_args!("M{at:.0} {y:.0}"));
                continue;
            }
            let is_last = index + 1 == count;
            let left = x - room(is_last && !back);
            let middle = f64::midpoint(at, left);
            self.add(format_args!("C{middle:.0} {above:.0} {middle:.0} {y:.0} {left:.0} {y:.0}"));
            above = y;
            if !is_last {
                at = x + wide;
                self.add(format_args!("H{at:.0}"));
            }
        }
        self.add(format_args!("\"/>"));
        let (x, wide) = columns.places[last.layer];
        let (x, y) = if back { (x + wide, down(last)) } else { (x, down(last)) };
        let turn = if back { "l6 -3.5v7z" } else { "l-6 -3.5v7z" };
        self.add(format_args!("<path class=\"tip\" d=\"M{x:.0} {y:.0}{turn}\"/>"));
    }
}

fn down(point: &Point) -> f64 {
    HEAD + point.down * ROW
}
