//! The pictures of a warm-up, of a start-up and of a timeline: what of each becomes a bar.

use crate::observe::timeline::{Timeline, TimelineEvent};
use crate::picture::gantt::{Bar, Chart};
use crate::picture::markup::Span;
use crate::picture::svg;
use crate::picture::trace::{Event, trace};
use crate::program::all_cells::Names;
use crate::program::startup::Startup;
use crate::program::warm_up_report::{WarmUpOutcome, WarmUpReport, WarmedCell};
use std::collections::HashSet;
use std::time::Duration;

impl WarmUpReport {
    /// Draws the warm-up as an SVG file: a bar for each cell, in the order in which they began, with its own time and its
    /// waits for other cells in two tones, and with the [critical path](Self::critical_path) marked.
    ///
    /// How long the waits were is known, not when: they are the first part of the bar. The file follows the reader's
    /// preference for light or dark, contains no script and refers to no other file.
    ///
    /// ```
    /// let report = cells::warm_up();
    /// std::fs::write(std::env::temp_dir().join("warm-up.svg"), report.to_svg())?;
    /// # assert!(report.to_svg().starts_with("<svg"));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn to_svg(&self) -> String {
        svg::file(&self.chart().drawing())
    }

    /// Writes the warm-up in Chrome's Trace Event Format, for [Perfetto](https://ui.perfetto.dev).
    ///
    /// Each cell that was built is a complete event (`"ph": "X"`). Its `tid` is a track, not a thread.
    ///
    /// ```
    /// let report = cells::warm_up();
    /// let json = report.to_chrome_trace(); // open it in Perfetto
    /// assert!(json.contains("traceEvents"));
    /// ```
    pub fn to_chrome_trace(&self) -> String {
        self.chart().trace()
    }

    fn chart(&self) -> Chart {
        let names = Names::of_all();
        let bar = |cell: &WarmedCell| Bar {
            name: names.in_report(cell.info),
            started: cell.started,
            took: cell.took,
            waiting: cell.waiting,
            critical: self.critical_path.iter().any(|critical| critical.id() == cell.info.id()),
            failed: cell.error.is_some(),
            note: match cell.outcome {
                WarmUpOutcome::Built => String::new(),
                WarmUpOutcome::Ready => "was ready".to_owned(),
                WarmUpOutcome::Failed => format!("failed: {}", cell.note(&names)),
                WarmUpOutcome::Skipped => format!("skipped: {}", cell.note(&names)),
            },
        };
        let mut bars: Vec<_> = self.cells.iter().map(bar).collect();
        bars.sort_by_key(|bar| bar.started.unwrap_or(Duration::MAX));
        Chart::new("Warm-up", bars, self.took, self.critical_time)
    }
}

impl Startup {
    /// Draws the start-up as an SVG file: a bar for each cell, in the order in which they began, with its own time and its
    /// waits for other cells in two tones, and with the critical chain marked.
    ///
    /// It is drawn as [`WarmUpReport::to_svg`].
    ///
    /// [`Startup`] has an example.
    pub fn to_svg(&self) -> String {
        svg::file(&self.chart().drawing())
    }

    /// Writes the start-up in Chrome's Trace Event Format, as [`WarmUpReport::to_chrome_trace`].
    pub fn to_chrome_trace(&self) -> String {
        self.chart().trace()
    }

    pub(crate) fn chart(&self) -> Chart {
        let names = Names::of_all();
        let bars = self.cells.iter().map(|cell| Bar {
            name: names.in_report(cell.info),
            started: Some(cell.started),
            took: cell.own + cell.waiting,
            waiting: cell.waiting,
            critical: cell.critical,
            failed: false,
            note: String::new(),
        });
        Chart::new("Start-up", bars.collect(), self.took, self.critical_time)
    }
}

impl Chart {
    fn new(what: &str, bars: Vec<Bar>, took: Duration, critical_time: Duration) -> Self {
        let built = bars.iter().filter(|bar| bar.started.is_some()).count();
        let (whole, critical) = (Span(took), Span(critical_time));
        let title =
            format!("{what}: {built} cells built in {whole}, of which the critical chain took {critical}");
        Self { title, bars, took }
    }

    fn trace(self) -> String {
        let events = self.bars.into_iter().filter_map(|bar| {
            let mut details = vec![
                ("own_us", bar.took.saturating_sub(bar.waiting).as_micros().to_string()),
                ("waiting_us", bar.waiting.as_micros().to_string()),
                ("critical", bar.critical.to_string()),
            ];
            if bar.failed {
                details.push(("error", bar.note));
            }
            let category = "cell.init";
            Some(Event { name: bar.name, category, started: bar.started?, took: Some(bar.took), details })
        });
        trace(events.collect())
    }
}

impl Timeline {
    /// Writes the events that were kept in Chrome's Trace Event Format, for [Perfetto](https://ui.perfetto.dev).
    ///
    /// An event that has a duration is a complete event (`"ph": "X"`) that ends when it was recorded, every other one an
    /// instant (`"ph": "i"`). The start of an initialization whose end was recorded is left out.
    ///
    /// ```
    /// use cells::{Timeline, TimelineEvent};
    ///
    /// let timeline = Timeline::new(64);
    /// timeline.record(TimelineEvent::new("request.end"));
    /// assert!(timeline.to_chrome_trace().contains("request.end"));
    /// ```
    pub fn to_chrome_trace(&self) -> String {
        let events = self.events();
        let flight = |event: &TimelineEvent| (event.cell.clone(), event.generation);
        let is_end = |event: &&TimelineEvent| matches!(&*event.name, "runtime.init.end" | "runtime.init.err");
        let ended: HashSet<_> = events.iter().filter(is_end).map(flight).collect();
        let is_shown =
            |event: &&TimelineEvent| event.name != "runtime.init.start" || !ended.contains(&flight(event));
        let shown = events.iter().filter(is_shown).map(|event| {
            let generation = event.generation.map(|generation| generation.to_string());
            let status = event.status.as_ref().map(ToString::to_string);
            let session = event.session_id.as_ref().map(ToString::to_string);
            let details = [
                ("event", Some(event.name.to_string())),
                ("generation", generation),
                ("status", status),
                ("error", event.error.clone()),
                ("session_id", session),
            ];
            Event {
                name: event.cell.clone().unwrap_or_else(|| event.name.to_string()),
                category: category(&event.name),
                started: event.at.saturating_sub(event.duration.unwrap_or_default()),
                took: event.duration,
                details: details.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
            }
        });
        trace(shown.collect())
    }
}

fn category(name: &str) -> &'static str {
    if name.starts_with("runtime.init.") {
        "cell.init"
    } else if name.starts_with("runtime.close.") {
        "cell.close"
    } else {
        "other"
    }
}
