//! The changes that a source has reported and that no refresh covers yet.
//!
//! The source *notes* each change. The follower *takes* what was noted, however many changes that are, and only then
//! begins to refresh. So a change that is noted before a refresh begins is covered by it, and one that is noted while it
//! runs is taken after it and leads to another: none is lost. The end of the source is found after its last change.

use crate::sync::waker_queue::wake;
use parking_lot::Mutex;
use std::task::{Poll, Waker};

#[derive(Default)]
pub(crate) struct Changes(Mutex<State>);

#[derive(Default)]
struct State {
    noted: bool,
    over: bool,
    follower: Option<Waker>,
}

/// What a follower finds.
pub(crate) enum Found {
    /// At least one change.
    Change,
    /// No change, and there will be none.
    End,
}

impl Changes {
    /// Notes a change.
    pub(crate) fn note(&self) {
        self.update(|state| state.noted = true);
    }

    /// Notes the end of the source.
    pub(crate) fn end(&self) {
        self.update(|state| state.over = true);
    }

    fn update(&self, update: impl FnOnce(&mut State)) {
        let mut state = self.0.lock();
        update(&mut state);
        let follower = state.follower.take();
        drop(state);
        if let Some(follower) = follower {
            wake(follower);
        }
    }

    /// Takes what was noted; if that is nothing, the next note wakes `waker`.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Found> {
        let waker = waker.clone();
        let mut state = self.0.lock();
        if std::mem::take(&mut state.noted) {
            return Poll::Ready(Found::Change);
        }
        if state.over {
            return Poll::Ready(Found::End);
        }
        let before = state.follower.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }
}
