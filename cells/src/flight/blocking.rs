//! Synchronous factories on tokio's blocking pool.

use crate::flight::frames::{self, Frame};
use crate::observe::context::RequestContext;
use std::panic::resume_unwind;

/// Runs a synchronous factory on tokio's blocking pool, as part of the flight whose task calls this.
pub(crate) async fn blocking<R: Send + 'static>(factory: impl FnOnce() -> R + Send + 'static) -> R {
    let frame = frames::current();
    let context = RequestContext::current();
    let run = move || {
        let _entered = frame.as_ref().map(Frame::enter);
        let _context = context.as_ref().map(RequestContext::enter);
        factory()
    };
    match tokio::task::spawn_blocking(run).await {
        Ok(returned) => returned,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(error) => panic!("the blocking pool did not run the factory: {error}"),
        },
    }
}
