//! The executor that a payload was built on: its asynchronous disposer runs there if nobody waits for it. With the
//! feature `tokio`, also a callback for the end of a tokio runtime, and which runtime a thread keeps from going on.

#[cfg(feature = "tokio")]
pub(crate) use self::ending::{RuntimeWatch, on_runtime_end};
use crate::sync::primitives::thread_local;
use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
#[cfg(feature = "tokio")]
use tokio::runtime::{Handle, Id};

/// A boxed future that may move between threads.
///
/// [`AsyncFactoryAdjuster`](crate::AsyncFactoryAdjuster) has an example.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A tokio runtime; nothing without the feature `tokio`, or outside any runtime.
#[derive(Clone, Default)]
pub(crate) struct Executor {
    #[cfg(feature = "tokio")]
    handle: Option<Handle>,
}

#[cfg_attr(
    not(feature = "tokio"),
    expect(clippy::unused_self, reason = "without tokio there is no handle to use")
)]
impl Executor {
    /// The one on which the caller runs.
    pub(crate) fn current() -> Self {
        Self {
            #[cfg(feature = "tokio")]
            handle: Handle::try_current().ok(),
        }
    }

    pub(crate) fn exists(&self) -> bool {
        #[cfg(feature = "tokio")]
        return self.handle.is_some();
        #[cfg(not(feature = "tokio"))]
        false
    }

    /// Whether it makes no progress for as long as the calling thread blocks.
    pub(crate) fn is_blocked(&self) -> bool {
        #[cfg(feature = "tokio")]
        return self
            .handle
            .as_ref()
            .is_some_and(|handle| Blocked::by_this_thread().runtime == Some(handle.id()));
        #[cfg(not(feature = "tokio"))]
        false
    }

    /// Makes it the caller's, until the guard is dropped.
    #[must_use]
    pub(crate) fn enter(&self) -> ExecutorGuard<'_> {
        ExecutorGuard {
            #[cfg(feature = "tokio")]
            _entered: self.handle.as_ref().map(Handle::enter),
            executor: PhantomData,
        }
    }

    /// Spawns a task; returns the future if there is no executor to run it.
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) -> Result<(), F> {
        #[cfg(feature = "tokio")]
        if let Some(handle) = &self.handle {
            handle.spawn(task);
            return Ok(());
        }
        Err(task)
    }
}

/// An executor that was entered.
pub(crate) struct ExecutorGuard<'a> {
    #[cfg(feature = "tokio")]
    _entered: Option<tokio::runtime::EnterGuard<'a>>,
    executor: PhantomData<&'a Executor>,
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

    /// Whether a task runs.
    #[cfg(feature = "testing")]
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_self, reason = "without tokio there are no tasks")
    )]
    pub(crate) fn is_any(self) -> bool {
        #[cfg(feature = "tokio")]
        return self.id.is_some();
        #[cfg(not(feature = "tokio"))]
        false
    }
}

/// Something was not waited for, because it needs the tokio runtime whose only thread the call blocks.
///
/// ```
/// use cells::{RuntimeBlocked, runtime_cell};
///
/// #[runtime_cell]
/// async fn session() -> String {
///     "s-1".to_owned()
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let error = SESSION.any().try_get().unwrap_err(); // it would block the only thread of the runtime
/// assert!(error.downcast_ref::<RuntimeBlocked>().is_some());
/// assert!(SESSION.any().try_get_async().await.is_ok());
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeBlocked {
    /// What to await instead.
    pub instead: &'static str,
}

impl fmt::Display for RuntimeBlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instead = self.instead;
        write!(f, "it needs the tokio runtime whose only thread this call blocks; await {instead} instead")
    }
}

impl StdError for RuntimeBlocked {}

impl RuntimeBlocked {
    /// What closes say of what they do not wait for.
    pub(crate) const IN_A_CLOSE: Self =
        Self { instead: "`shutdown_async`, `close_all_async` or the asynchronous close of the cell" };
}

/// The tokio runtime that makes no progress while a thread blocks, because that thread alone drives it: a runtime of
/// one thread, or of one worker.
///
/// A thread that works for one that waits for it blocks the same runtime.
#[derive(Clone, Copy, Default)]
pub(crate) struct Blocked {
    #[cfg(feature = "tokio")]
    runtime: Option<Id>,
}

thread_local! {
    /// What the thread blocks on behalf of another.
    static INHERITED: Cell<Blocked> = const { Cell::new(Blocked::NOTHING) };
}

#[cfg_attr(
    not(feature = "tokio"),
    expect(clippy::unused_self, reason = "without tokio there is nothing to block")
)]
impl Blocked {
    const NOTHING: Self = Self {
        #[cfg(feature = "tokio")]
        runtime: None,
    };

    /// What the calling thread would block.
    pub(crate) fn by_this_thread() -> Self {
        let inherited = INHERITED.try_with(Cell::get).unwrap_or(Self::NOTHING);
        #[cfg(feature = "tokio")]
        return Self { runtime: inherited.runtime.or_else(driving::alone) };
        #[cfg(not(feature = "tokio"))]
        inherited
    }

    pub(crate) fn is_any(self) -> bool {
        #[cfg(feature = "tokio")]
        return self.runtime.is_some();
        #[cfg(not(feature = "tokio"))]
        false
    }

    /// Makes it what the calling thread blocks, until the guard is dropped.
    pub(crate) fn enter(self) -> BlockedGuard {
        BlockedGuard(INHERITED.try_with(|inherited| inherited.replace(self)).unwrap_or(Self::NOTHING))
    }
}

/// Restores what was there before.
pub(crate) struct BlockedGuard(Blocked);

impl Drop for BlockedGuard {
    fn drop(&mut self) {
        let _ = INHERITED.try_with(|inherited| inherited.set(self.0));
    }
}

#[cfg(feature = "tokio")]
mod driving {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Wake, Waker};
    use tokio::runtime::{Handle, Id};

    /// The runtime that the calling thread drives, if no other thread does.
    ///
    /// A thread that has only entered a runtime's handle, or belongs to its blocking pool, does not drive it.
    /// [`yield_now`](tokio::task::yield_now) knows the difference: on a thread that drives its runtime the waker is called
    /// after the other tasks have had their turn, on any other thread at once. A worker inside of `block_in_place` has
    /// left its work to another thread.
    pub(super) fn alone() -> Option<Id> {
        let runtime = Handle::try_current().ok()?;
        if runtime.metrics().num_workers() > 1 {
            return None;
        }
        let called = Arc::new(Called(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&called));
        let _ = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&waker));
        (!called.0.load(Ordering::Relaxed)).then(|| runtime.id())
    }

    struct Called(AtomicBool);

    impl Wake for Called {
        fn wake(self: Arc<Self>) {
            self.wake_by_ref();
        }

        fn wake_by_ref(self: &Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

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

#[cfg(all(test, feature = "tokio"))]
#[path = "executor_tests.rs"]
mod tests;
