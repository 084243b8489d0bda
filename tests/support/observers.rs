//! Observers.

use crate::lock;
use cells::{CellBase, CloseResult, CloseStatus, InitContext, InitResult, InitStatus, Observer};
use std::sync::{Arc, Mutex};

/// What an observer was notified of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The start of a generation's flight.
    Start(u64),
    /// The end of a generation's flight.
    End(u64, InitStatus),
    /// The end of a close, with the generation it was of.
    Close(Option<u64>, CloseStatus),
}

/// An observer that remembers.
#[derive(Default)]
pub struct Recorder {
    /// The cell it listens to; empty for any.
    cell: &'static str,
    heard: Mutex<Vec<Heard>>,
    closes: Mutex<Vec<CloseResult>>,
    sessions: Mutex<Vec<Option<String>>>,
}

impl Recorder {
    /// One that listens to whatever cell it is set on.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// One that listens to the cells of that name only.
    pub fn of(cell: &'static str) -> Arc<Self> {
        Arc::new(Self { cell, ..Self::default() })
    }

    /// Sets a new one on `cell`.
    pub fn on(cell: &CellBase) -> Arc<Self> {
        let recorder = Self::new();
        cell.configure_observer(recorder.clone());
        recorder
    }

    /// Everything so far, in that order.
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.heard).clone()
    }

    /// How the flights ended, in that order.
    pub fn ends(&self) -> Vec<(u64, InitStatus)> {
        let end = |heard| {
            if let Heard::End(generation, status) = heard { Some((generation, status)) } else { None }
        };
        self.heard().into_iter().filter_map(end).collect()
    }

    /// The results of closes, in that order.
    pub fn closes(&self) -> Vec<CloseResult> {
        lock(&self.closes).clone()
    }

    /// The session in the context of each start and end of a flight, in that order.
    pub fn sessions(&self) -> Vec<Option<String>> {
        lock(&self.sessions).clone()
    }

    /// Fails the test unless every start has one end.
    #[track_caller]
    pub fn balanced(&self) {
        let mut open = Vec::new();
        for heard in self.heard() {
            match heard {
                Heard::Start(generation) => open.push(generation),
                Heard::End(generation, _) => {
                    let at = open.iter().position(|&open| open == generation);
                    open.remove(at.expect("an end without its start, or a second one"));
                }
                Heard::Close(..) => {}
            }
        }
        assert!(open.is_empty(), "flights without an end: {open:?}");
    }

    fn listens_to(&self, cell: &str) -> bool {
        self.cell.is_empty() || self.cell == cell
    }
}

impl Observer for Recorder {
    fn on_init_start(&self, cell: &str, generation: u64, context: Option<&InitContext>) {
        if self.listens_to(cell) {
            lock(&self.heard).push(Heard::Start(generation));
            lock(&self.sessions).push(session(context));
        }
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        if self.listens_to(event.cell) {
            lock(&self.heard).push(Heard::End(event.generation, event.status));
            lock(&self.sessions).push(session(event.context.as_ref()));
        }
    }

    fn on_close_end(&self, event: &CloseResult) {
        if self.listens_to(event.cell) {
            lock(&self.heard).push(Heard::Close(event.generation, event.status));
            lock(&self.closes).push(event.clone());
        }
    }
}

fn session(context: Option<&InitContext>) -> Option<String> {
    context.and_then(|context| context.session_id.as_deref()).map(ToOwned::to_owned)
}

type OnStart = Box<dyn Fn(u64) + Send + Sync>;
type OnEnd = Box<dyn Fn(&InitResult<'_>) + Send + Sync>;
type OnClose = Box<dyn Fn(&CloseResult) + Send + Sync>;

/// An observer made of closures.
#[derive(Default)]
pub struct Hooks {
    start: Option<OnStart>,
    end: Option<OnEnd>,
    close: Option<OnClose>,
}

impl Hooks {
    /// One that does nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `f` with the generation of each flight that starts.
    #[must_use]
    pub fn start(mut self, f: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.start = Some(Box::new(f));
        self
    }

    /// Calls `f` at the end of each flight.
    #[must_use]
    pub fn end(mut self, f: impl Fn(&InitResult<'_>) + Send + Sync + 'static) -> Self {
        self.end = Some(Box::new(f));
        self
    }

    /// Calls `f` at the end of each close.
    #[must_use]
    pub fn close(mut self, f: impl Fn(&CloseResult) + Send + Sync + 'static) -> Self {
        self.close = Some(Box::new(f));
        self
    }

    /// Sets it on `cell`.
    pub fn on(self, cell: &CellBase) {
        cell.configure_observer(Arc::new(self));
    }
}

impl Observer for Hooks {
    fn on_init_start(&self, _: &str, generation: u64, _: Option<&InitContext>) {
        if let Some(start) = &self.start {
            start(generation);
        }
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        if let Some(end) = &self.end {
            end(event);
        }
    }

    fn on_close_end(&self, event: &CloseResult) {
        if let Some(close) = &self.close {
            close(event);
        }
    }
}
