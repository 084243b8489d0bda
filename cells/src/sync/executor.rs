//! The executor a payload was built on: where its asynchronous disposer runs if nobody waits for it.

use std::future::Future;

/// A tokio runtime; without the feature `tokio`, or elsewhere, nothing.
#[derive(Clone, Default)]
pub(crate) struct Runtime {
    #[cfg(feature = "tokio")]
    handle: Option<tokio::runtime::Handle>,
}

impl Runtime {
    /// The one the caller runs on.
    pub(crate) fn current() -> Self {
        Self {
            #[cfg(feature = "tokio")]
            handle: tokio::runtime::Handle::try_current().ok(),
        }
    }

    /// Starts a task there; gives the future back where there is nobody to run it.
    #[cfg_attr(not(feature = "tokio"), expect(clippy::unused_self, reason = "there is no runtime to know"))]
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) -> Result<(), F> {
        #[cfg(feature = "tokio")]
        if let Some(handle) = &self.handle {
            handle.spawn(task);
            return Ok(());
        }
        Err(task)
    }
}

/// A task that ends a payload with its runtime; given up when it is dropped.
#[cfg(feature = "tokio")]
pub(crate) struct Watch(tokio::task::AbortHandle);

#[cfg(feature = "tokio")]
impl Watch {
    pub(crate) fn new(task: tokio::task::AbortHandle) -> Self {
        Self(task)
    }
}

#[cfg(feature = "tokio")]
impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
