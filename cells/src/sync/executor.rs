//! The executor that a payload was built on: its asynchronous disposer runs there if nobody waits for it. With the
//! feature `tokio`, also a callback for the end of a tokio runtime.

use std::future::Future;
use std::pin::Pin;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A tokio runtime; nothing without the feature `tokio`, or outside any runtime.
#[derive(Clone, Default)]
pub(crate) struct Executor {
    #[cfg(feature = "tokio")]
    handle: Option<tokio::runtime::Handle>,
}

impl Executor {
    /// The one on which the caller runs.
    pub(crate) fn current() -> Self {
        Self {
            #[cfg(feature = "tokio")]
            handle: tokio::runtime::Handle::try_current().ok(),
        }
    }

    /// Spawns a task; returns the future if there is no executor to run it.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_self, reason = "without tokio there is no handle to use")
    )]
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) -> Result<(), F> {
        #[cfg(feature = "tokio")]
        if let Some(handle) = &self.handle {
            handle.spawn(task);
            return Ok(());
        }
        Err(task)
    }
}

/// The tokio task that runs on this thread, if any.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskId {
    #[cfg(feature = "tokio")]
    id: Option<tokio::task::Id>,
}

impl TaskId {
    pub(crate) fn current() -> Self {
        Self {
            #[cfg(feature = "tokio")]
            id: tokio::task::try_id(),
        }
    }
}

#[cfg(feature = "tokio")]
pub(crate) use self::ending::{RuntimeWatch, on_runtime_end};

#[cfg(feature = "tokio")]
mod ending {
    use std::future::pending;
    use tokio::runtime::Handle;
    use tokio::task::AbortHandle;

    /// Calls `end` when the runtime ends, or when the task that waits for that is aborted.
    ///
    /// The task is never woken: it lives until its runtime, or the abort, drops it.
    pub(crate) fn on_runtime_end(runtime: &Handle, end: impl FnMut() + Send + 'static) -> AbortHandle {
        let end = CallOnDrop(end);
        let task = runtime.spawn(async move {
            let _end = end;
            pending::<()>().await;
        });
        task.abort_handle()
    }

    struct CallOnDrop<F: FnMut()>(F);

    impl<F: FnMut()> Drop for CallOnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }

    /// Aborts the task of an [`on_runtime_end`] when it is dropped.
    pub(crate) struct RuntimeWatch(AbortHandle);

    impl RuntimeWatch {
        pub(crate) fn new(task: AbortHandle) -> Self {
            Self(task)
        }
    }

    impl Drop for RuntimeWatch {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
}
