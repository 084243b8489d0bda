//! What happened to the cells, recorded by an observer.

use cells::{CloseResult, Error, InitContext, InitResult, Observer};
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// Records events until they are written.
#[derive(Default)]
pub(crate) struct Life {
    record: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    rows: Vec<Row>,
    builders: HashMap<String, ThreadId>,
}

struct Row {
    cell: String,
    event: &'static str,
    took: Duration,
    note: String,
}

impl Life {
    /// Calls a cell's accessor; also returns how long that took if another thread built the payload.
    pub(crate) fn timed<T>(
        &self,
        cell: &str,
        ask: impl FnOnce() -> Result<T, Error>,
    ) -> (Result<T, Error>, Option<Duration>) {
        let start = Instant::now();
        let answer = ask();
        let waited = self.record().builders.get(cell) != Some(&thread::current().id());
        (answer, waited.then(|| start.elapsed()))
    }

    /// Records how long callers waited for a cell. Waiting is no flight, so observers are not notified of it.
    pub(crate) fn waited(&self, cell: &str, waits: &[Duration]) {
        if let Some(longest) = waits.iter().max() {
            self.note(cell, "waited for", *longest, format!("at most, by {} callers", waits.len()));
        }
    }

    /// Writes the events since the last call.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for Row { cell, event, took, note } in std::mem::take(&mut self.record().rows) {
            writeln!(out, "{cell:<10}{event:<13}{:>12}  {note}", format!("{took:.1?}"))?;
        }
        out.flush()
    }

    fn note(&self, cell: &str, event: &'static str, took: Duration, note: String) {
        self.record().rows.push(Row { cell: cell.to_owned(), event, took, note });
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Life {
    fn on_init_start(&self, cell: &str, _: u64, _: Option<&InitContext>) {
        self.record().builders.insert(cell.to_owned(), thread::current().id());
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        let note = format!("generation {}, {:?}", event.generation, event.status);
        self.note(event.cell, "initialized", event.duration, note);
    }

    fn on_close_end(&self, event: &CloseResult) {
        let disposer = if event.close_called { "by its disposer" } else { "by a drop" };
        self.note(event.cell, "closed", event.duration, format!("{disposer}, {:?}", event.status));
    }
}
