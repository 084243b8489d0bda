//! The beginning of a shutdown, and who waits for it: that of the process, or that of a sandbox.
//!
//! # Protocol
//!
//! A waiter leaves its waker first and then looks: whether its cell is shut down, or whether a shutdown has [`Begun`]. A
//! shutdown marks both first and then wakes. So a waiter either finds the mark, or is woken after it was made; it looks
//! again then, because the shutdown may be that of another world. A mark is never taken back.

use crate::sync::block_on::block_until;
use crate::sync::clock::deadline;
use crate::sync::waker_queue::{Ticket, WakerQueue};
use crate::sync::world;
use parking_lot::Mutex;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

static WAITING: Mutex<WakerQueue> = Mutex::new(WakerQueue::new());

/// Whether a shutdown has begun in a world.
#[derive(Debug, Default)]
struct Begun(AtomicBool);

static BEGUN: Begun = Begun(AtomicBool::new(false));

impl Begun {
    /// Release and acquire: whoever finds the mark finds the cells shut down.
    fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Wakes all who wait: a shutdown has begun, and the cells of the caller's world are shut down.
pub(crate) fn begun() {
    world::own(&BEGUN).0.store(true, Ordering::Release);
    let wakers = WAITING.lock().take();
    wakers.wake();
}

/// Whether a shutdown has begun in the caller's world.
pub(crate) fn has_begun() -> bool {
    world::own(&BEGUN).get()
}

/// A place among those who wait, until it is dropped.
#[derive(Default)]
pub(crate) struct Awaited(Option<Ticket>);

impl Awaited {
    /// Has `waker` woken when a shutdown begins.
    pub(crate) fn wake(&mut self, waker: &Waker) {
        let waker = waker.clone();
        let before = WAITING.lock().insert(&mut self.0, waker);
        drop(before);
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        let waker = WAITING.lock().remove(self.0.take());
        drop(waker);
    }
}

/// Returns a future that ends when a shutdown begins, whoever calls it; at once if one has begun.
///
/// It ends a server, or the loop of a worker, together with the cells that they use. It needs no particular executor, any
/// number of tasks may wait, and dropping it gives up. In a [sandbox](crate::testing) it is about the sandbox's shutdown,
/// which leaving it is too.
///
/// It ends when a shutdown *begins*. From then on no factory runs; payloads that are ready still serve, and each is disposed
/// after its last lease. So requests in flight are answered, as long as they find what they need. The shutdown waits for
/// their leases up to its limit. Let another task call it than the one that serves: a task that awaits the shutdown first
/// and lets go of its leases afterwards waits for itself.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::time::Duration;
///
/// let worker = tokio::spawn(async {
///     let mut jobs = 0;
///     loop {
///         tokio::select! {
///             () = cells::shutting_down() => return jobs,
///             () = tokio::task::yield_now() => jobs += 1, // a job, as it were
///         }
///     }
/// });
///
/// let report = cells::shutdown_async(Duration::from_secs(10)).await;
/// assert!(report.is_ok());
/// worker.await.unwrap();
/// # });
/// ```
#[doc(alias("CancellationToken", "graceful shutdown"))]
pub fn shutting_down() -> ShuttingDown {
    ShuttingDown { begun: world::own(&BEGUN), awaited: Awaited::default() }
}

/// Ends when a shutdown begins; [`shutting_down`] returns it, and has an example.
#[must_use = "futures do nothing unless polled"]
pub struct ShuttingDown {
    begun: &'static Begun,
    awaited: Awaited,
}

impl Future for ShuttingDown {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_by(cx.waker())
    }
}

impl ShuttingDown {
    fn poll_by(&mut self, waker: &Waker) -> Poll<()> {
        self.awaited.wake(waker);
        if self.begun.get() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl fmt::Debug for ShuttingDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShuttingDown").field("begun", &self.begun.get()).finish_non_exhaustive()
    }
}

/// Blocks the thread until a shutdown begins, up to `limit`; returns whether one has begun.
///
/// This is [`shutting_down`] for threads. In the loop of a worker it takes the place of `sleep`; with a limit of zero it is a
/// look.
///
/// ```
/// use std::time::Duration;
///
/// let worker = std::thread::spawn(|| {
///     while !cells::wait_for_shutdown(Duration::from_secs(60)) {
///         // what is to be done once a minute
///     }
/// });
///
/// assert!(!cells::wait_for_shutdown(Duration::ZERO));
/// let _ = cells::shutdown(Duration::from_secs(5));
/// worker.join().unwrap();
/// ```
pub fn wait_for_shutdown(limit: Duration) -> bool {
    let mut shutting_down = shutting_down();
    shutting_down.begun.get() || block_until(deadline(limit), |waker| shutting_down.poll_by(waker)).is_some()
}
