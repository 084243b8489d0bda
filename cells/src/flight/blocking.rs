//! Synchronous factories on tokio's blocking pool.

use crate::error::Panic;
use crate::flight::frames::{self, Frame};
use crate::observe::context::RequestContext;
use parking_lot::Mutex;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread;

/// Runs a synchronous factory on tokio's blocking pool, as part of the flight whose task calls this. If that task is
/// dropped meanwhile, the flight goes on in the pool ([`handover`](crate::flight::handover)).
pub(crate) async fn blocking<R: Send + 'static>(factory: impl FnOnce() -> R + Send + 'static) -> R {
    let frame = frames::asking();
    let context = RequestContext::current();
    let answer = Arc::new(Mutex::new(Answer::Awaited(None)));
    let run = Run::begin(frame.clone(), Arc::clone(&answer));
    tokio::task::spawn_blocking(move || {
        let returned = {
            let _entered = run.frame.as_ref().map(Frame::enter);
            let _context = context.as_ref().map(RequestContext::enter);
            catch_unwind(AssertUnwindSafe(factory))
        };
        run.end(returned);
    });
    let returned = poll_fn(|cx| {
        let waker = cx.waker().clone();
        let mut answer = answer.lock();
        let before = std::mem::replace(&mut *answer, Answer::Awaited(Some(waker)));
        drop(answer);
        match before {
            Answer::Awaited(_) => Poll::Pending,
            Answer::Returned(returned) => Poll::Ready(Some(returned)),
            Answer::Dropped => Poll::Ready(None),
        }
    });
    let returned = returned.await;
    match returned {
        Some(returned) => {
            if let Some(frame) = frame {
                frame.handover.taken();
            }
            returned.unwrap_or_else(|panic| resume_unwind(panic))
        }
        None => panic!("the blocking pool did not run the factory: the runtime has ended"),
    }
}

/// What has become of a factory in the pool.
enum Answer<R> {
    /// It has not returned yet; the waker is that of its flight.
    Awaited(Option<Waker>),
    Returned(thread::Result<R>),
    /// The pool has dropped it.
    Dropped,
}

/// A factory in the pool, which reports its end even if the pool drops it.
struct Run<R> {
    frame: Option<Arc<Frame>>,
    answer: Arc<Mutex<Answer<R>>>,
    returned: bool,
}

impl<R> Run<R> {
    fn begin(frame: Option<Arc<Frame>>, answer: Arc<Mutex<Answer<R>>>) -> Self {
        if let Some(frame) = &frame {
            frame.handover.begin();
        }
        Self { frame, answer, returned: false }
    }

    fn end(mut self, returned: thread::Result<R>) {
        self.returned = true;
        self.answer(Answer::Returned(returned));
        if let Some(frame) = &self.frame {
            frame.handover.end();
        }
    }

    fn answer(&self, answer: Answer<R>) {
        let before = std::mem::replace(&mut *self.answer.lock(), answer);
        if let Answer::Awaited(Some(waker)) = before {
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake())).map_err(Panic::caught);
        }
    }
}

impl<R> Drop for Run<R> {
    fn drop(&mut self) {
        if !self.returned {
            self.answer(Answer::Dropped);
            if let Some(frame) = &self.frame {
                frame.handover.dropped();
            }
        }
    }
}
