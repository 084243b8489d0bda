//! Payloads, and the table of what became of each.

use crate::cast::PERMANENT;
use cells::{Abandoned, BoxError, BoxFuture, CloseResult, ShutdownOutcome};
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// The table grows by so many payloads at a time, and so often at most.
const CHUNK: usize = 1 << 16;
const CHUNKS: usize = 1 << 12;

const ALIVE: u8 = 1;
/// A disposer has it.
const TAKEN: u8 = 2;
/// Its destructor has run.
const GONE: u8 = 3;

/// The state of each payload.
static TABLE: [OnceLock<Box<[AtomicU8]>>; CHUNKS] = [const { OnceLock::new() }; CHUNKS];
static MADE: AtomicU64 = AtomicU64::new(0);
static VIOLATIONS: AtomicU64 = AtomicU64::new(0);
/// Payloads of asynchronous disposers that were dropped before the disposer was called, and closes that said so.
static UNCALLED: AtomicU64 = AtomicU64::new(0);
static ABANDONED: AtomicU64 = AtomicU64::new(0);

/// How a payload ends.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    Once,
    /// By an asynchronous disposer, which may be cut off.
    Later,
    /// Never: it is shut down and stays readable.
    Never,
}

fn state(id: u64) -> &'static AtomicU8 {
    let id = usize::try_from(id).unwrap_or(usize::MAX);
    let chunk = TABLE[id / CHUNK].get_or_init(|| (0..CHUNK).map(|_| AtomicU8::new(0)).collect());
    &chunk[id % CHUNK]
}

/// The payload of every cell.
pub(crate) struct Life {
    id: u64,
    ends: Ends,
    /// On the heap, so that a use after the end is a use of freed memory.
    check: Box<u64>,
}

fn violation(what: &str, life: &Life, was: u8) {
    if VIOLATIONS.fetch_add(1, SeqCst) < 20 {
        println!("payload {}: {what} in state {was}", life.id);
    }
}

impl Life {
    fn new(ends: Ends) -> Self {
        let id = MADE.fetch_add(1, SeqCst);
        let life = Self { id, ends, check: Box::new(!id) };
        let was = life.state().swap(ALIVE, SeqCst);
        if was != 0 {
            violation("made twice", &life, was);
        }
        life
    }

    pub(crate) fn make() -> Self {
        Self::new(Ends::Once)
    }

    pub(crate) fn make_later() -> Self {
        Self::new(Ends::Later)
    }

    pub(crate) fn make_permanent() -> Self {
        Self::new(Ends::Never)
    }

    fn state(&self) -> &'static AtomicU8 {
        state(self.id)
    }

    /// Uses it.
    pub(crate) fn touch(&self) {
        let state = self.state().load(SeqCst);
        let alive = state == ALIVE || self.ends == Ends::Never && state == TAKEN;
        if !alive || *self.check != !self.id {
            violation("used", self, state);
        }
    }

    fn taken(&self) {
        let was = self.state().swap(TAKEN, SeqCst);
        if was != ALIVE {
            violation("disposed", self, was);
        }
    }

    /// How long it may be used: not at all, for a moment, or without an end.
    pub(crate) fn lives(&self) -> Option<Duration> {
        match self.id % 3 {
            0 => Some(Duration::ZERO),
            1 => Some(Duration::from_millis(3)),
            _ => None,
        }
    }

    /// A disposer that fails and panics now and then.
    pub(crate) fn dispose(self) -> Result<(), BoxError> {
        self.taken();
        if self.id % 31 == 0 {
            resume_unwind(Box::new("a disposer's panic"));
        }
        if self.id % 13 == 0 { Err("a disposer's error".into()) } else { Ok(()) }
    }

    /// An asynchronous disposer of that kind.
    pub(crate) fn dispose_later(self) -> BoxFuture<'static, Result<(), BoxError>> {
        self.taken();
        Box::pin(async move {
            for _ in 0..self.id % 4 {
                cells_test_support::yield_now().await;
            }
            if self.id % 31 == 0 {
                resume_unwind(Box::new("a disposer's panic"));
            }
            if self.id % 13 == 0 { Err("a disposer's error".into()) } else { Ok(()) }
        })
    }

    /// The disposer of a permanent one.
    pub(crate) fn farewell(&self) {
        self.taken();
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        match self.state().swap(GONE, SeqCst) {
            TAKEN => {}
            ALIVE if self.ends == Ends::Later => {
                UNCALLED.fetch_add(1, SeqCst);
            }
            was => violation("dropped", self, was),
        }
    }
}

/// Takes note of a close.
pub(crate) fn closed(result: &CloseResult) {
    let abandoned = result.error.as_ref().is_some_and(|error| error.is::<Abandoned>());
    ABANDONED.fetch_add(u64::from(abandoned), SeqCst);
}

pub(crate) fn is_left(outcome: ShutdownOutcome) -> bool {
    !matches!(
        outcome,
        ShutdownOutcome::Disposed
            | ShutdownOutcome::Superseded
            | ShutdownOutcome::Empty
            | ShutdownOutcome::Failed
    )
}

pub(crate) fn made() -> u64 {
    MADE.load(SeqCst)
}

/// What the table takes of the process's memory.
pub(crate) fn table_bytes() -> u64 {
    made()
}

/// What is wrong, unless each payload was disposed once.
pub(crate) fn mistakes() -> Vec<String> {
    let (uncalled, abandoned) = (UNCALLED.load(SeqCst), ABANDONED.load(SeqCst));
    println!(
        "{} payloads; {uncalled} dropped before their disposer was called, {abandoned} abandoned",
        made()
    );
    let count = |wanted| (0..made()).filter(|&id| state(id).load(SeqCst) == wanted).count();
    let found = [
        (VIOLATIONS.load(SeqCst) != 0, format!("{} payloads used or ended wrongly", VIOLATIONS.load(SeqCst))),
        (count(ALIVE) != 0, format!("{} payloads were never disposed", count(ALIVE))),
        (
            count(TAKEN) != PERMANENT,
            format!("{} payloads are with their disposers, beside permanent ones", count(TAKEN)),
        ),
        (uncalled > abandoned, format!("{uncalled} payloads dropped without a word")),
    ];
    found.into_iter().filter_map(|(is, what)| is.then_some(what)).collect()
}
