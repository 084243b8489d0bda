//! Callers of a cell: one whose factory has stopped, and many that wait for it.

use crate::waiting::NEVER;
use crate::{Job, Stage, spawn};
use cells::{BoxError, Error, Ref, RuntimeCell};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// What a call for a payload returns.
pub type Answer<T> = Result<Ref<'static, T>, Error>;

/// A call whose factory has stopped at `stage`.
pub fn start_flight<T: Send + Sync, E: Into<BoxError>>(
    cell: &'static RuntimeCell<T>,
    stage: &'static Stage,
    mut outcome: impl FnMut() -> Result<T, E> + Send + 'static,
) -> Job<Answer<T>> {
    let job = spawn(move || {
        cell.get_or_initialize(|| {
            stage.pause();
            outcome()
        })
    });
    stage.reached();
    job
}

/// Callers that wait for the flight under way.
pub struct Crowd<T: Send + Sync + 'static> {
    answers: Receiver<Answer<T>>,
    size: usize,
    /// The answer of the one caller too many.
    pub rejection: Error,
}

/// Makes `size` callers wait for the flight under way of a cell with `max_waiters(size)`.
///
/// It sends one caller more than may wait: the rejection of that one proves that the others do wait.
#[track_caller]
pub fn crowd<T: Send + Sync>(size: usize, call: impl Fn() -> Answer<T> + Clone + Send + 'static) -> Crowd<T> {
    let (sender, answers) = mpsc::channel();
    for _ in 0..=size {
        let (sender, call) = (sender.clone(), call.clone());
        thread::spawn(move || {
            let _ = sender.send(call());
        });
    }
    let first = answers.recv_timeout(NEVER).expect("no caller was rejected");
    let rejection = first.err().expect("a caller got a payload before there was one");
    assert!(rejection.is_waiters_full(), "{rejection}");
    Crowd { answers, size, rejection }
}

impl<T: Send + Sync> Crowd<T> {
    /// Waits for everybody's answer.
    #[track_caller]
    pub fn answers(&self) -> Vec<Answer<T>> {
        (0..self.size).map(|_| self.answers.recv_timeout(NEVER).expect("a waiter never answered")).collect()
    }
}
