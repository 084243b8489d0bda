//! What the tests share: gates, crowds of waiters, payloads that count themselves, observers that remember.

use cells::{
    BoxError, CloseResult, CloseStatus, Error, FactoryAdjuster, InitContext, InitResult, InitStatus,
    Observer, Ref, RuntimeCell,
};
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

/// When a test gives up on something that never comes. No test depends on how much sooner it came.
const NEVER: Duration = Duration::from_mins(1);

/// A time that outlasts every test.
pub(crate) const LONG: Duration = Duration::from_hours(1);

/// What a call for a payload returns.
pub(crate) type Answer<T> = Result<Ref<'static, T>, Error>;

/// Keeps a value for the rest of the process, so that any thread may use it.
pub(crate) fn leak<V>(value: V) -> &'static V {
    Box::leak(Box::new(value))
}

/// A cell whose waiters wait for ever, and are never too many.
pub(crate) fn cell<T: Send + Sync>(name: &'static str) -> RuntimeCell<T> {
    RuntimeCell::new(name).wait_timeout(Duration::ZERO)
}

/// Locks, also after another test's thread panicked.
pub(crate) fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Polls until the condition holds; fails the test if it never does.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < NEVER, "never came: {what}");
        thread::yield_now();
    }
}

/// A thread whose result is awaited in a way that fails the test rather than hanging it.
pub(crate) struct Task<R>(JoinHandle<R>);

/// Runs `f` on a thread of its own.
pub(crate) fn spawn<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> Task<R> {
    Task(thread::spawn(f))
}

impl<R> Task<R> {
    /// Waits for the thread's end, and gives its panic if it panicked.
    #[track_caller]
    pub(crate) fn outcome(self) -> thread::Result<R> {
        eventually("the end of a thread", || self.0.is_finished());
        self.0.join()
    }

    /// Waits for the thread's result.
    #[track_caller]
    pub(crate) fn join(self) -> R {
        self.outcome().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    pub(crate) fn id(&self) -> ThreadId {
        self.0.thread().id()
    }
}

/// A door that is opened once.
#[derive(Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub(crate) fn open(&self) {
        *lock(&self.open) = true;
        self.opened.notify_all();
    }

    #[track_caller]
    pub(crate) fn wait(&self) {
        let closed = |open: &mut bool| !*open;
        let waited = self.opened.wait_timeout_while(lock(&self.open), NEVER, closed);
        assert!(!waited.is_ok_and(|(_, timeout)| timeout.timed_out()), "a gate never opened");
    }
}

/// A place where user code stops until the test lets it go on.
#[derive(Default)]
pub(crate) struct Stage {
    reached: Gate,
    released: Gate,
}

impl Stage {
    pub(crate) fn new() -> &'static Self {
        leak(Self::default())
    }

    /// Called by the user code.
    pub(crate) fn pause(&self) {
        self.reached.open();
        self.released.wait();
    }

    /// Called by the test: until the user code is there.
    #[track_caller]
    pub(crate) fn reached(&self) {
        self.reached.wait();
    }

    pub(crate) fn release(&self) {
        self.released.open();
    }
}

/// A call that runs a factory which stops at `stage` first.
pub(crate) fn fly<T: Send + Sync, E: Into<BoxError>>(
    cell: &'static RuntimeCell<T>,
    stage: &'static Stage,
    mut outcome: impl FnMut() -> Result<T, E> + Send + 'static,
) -> Task<Answer<T>> {
    let task = spawn(move || {
        cell.get_or_initialize(|| {
            stage.pause();
            outcome()
        })
    });
    stage.reached();
    task
}

/// Callers that wait on the flight under way.
pub(crate) struct Crowd<T: Send + Sync + 'static> {
    answers: mpsc::Receiver<Answer<T>>,
    size: usize,
    /// The answer of the one caller too many.
    pub(crate) rejection: Error,
}

/// Makes `size` callers wait on the flight under way of a cell with `max_waiters(size)`.
///
/// One caller more than may wait is sent: the rejection of that one proves that the others do wait.
pub(crate) fn crowd<T: Send + Sync>(
    size: usize,
    call: impl Fn() -> Answer<T> + Clone + Send + 'static,
) -> Crowd<T> {
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
    pub(crate) fn answers(&self) -> Vec<Answer<T>> {
        (0..self.size).map(|_| self.answers.recv_timeout(NEVER).expect("a waiter never answered")).collect()
    }
}

/// The error of a factory or disposer in these tests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Boom(pub(crate) u32);

impl fmt::Display for Boom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "boom {}", self.0)
    }
}

impl std::error::Error for Boom {}

/// Runs `f` and gives the panic it ends with.
#[track_caller]
pub(crate) fn panic_of<R>(f: impl FnOnce() -> R) -> Box<dyn Any + Send> {
    catch_unwind(AssertUnwindSafe(f)).err().expect("it did not panic")
}

/// The ends of the payloads of one test.
#[derive(Default)]
pub(crate) struct Tally {
    made: AtomicUsize,
    disposed: Mutex<Vec<(u32, ThreadId)>>,
    dropped: AtomicUsize,
}

impl Tally {
    pub(crate) fn new() -> &'static Self {
        leak(Self::default())
    }

    /// Makes a payload.
    pub(crate) fn make(&'static self, id: u32) -> Counted {
        self.made.fetch_add(1, Ordering::Relaxed);
        Counted { id, tally: self }
    }

    /// Makes a payload, as a factory does.
    #[expect(clippy::unnecessary_wraps, reason = "a factory's type")]
    pub(crate) fn build(&'static self, id: u32) -> Result<Counted, Boom> {
        Ok(self.make(id))
    }

    pub(crate) fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// The payloads that the disposer got, in that order.
    pub(crate) fn disposed(&self) -> Vec<u32> {
        lock(&self.disposed).iter().map(|(id, _)| *id).collect()
    }

    /// The threads on which the disposer ran, in that order.
    pub(crate) fn disposers(&self) -> Vec<ThreadId> {
        lock(&self.disposed).iter().map(|(_, thread)| *thread).collect()
    }

    /// How many payloads were dropped, by the disposer or without it.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// A payload that its [`Tally`] knows of.
pub(crate) struct Counted {
    pub(crate) id: u32,
    tally: &'static Tally,
}

impl Counted {
    /// The disposer of counted payloads.
    #[expect(clippy::unnecessary_wraps, reason = "a disposer's type")]
    pub(crate) fn dispose(self) -> Result<(), BoxError> {
        lock(&self.tally.disposed).push((self.id, thread::current().id()));
        Ok(())
    }

    /// A disposer that fails.
    pub(crate) fn dispose_badly(self) -> Result<(), BoxError> {
        let id = self.id;
        self.dispose()?;
        Err(Boom(id).into())
    }

    /// A disposer that panics.
    pub(crate) fn dispose_wildly(self) -> Result<(), BoxError> {
        let id = self.id;
        self.dispose()?;
        panic!("wild {id}");
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.tally.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counted({})", self.id)
    }
}

/// A cell of counted payloads.
pub(crate) fn counted(name: &'static str) -> RuntimeCell<Counted> {
    cell(name).disposer(cells::Disposer::with(Counted::dispose))
}

/// What an observer heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Start(u64),
    End(u64, InitStatus),
    Close(Option<u64>, CloseStatus),
}

/// An observer that remembers.
#[derive(Default)]
pub(crate) struct Recorder {
    heard: Mutex<Vec<Heard>>,
    /// The cell it listens to; empty for any.
    cell: &'static str,
}

impl Recorder {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Hears of the cells of that name only.
    pub(crate) fn of(cell: &'static str) -> Arc<Self> {
        Arc::new(Self { cell, ..Self::default() })
    }

    /// Makes one that hears of `cell`.
    pub(crate) fn on<T: Send + Sync>(cell: &RuntimeCell<T>) -> Arc<Self> {
        let recorder = Self::new();
        cell.configure_observer(recorder.clone());
        recorder
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        lock(&self.heard).clone()
    }

    fn push(&self, cell: &str, heard: Heard) {
        if self.cell.is_empty() || self.cell == cell {
            lock(&self.heard).push(heard);
        }
    }
}

impl Observer for Recorder {
    fn on_init_start(&self, cell: &str, generation: u64, _: Option<&InitContext>) {
        self.push(cell, Heard::Start(generation));
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        self.push(event.cell, Heard::End(event.generation, event.status));
    }

    fn on_close_end(&self, event: &CloseResult) {
        self.push(event.cell, Heard::Close(event.generation, event.status));
    }
}

type OnStart = Box<dyn Fn(u64) + Send + Sync>;
type OnEnd = Box<dyn Fn(&InitResult<'_>) + Send + Sync>;
type OnClose = Box<dyn Fn(&CloseResult) + Send + Sync>;

/// An observer made of closures.
#[derive(Default)]
pub(crate) struct Hooks {
    start: Option<OnStart>,
    end: Option<OnEnd>,
    close: Option<OnClose>,
}

impl Hooks {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn start(mut self, f: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.start = Some(Box::new(f));
        self
    }

    pub(crate) fn end(mut self, f: impl Fn(&InitResult<'_>) + Send + Sync + 'static) -> Self {
        self.end = Some(Box::new(f));
        self
    }

    pub(crate) fn close(mut self, f: impl Fn(&CloseResult) + Send + Sync + 'static) -> Self {
        self.close = Some(Box::new(f));
        self
    }

    pub(crate) fn on<T: Send + Sync>(self, cell: &RuntimeCell<T>) {
        cell.configure_observer(Arc::new(self));
    }
}

impl Observer for Hooks {
    fn on_init_start(&self, _: &str, generation: u64, _: Option<&InitContext>) {
        if let Some(start) = &self.start {
            start(generation);
        }
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        if let Some(end) = &self.end {
            end(event);
        }
    }

    fn on_close_end(&self, event: &CloseResult) {
        if let Some(close) = &self.close {
            close(event);
        }
    }
}

/// An adjuster that counts its calls.
pub(crate) struct CountingAdjuster(pub(crate) &'static Count);

impl<T> FactoryAdjuster<T> for CountingAdjuster {
    fn adjust(&self, _: &str, factory: &mut dyn FnMut() -> Result<T, BoxError>) -> Result<T, BoxError> {
        self.0.up();
        factory()
    }
}

/// A counter for calls.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    /// For a static.
    pub(crate) const fn zero() -> Self {
        Self(AtomicUsize::new(0))
    }

    pub(crate) fn new() -> &'static Self {
        leak(Self::default())
    }

    /// Adds one and gives the new number.
    pub(crate) fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}
