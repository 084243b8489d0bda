//! A payload that is counted from its making to its disposal.

use cells::{BoxError, BoxFuture};
use cells_test_support::{Count, Stage, eventually, lock};
use std::sync::Mutex;

static MADE: Count = Count::zero();
/// Payloads that a disposer took.
static TAKEN: Count = Count::zero();
static DROPPED: Count = Count::zero();

pub(crate) struct Payload(());

impl Payload {
    pub(crate) fn make() -> Self {
        MADE.up();
        Self(())
    }

    /// A disposer.
    #[expect(clippy::unnecessary_wraps, reason = "the type of a disposer of a bare cell")]
    pub(crate) fn dispose(self) -> Result<(), BoxError> {
        TAKEN.up();
        drop(self);
        Ok(())
    }

    /// A disposer that stops at the stage of the moment.
    pub(crate) fn dispose_at_stage(self) -> Result<(), BoxError> {
        AT.pause();
        self.dispose()
    }

    /// An asynchronous disposer that stops at the stage of the moment.
    pub(crate) fn dispose_later(self) -> BoxFuture<'static, Result<(), BoxError>> {
        TAKEN.up();
        Box::pin(async move {
            AT.pause_async().await;
            drop(self);
            Ok(())
        })
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        DROPPED.up();
    }
}

pub(crate) fn made() -> usize {
    MADE.get()
}

/// Waits until every payload has been taken by its disposer, and is gone.
#[track_caller]
pub(crate) fn all_disposed() {
    let counts = || (MADE.get(), TAKEN.get(), DROPPED.get());
    eventually("the end of the payloads", || counts().2 >= counts().0);
    let (made, taken, dropped) = counts();
    assert_eq!((taken, dropped), (made, made), "made {made}, disposed {taken}, dropped {dropped}");
}

/// Where factories and disposers stop at the moment, if anywhere.
pub(crate) struct At(Mutex<Option<&'static Stage>>);

pub(crate) static AT: At = At(Mutex::new(None));

impl At {
    /// Makes the next one stop at a new stage; those after it do not stop.
    pub(crate) fn set(&self) -> &'static Stage {
        let stage = Stage::new();
        *lock(&self.0) = Some(stage);
        stage
    }

    fn take(&self) -> Option<&'static Stage> {
        lock(&self.0).take()
    }

    pub(crate) fn pause(&self) {
        if let Some(stage) = self.take() {
            stage.pause();
        }
    }

    pub(crate) async fn pause_async(&self) {
        let stage = self.take();
        if let Some(stage) = stage {
            stage.pause_async().await;
        }
    }
}
