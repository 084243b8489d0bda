//! Refreshing a cell whenever a source reports a change: a file, a signal, a message.
//!
//! # Protocol
//!
//! There are two sides. The *source* waits for the next item and notes a [change](Changes). The *follower* takes what was
//! noted and refreshes. In a task both are polled by turns, the source first, so that a refresh covers all items that are
//! there already; the source's future lives until the end, also while a refresh runs, and is never dropped between two
//! items. In a thread the source is an iterator that blocks, so it has a thread of its own. The follower ends when it finds
//! the end of the source, or its cell shut down; it waits for [both](crate::program::ending).
//!
//! The source, and what is to be called after each refresh, are code of the program that runs under no lock, in the
//! caller's task, or on the caller's thread and that of the source. Their panics are the caller's.

use crate::cell::wait_budget::Purpose;
use crate::declared::any_cell::AnyCell;
use crate::declared::async_cell::{AsyncCell, DeclaredAsync};
use crate::declared::cell_static::CellStatic;
use crate::declared::static_cell::{Declared, StaticCell};
use crate::error::Error;
use crate::payload::payload_type::Payload;
use crate::program::caught::{caught, caught_async};
use crate::program::changes::{Changes, Found};
use crate::program::dependents::{rebuild, rebuild_async};
use crate::program::ending::Awaited;
use crate::sync::block_on::block_on;
use crate::sync::executor::BoxFuture;
use crate::sync::world::{Held, Scope};
use std::fmt;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use std::thread;

/// How many items a source in a task may give at once before a refresh has its turn.
const AT_ONCE: usize = 1024;

/// Refreshes a cell whenever `next` returns an item, until it returns `None` or a shutdown begins:
/// [`RefreshOn::run_async`] with its defaults.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use cells::{BoxError, RefreshEnd, runtime_cell};
/// use std::sync::Mutex;
/// use tokio::sync::mpsc;
///
/// static FILE: Mutex<&str> = Mutex::new("10"); // as it were
///
/// #[runtime_cell]
/// fn limit() -> Result<u32, BoxError> {
///     Ok(FILE.lock().unwrap().parse()?)
/// }
///
/// let (changed, mut changes) = mpsc::unbounded_channel(); // from whatever watches the file
/// let reloads = tokio::spawn(cells::refresh_on(&LIMIT, async move || changes.recv().await));
///
/// assert_eq!(*limit()?, 10);
/// for text in ["20", "many", "30"] {
///     *FILE.lock().unwrap() = text;
///     changed.send(())?; // if it comes during a refresh, it leads to another one
/// }
/// drop(changed);
/// assert_eq!(reloads.await?.end, RefreshEnd::SourceEnded);
/// assert_eq!(*limit()?, 30);
/// # Ok::<_, BoxError>(())
/// # }).unwrap();
/// ```
#[doc(alias("hot reload", "reload", "watch", "SIGHUP"))]
pub async fn refresh_on<E>(
    cell: impl RefreshableCell,
    next: impl AsyncFnMut() -> Option<E>,
) -> RefreshOnReport {
    RefreshOn::new(cell).run_async(next).await
}

/// Refreshes a cell for each item of an iterator that blocks, until it ends or a shutdown begins: [`RefreshOn::run`] with
/// its defaults.
///
/// ```
/// use cells::{RefreshEnd, runtime_cell};
/// use std::sync::mpsc;
/// use std::thread;
///
/// #[runtime_cell]
/// fn environment() -> Vec<(String, String)> {
///     std::env::vars().collect()
/// }
///
/// let (changed, changes) = mpsc::channel();
/// let reloads = thread::spawn(|| cells::refresh_on_each(&ENVIRONMENT, changes));
/// drop(environment());
/// changed.send("new variables").unwrap();
/// drop(changed);
/// let report = reloads.join().unwrap();
/// assert_eq!((report.end, report.refreshes, report.failures), (RefreshEnd::SourceEnded, 1, 0));
/// ```
///
/// # Panics
/// As [`RefreshOn::run`].
pub fn refresh_on_each<I>(cell: impl RefreshableCell, items: I) -> RefreshOnReport
where
    I: IntoIterator<IntoIter: Send + 'static>,
{
    RefreshOn::new(cell).run(items)
}

/// A cell that follows a source: each item says that what the cell was built from has changed.
///
/// - Items that are there before a refresh begins share it. An item that comes while a refresh runs leads to another one
///   after it. So no change is lost, however many come, and a burst of a hundred leads to one refresh or two.
/// - A refresh that fails keeps the payload that is there. Observers and the log are notified of it as of any other. The
///   panic of a factory is such a failure too.
/// - A cell without a payload stays without one, because the next caller builds it from what is there then. A flight under
///   way may have read what was there before the change, so its payload is refreshed when it ends.
/// - The cell's `wait_timeout` and `max_waiters` do not concern these refreshes.
///
/// With `runtime = "own"` it refreshes the cell of the runtime that it runs on. In a sandbox it refreshes the sandbox's cell.
///
/// ```no_run
/// # #[cells::runtime_cell] fn config() -> u32 { 1 }
/// # async fn hangup() -> Option<()> { None }
/// # async fn serve() {
/// use cells::RefreshOn;
///
/// let reloads = RefreshOn::new(&CONFIG).with_dependents().on_refresh(|outcome| match outcome {
///     Ok(()) => println!("reloaded"),
///     Err(error) => eprintln!("not reloaded: {error:#}"),
/// });
/// let report = reloads.run_async(hangup).await;
/// println!("{report}");
/// # }
/// ```
#[doc(alias("hot reload", "live reload", "config reload"))]
#[must_use = "it does nothing until it runs"]
pub struct RefreshOn {
    what: Refresh,
    on_refresh: Option<OnRefresh>,
}

type OnRefresh = Box<dyn FnMut(&Result<(), Error>) + Send>;

impl RefreshOn {
    /// Follows by refreshing this cell alone.
    ///
    /// The [type](Self) has an example.
    pub fn new(cell: impl RefreshableCell) -> Self {
        Self { what: Refresh { cell: cell.__refreshable(), with_dependents: false }, on_refresh: None }
    }

    /// Refreshes, after the cell, those cells that have a payload and were built on it, as
    /// [`refresh_with_dependents`](StaticCell::refresh_with_dependents) does. If one of them panics or fails, the others are
    /// refreshed all the same, unless they were built on that one.
    ///
    /// The [type](Self) has an example.
    pub fn with_dependents(mut self) -> Self {
        self.what.with_dependents = true;
        self
    }

    /// Calls `f` after each refresh, in the task or on the thread that runs this.
    ///
    /// It gets `Ok` if what is there now was built after the change, and otherwise the error, or the first one among the
    /// dependents.
    ///
    /// The [type](Self) has an example.
    pub fn on_refresh(mut self, f: impl FnMut(&Result<(), Error>) + Send + 'static) -> Self {
        self.on_refresh = Some(Box::new(f));
        self
    }

    /// Follows in a task: calls `next` again and again, and refreshes whenever it has returned an item.
    ///
    /// `next` is `async || receiver.recv().await` for a channel or a signal, `async || watch.changed().await.ok()` for a
    /// watch channel, and `async || stream.next().await` for a stream. Its future is polled until it is ready, also during a
    /// refresh; at the end it is dropped.
    ///
    /// This future is `Send` if that of `next` is. Spawn it by itself, as in `tokio::spawn(refresh_on(..))`: inside another
    /// future that has to be `Send` the compiler does not see that yet where `next` lends what it has captured, and reports a
    /// "higher-ranked lifetime error".
    ///
    /// The [type](Self) has an example.
    pub async fn run_async<E>(self, mut next: impl AsyncFnMut() -> Option<E>) -> RefreshOnReport {
        if self.what.cell.info().permanent {
            return RefreshOnReport::new(RefreshEnd::Permanent);
        }
        let changes = Arc::new(Changes::default());
        // Boxed, so that it is compiled once and not for every source.
        let mut follower: BoxFuture<'static, _> =
            Box::pin(Follower::new(self, Arc::clone(&changes)).run_async());
        let mut source = pin!(async move {
            let mut at_once = 0;
            while next().await.is_some() {
                changes.note();
                at_once = (at_once + 1) % AT_ONCE;
                if at_once == 0 {
                    yield_now().await;
                }
            }
            changes.end();
        });
        let mut goes_on = true;
        poll_fn(|cx| {
            goes_on = goes_on && source.as_mut().poll(cx).is_pending();
            follower.as_mut().poll(cx)
        })
        .await
    }

    /// Follows in a thread: takes item after item of an iterator that blocks, such as the receiver of a channel, and
    /// refreshes.
    ///
    /// The iterator is on a thread of its own, so that items are taken during a refresh too, and a shutdown is noticed
    /// while the iterator blocks. In that case the thread is left alone: it ends after the next item. An asynchronous cell
    /// is built on the calling thread, which blocks meanwhile, as by
    /// [`refresh_with_dependents`](StaticCell::refresh_with_dependents).
    ///
    /// ```
    /// use cells::{RefreshOn, runtime_cell};
    ///
    /// #[runtime_cell]
    /// fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// drop(limit());
    /// let changes = ["limits.toml"]; // or the receiver of a channel, into which a watcher of files sends
    /// let report = RefreshOn::new(&LIMIT).run(changes);
    /// assert_eq!((report.refreshes, report.failures, LIMIT.generation()), (1, 0, Some(2)));
    /// ```
    ///
    /// # Panics
    /// If the thread cannot be started, and as the iterator does.
    pub fn run<I>(self, items: I) -> RefreshOnReport
    where
        I: IntoIterator<IntoIter: Send + 'static>,
    {
        if self.what.cell.info().permanent {
            return RefreshOnReport::new(RefreshEnd::Permanent);
        }
        let changes = Arc::new(Changes::default());
        let source = {
            let (end, world, items) =
                (End(Arc::downgrade(&changes)), Held::new(Scope::current()), items.into_iter());
            let note_all = move || {
                let _inside = world.scope().enter();
                for _ in items {
                    let Some(changes) = end.0.upgrade() else { return };
                    changes.note();
                }
            };
            let thread = thread::Builder::new().name("cells-refresh-on".into()).spawn(note_all);
            thread.unwrap_or_else(|error| {
                panic!("the thread of a source of refreshes cannot be started: {error}")
            })
        };
        let report = Follower::new(self, changes).run();
        if report.end == RefreshEnd::SourceEnded {
            source.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
        report
    }
}

/// Notes the end of a source, also if that panics.
struct End(Weak<Changes>);

impl Drop for End {
    fn drop(&mut self) {
        if let Some(changes) = self.0.upgrade() {
            changes.end();
        }
    }
}

impl fmt::Debug for RefreshOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshOn")
            .field("cell", &self.what.cell.info().name)
            .field("with_dependents", &self.what.with_dependents)
            .finish_non_exhaustive()
    }
}

/// The side that refreshes.
struct Follower {
    what: Refresh,
    on_refresh: Option<OnRefresh>,
    changes: Arc<Changes>,
    shutdown: Awaited,
    report: RefreshOnReport,
}

impl Follower {
    fn new(what: RefreshOn, changes: Arc<Changes>) -> Self {
        let report = RefreshOnReport::new(RefreshEnd::SourceEnded);
        let RefreshOn { what, on_refresh } = what;
        Self { what, on_refresh, changes, shutdown: Awaited::default(), report }
    }

    fn run(mut self) -> RefreshOnReport {
        loop {
            if let Some(end) = block_on(poll_fn(|cx| self.poll(cx.waker()))) {
                return RefreshOnReport { end, ..self.report };
            }
            let outcome = self.what.refresh();
            self.note(&outcome);
        }
    }

    async fn run_async(mut self) -> RefreshOnReport {
        loop {
            if let Some(end) = poll_fn(|cx| self.poll(cx.waker())).await {
                return RefreshOnReport { end, ..self.report };
            }
            let outcome = self.what.refresh_async().await;
            self.note(&outcome);
        }
    }

    /// Waits for a change, which is `None`, or for the end.
    fn poll(&mut self, waker: &Waker) -> Poll<Option<RefreshEnd>> {
        self.shutdown.wake(waker);
        if self.is_shut_down() {
            return Poll::Ready(Some(RefreshEnd::ShutDown));
        }
        self.changes.poll(waker).map(|found| match found {
            Found::Change => None,
            Found::End => Some(RefreshEnd::SourceEnded),
        })
    }

    fn is_shut_down(&self) -> bool {
        self.what.cell.here().control.is_shut_down()
    }

    fn note(&mut self, outcome: &Result<(), Error>) {
        if outcome.is_err() && self.is_shut_down() {
            // It did not fail: it was not to be.
            return;
        }
        self.report.refreshes += 1;
        self.report.failures += u64::from(outcome.is_err());
        if let Some(on_refresh) = &mut self.on_refresh {
            on_refresh(outcome);
        }
    }
}

/// What is refreshed.
#[derive(Clone, Copy)]
struct Refresh {
    cell: AnyCell,
    with_dependents: bool,
}

impl Refresh {
    /// Refreshes what is there.
    fn refresh(self) -> Result<(), Error> {
        let cell = self.cell;
        if cell.is_in_use() {
            caught(cell, || cell.refresh_for(Purpose::Follow))?;
        }
        if self.with_dependents {
            rebuild(cell.info(), |dependent| caught(dependent, || dependent.rebuild()))?;
        }
        Ok(())
    }

    /// The same in a task.
    async fn refresh_async(self) -> Result<(), Error> {
        let cell = self.cell;
        if cell.is_in_use() {
            caught_async(cell, cell.get_slow_async(Purpose::Follow)).await?;
        }
        if self.with_dependents {
            rebuild_async(cell.info(), |dependent| caught_async(dependent, dependent.rebuild_async()))
                .await?;
        }
        Ok(())
    }
}

/// Is pending once, having woken itself.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What a [`RefreshOn`] has done.
///
/// [`refresh_on_each`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshOnReport {
    /// Why it ended.
    pub end: RefreshEnd,
    /// How often it refreshed, the failures included.
    pub refreshes: u64,
    /// How many of these failed.
    pub failures: u64,
}

/// Why a [`RefreshOn`] ended.
///
/// [`refresh_on_each`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefreshEnd {
    /// There are no more items, and the last one is covered by a refresh.
    SourceEnded,
    /// A shutdown has begun.
    ShutDown,
    /// The cell is permanent, so it cannot be refreshed. Only an [`AnyCell`] may be such a cell.
    Permanent,
}

impl RefreshOnReport {
    fn new(end: RefreshEnd) -> Self {
        Self { end, refreshes: 0, failures: 0 }
    }
}

/// One line without a period: `3 refreshes, 1 failed, until the source ended`.
impl fmt::Display for RefreshOnReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { end, refreshes, failures } = self;
        let refreshes_are = if *refreshes == 1 { "refresh" } else { "refreshes" };
        let until = match end {
            RefreshEnd::SourceEnded => "until the source ended",
            RefreshEnd::ShutDown => "until the shutdown",
            RefreshEnd::Permanent => "because the cell is permanent",
        };
        write!(f, "{refreshes} {refreshes_are}, {failures} failed, {until}")
    }
}

/// A cell that can follow a source: the static of a declared cell that is not permanent, or an [`AnyCell`].
///
/// ```
/// use cells::{RefreshOnReport, RefreshableCell, runtime_cell};
/// use std::sync::mpsc::Receiver;
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// /// Follows what an operator types, whatever the cell.
/// fn follow(cell: impl RefreshableCell, lines: Receiver<String>) -> RefreshOnReport {
///     cells::refresh_on_each(cell, lines)
/// }
///
/// let (sender, lines) = std::sync::mpsc::channel();
/// drop(sender);
/// assert_eq!(follow(&LIMIT, lines).refreshes, 0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cell that can be refreshed",
    label = "expected the static of a declared cell that is not `permanent`, as in `&CONFIG`, or an `AnyCell`"
)]
pub trait RefreshableCell: sealed::Sealed {
    // A name that resembles no method of a program, because the compiler suggests methods of all traits.
    #[doc(hidden)]
    fn __refreshable(self) -> AnyCell;
}

mod sealed {
    pub trait Sealed {}
    impl<C> Sealed for &'static super::CellStatic<C> {}
    impl Sealed for super::AnyCell {}
}

impl RefreshableCell for AnyCell {
    fn __refreshable(self) -> AnyCell {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: Declared<T>> RefreshableCell for &'static CellStatic<StaticCell<T, D>> {
    fn __refreshable(self) -> AnyCell {
        self.any()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: DeclaredAsync<T>> RefreshableCell for &'static CellStatic<AsyncCell<T, D>> {
    fn __refreshable(self) -> AnyCell {
        self.any()
    }
}
