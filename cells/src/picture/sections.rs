//! The parts of the page.

use crate::cell::snapshot::{CellSnapshot, State};
use crate::declared::any_cell::AnyCell;
use crate::info::DependencyKind;
use crate::observe::timeline::TimelineEvent;
use crate::picture::act::{self, Verb};
use crate::picture::graph_svg::STATES;
use crate::picture::markup::{Span, Text};
use crate::program::all_cells::Names;
use crate::program::graph::Graph;
use crate::program::health_report::Health;
use crate::program::startup::Startup;
use std::fmt::Write;
use std::time::Duration;

/// How many events are shown.
const EVENTS: usize = 200;

/// A cell of the page.
pub(crate) struct Row {
    name: String,
    snapshot: CellSnapshot,
    /// Why nothing can be done with it.
    refusal: Option<&'static str>,
    form_id: String,
}

/// The rows, in the order of the graph's nodes.
pub(crate) fn rows(cells: &[AnyCell]) -> Vec<Row> {
    let names = Names::of(cells.iter().map(|cell| cell.info().name));
    let row = |cell: &AnyCell| Row {
        name: names.in_report(cell.info()),
        snapshot: cell.snapshot(),
        refusal: act::refusal(*cell),
        form_id: act::form_id(*cell),
    };
    cells.iter().map(row).collect()
}

pub(crate) fn summary(html: &mut String, rows: &[Row]) {
    let _ = write!(html, "<ul class=\"chips\" aria-label=\"States\">\n<li>{} cells:</li>\n", rows.len());
    for state in STATES {
        let count = rows.iter().filter(|row| row.snapshot.state == state).count();
        if count > 0 {
            let word = state.as_str();
            let _ = writeln!(html, "<li class=\"s {word}\">{count} {word}</li>");
        }
    }
    html.push_str("</ul>\n");
}

pub(crate) fn navigation(html: &mut String, has_events: bool) {
    html.push_str("<nav aria-label=\"Sections\"><ul>\n");
    for (id, title) in
        [("wrong", "What is wrong"), ("cells", "Cells"), ("graph", "Graph"), ("startup", "Start-up")]
    {
        let _ = writeln!(html, "<li><a href=\"#{id}\">{title}</a></li>");
    }
    if has_events {
        html.push_str("<li><a href=\"#events\">Events</a></li>\n");
    }
    html.push_str("</ul></nav>\n");
}

fn begin(html: &mut String, id: &str, title: &str) {
    let _ = write!(
        html,
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n"
    );
}

/// A part that is scrolled by itself, also with the keyboard.
fn begin_pan(html: &mut String, label: &str) {
    let _ = writeln!(html, "<div class=\"pan\" role=\"region\" tabindex=\"0\" aria-label=\"{label}\">");
}

fn end(html: &mut String) {
    html.push_str("</section>\n");
}

pub(crate) fn wrong(html: &mut String, rows: &[Row], health: Option<&Health>) {
    begin(html, "wrong", "What is wrong");
    if let Some(health) = health {
        answers(html, health);
    }
    if rows.iter().any(|row| row.snapshot.state == State::Closed) {
        html.push_str(
            "<p class=\"down\">The program is shutting down. Closed cells come back no more.</p>\n",
        );
    }
    let wrong: Vec<_> = rows.iter().filter_map(|row| Some((row, complaint(&row.snapshot)?))).collect();
    if wrong.is_empty() {
        html.push_str("<p>Nothing: no cell has failed, and none is stale.</p>\n");
    } else {
        html.push_str("<ul class=\"wrong\">\n");
        for (row, complaint) in wrong {
            let (name, complaint) = (Text(&row.name), Text(&complaint));
            let _ = writeln!(html, "<li><b><bdi>{name}</bdi></b>: <bdi>{complaint}</bdi></li>");
        }
        html.push_str("</ul>\n");
    }
    end(html);
}

/// The three answers, and the reasons for those that are "no".
fn answers(html: &mut String, Health { startup, ready, alive, degraded, .. }: &Health) {
    html.push_str("<ul class=\"chips\" aria-label=\"Health\">\n");
    for (question, verdict) in [("started", startup), ("ready", ready), ("alive", alive)] {
        let (class, answer) = if verdict.ok { ("ready", "yes") } else { ("failed", "no") };
        let _ = writeln!(html, "<li class=\"s {class}\">{question}: {answer}</li>");
    }
    html.push_str("</ul>\n");
    for (heading, troubles) in [
        ("Not started", &startup.troubles),
        ("Not ready", &ready.troubles),
        ("Not alive", &alive.troubles),
        ("Degraded", degraded),
    ] {
        if troubles.is_empty() {
            continue;
        }
        let _ = writeln!(html, "<h3>{heading}</h3>\n<ul class=\"wrong\">");
        for trouble in troubles {
            let _ = writeln!(html, "<li><bdi>{}</bdi></li>", Text(&trouble.to_string()));
        }
        html.push_str("</ul>\n");
    }
}

fn complaint(cell: &CellSnapshot) -> Option<String> {
    let mut said = Vec::new();
    if cell.state == State::Failed {
        said.push("failed".to_owned());
    }
    if cell.stale {
        said.push("stale".to_owned());
    }
    if let Some(left) = cell.cooldown_left {
        said.push(format!("cooling down for another {}", Span(left)));
    }
    if let Some(error) = &cell.last_error {
        said.push(error.clone());
    }
    (!said.is_empty()).then(|| said.join("; "))
}

pub(crate) fn cells(html: &mut String, rows: &[Row], actions: Option<&str>) {
    begin(html, "cells", "Cells");
    html.push_str("<div class=\"bar\"><label hidden>Filter <input id=\"find\" type=\"search\"></label>\n");
    if let Some(url) = actions {
        // Without the first button, Enter in the field would press that of some cell.
        let _ = writeln!(
            html,
            "<form id=\"act\" method=\"post\" action=\"{}\"><button disabled hidden></button>\
             <input autocomplete=\"username\" value=\"operator\" hidden>\
             <label>Token <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\">\
             </label></form>",
            Text(url)
        );
    }
    html.push_str("</div>\n");
    begin_pan(html, "Table of cells");
    html.push_str("<table id=\"table\">\n<thead><tr>");
    let columns: Vec<_> =
        COLUMNS.iter().filter(|column| rows.iter().any(|row| column.is_used(row))).collect();
    let mut head = |title: &str, class: &str, sorts: &str| {
        let _ = write!(html, "<th scope=\"col\" class=\"{class}\"{sorts}>{title}</th>");
    };
    head("Cell", "", SORTS);
    head("State", "", SORTS);
    if actions.is_some() {
        head("Actions", "", "");
    }
    for column in &columns {
        head(column.title, "r", SORTS);
    }
    head("Error", "w", SORTS);
    head("All counts", "", "");
    html.push_str("</tr></thead>\n<tbody>\n");
    for (index, row) in rows.iter().enumerate() {
        self::row(html, index, row, &columns, actions.is_some());
    }
    html.push_str("</tbody>\n</table>\n</div>\n");
    end(html);
}

fn row(html: &mut String, index: usize, row: &Row, columns: &[&Column], has_actions: bool) {
    let (name, cell) = (Text(&row.name), &row.snapshot);
    let state = cell.state.as_str();
    let rank = STATES.iter().position(|state| *state == cell.state).unwrap_or(0);
    let _ = write!(
        html,
        "<tr id=\"r{index}\"><th scope=\"row\"><a href=\"#g{index}\"><bdi>{name}</bdi></a></th>\
         <td data-v=\"{rank}\"><span class=\"s {state}\">{state}</span></td>"
    );
    if has_actions {
        html.push_str("<td class=\"a\">");
        if let Some(refusal) = row.refusal {
            let _ = write!(html, "<span class=\"q\">{refusal}</span>");
        } else {
            for (verb, word) in [(Verb::Refresh, "Refresh"), (Verb::Close, "Close")] {
                let (field, id) = (verb.field(), Text(&row.form_id));
                let _ = write!(
                    html,
                    "<button form=\"act\" name=\"{field}\" value=\"{id}\" aria-label=\"{word} {name}\">{word}</button> "
                );
            }
        }
        html.push_str("</td>");
    }
    for column in columns {
        (column.of)(cell).write(html);
    }
    let error = cell.last_error.as_deref().unwrap_or_default();
    let _ = write!(html, "<td class=\"w\"><bdi>{}</bdi></td>", Text(error));
    let _ = writeln!(html, "<td class=\"q\">{}</td></tr>", cell.counts);
}

const SORTS: &str = " data-sort";

/// A figure of each cell.
struct Column {
    title: &'static str,
    of: fn(&CellSnapshot) -> Figure,
    /// Whether it is left out where no cell has anything in it.
    is_rare: bool,
}

impl Column {
    const fn new(title: &'static str, of: fn(&CellSnapshot) -> Figure) -> Self {
        Self { title, of, is_rare: false }
    }

    const fn rare(title: &'static str, of: fn(&CellSnapshot) -> Figure) -> Self {
        Self { title, of, is_rare: true }
    }

    fn is_used(&self, row: &Row) -> bool {
        !self.is_rare || !matches!((self.of)(&row.snapshot), Figure::Count(0) | Figure::Time(None))
    }
}

const COLUMNS: &[Column] = &[
    Column::new("Generation", |cell| cell.generation.map_or(Figure::Time(None), Figure::Number)),
    Column::new("Age", |cell| Figure::Time(cell.age)),
    Column::rare(
        "Fresh for",
        |cell| if cell.stale { Figure::Word("stale") } else { Figure::Time(cell.fresh_left) },
    ),
    Column::rare("Expires in", |cell| Figure::Time(cell.expires_left)),
    Column::rare("Cooldown", |cell| Figure::Time(cell.cooldown_left)),
    Column::new("Own time", |cell| Figure::Time(cell.own)),
    Column::new("Waited", |cell| Figure::Time(cell.waiting)),
    Column::new("Builds", |cell| Figure::Count(cell.counts.builds)),
    Column::rare("Failures", |cell| Figure::Count(cell.counts.failures + cell.counts.panics)),
    Column::new("Leases", |cell| Figure::count(cell.leases)),
    Column::rare("Waiters", |cell| Figure::count(cell.waiters)),
    Column::rare("Flights", |cell| Figure::count(cell.flights)),
    Column::rare("Draining", |cell| Figure::count(cell.draining)),
];

/// What is in a column of figures.
enum Figure {
    Number(u64),
    /// One that is pale if it is zero.
    Count(u64),
    Time(Option<Duration>),
    /// It is sorted before all times.
    Word(&'static str),
}

impl Figure {
    fn count(count: usize) -> Self {
        Self::Count(u64::try_from(count).unwrap_or(u64::MAX))
    }

    fn write(&self, html: &mut String) {
        let _ = match *self {
            Self::Count(0) => write!(html, "<td class=\"r z\" data-v=\"0\">0</td>"),
            Self::Number(number) | Self::Count(number) => {
                write!(html, "<td class=\"r\" data-v=\"{number}\">{number}</td>")
            }
            Self::Time(Some(span)) => {
                write!(html, "<td class=\"r\" data-v=\"{}\">{}</td>", span.as_micros(), Span(span))
            }
            Self::Time(None) => write!(html, "<td class=\"r\" data-v=\"-1\"></td>"),
            Self::Word(word) => write!(html, "<td class=\"r\" data-v=\"0\">{word}</td>"),
        };
    }
}

pub(crate) fn graph(html: &mut String, graph: &Graph) {
    begin(html, "graph", "Graph");
    begin_pan(html, "Graph of the cells");
    html.push_str(&graph.drawing(|index| Some(format!("#r{index}"))));
    html.push_str("</div>\n<details><summary>The dependencies as text</summary>\n<ul>\n");
    let names = graph.names();
    let mut on = vec![Vec::new(); graph.nodes.len()];
    for edge in &graph.edges {
        on[edge.from].push(edge);
    }
    let name = |index: usize| names.in_report(graph.nodes[index].cell.info());
    for (index, edges) in on.iter().enumerate().filter(|(_, edges)| !edges.is_empty()) {
        let _ = write!(html, "<li><bdi>{}</bdi>:", Text(&name(index)));
        for (place, edge) in edges.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let how = match edge.kind {
                DependencyKind::Injected => "needs",
                DependencyKind::Observed => "calls",
                DependencyKind::After => "comes after",
            };
            let _ = write!(html, "{comma} {how} <bdi>{}</bdi>", Text(&name(edge.to)));
        }
        html.push_str("</li>\n");
    }
    html.push_str("</ul></details>\n");
    end(html);
}

pub(crate) fn startup(html: &mut String, startup: &Startup) {
    begin(html, "startup", "Start-up");
    if startup.cells.is_empty() {
        html.push_str("<p>No factory has built anything yet.</p>\n");
    } else {
        begin_pan(html, "Start-up of the cells");
        html.push_str(&startup.chart().drawing());
        html.push_str("</div>\n");
    }
    end(html);
}

/// The last ones, the latest first.
pub(crate) fn events(html: &mut String, events: &[TimelineEvent]) {
    begin(html, "events", "Events");
    begin_pan(html, "Table of events");
    html.push_str("<table>\n<thead><tr>");
    for (title, class) in [
        ("At", "r"),
        ("Event", ""),
        ("Cell", ""),
        ("Generation", "r"),
        ("Status", ""),
        ("Took", "r"),
        ("Error", "w"),
    ] {
        let _ = write!(html, "<th scope=\"col\" class=\"{class}\">{title}</th>");
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for event in events.iter().rev().take(EVENTS) {
        html.push_str("<tr>");
        Figure::Time(Some(event.at)).write(html);
        let cell = event.cell.as_deref().unwrap_or_default();
        for text in [&event.name, cell] {
            let _ = write!(html, "<td><bdi>{}</bdi></td>", Text(text));
        }
        event.generation.map_or(Figure::Time(None), Figure::Number).write(html);
        let _ = write!(html, "<td><bdi>{}</bdi></td>", Text(event.status.as_deref().unwrap_or_default()));
        Figure::Time(event.duration).write(html);
        let error = event.error.as_deref().unwrap_or_default();
        let _ = writeln!(html, "<td class=\"w\"><bdi>{}</bdi></td></tr>", Text(error));
    }
    html.push_str("</tbody>\n</table>\n</div>\n");
    end(html);
}
