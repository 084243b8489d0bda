//! What the tests share: executors, gates, futures that count their polls, payloads that count themselves.

use cells::{
    BoxError, BoxFuture, CloseResult, CloseStatus, Error, InitContext, InitResult, InitStatus, Observer, Ref,
    RuntimeCell,
};
use futures::FutureExt as _;
use std::any::Any;
use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// When a test gives up on something that never comes. No test depends on how much sooner it came.
const NEVER: Duration = Duration::from_mins(1);

/// A time that outlasts every test.
pub(crate) const LONG: Duration = Duration::from_hours(1);

/// What a call for a payload returns.
pub(crate) type Answer<T> = Result<Ref<'static, T>, Error>;

/// Keeps a value for the rest of the process.
pub(crate) fn leak<V>(value: V) -> &'static V {
    Box::leak(Box::new(value))
}

/// A cell whose waiters wait for ever, and are never too many.
pub(crate) fn cell<T: Send + Sync>(name: &'static str) -> RuntimeCell<T> {
    RuntimeCell::new(name).wait_timeout(Duration::ZERO)
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The same in a task.
#[cfg(feature = "tokio")]
pub(crate) async fn eventually_async(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < NEVER, "never came: {what}");
        yield_now().await;
    }
}

/// Lets others go first, once.
pub(crate) async fn yield_now() {
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

/// A caller under way somewhere, awaited in a way that fails the test rather than hanging it.
pub(crate) struct Job<R>(mpsc::Receiver<thread::Result<R>>);

impl<R> Job<R> {
    /// Waits for its end, and gives its panic if it panicked.
    #[track_caller]
    pub(crate) fn outcome(self) -> thread::Result<R> {
        self.0.recv_timeout(NEVER).expect("a caller never came to an end")
    }

    #[track_caller]
    pub(crate) fn join(self) -> R {
        self.outcome().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Runs `f` on a thread of its own.
pub(crate) fn spawn<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> Job<R> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(std::panic::catch_unwind(AssertUnwindSafe(f))));
    Job(receiver)
}

/// Something that runs tasks.
pub(crate) trait Executor: 'static {
    fn start(task: BoxFuture<'static, ()>);

    fn spawn<R: Send + 'static>(future: impl Future<Output = R> + Send + 'static) -> Job<R> {
        let (sender, receiver) = mpsc::channel();
        Self::start(Box::pin(async move {
            let _ = sender.send(AssertUnwindSafe(future).catch_unwind().await);
        }));
        Job(receiver)
    }
}

/// A thread a task, with an executor that does no more than that.
pub(crate) struct Pollster;
/// The executor of `futures`.
pub(crate) struct Futures;
pub(crate) struct Smol;
/// A runtime whose tasks move between two threads.
pub(crate) struct TokioMulti;
/// A runtime whose tasks share one thread.
pub(crate) struct TokioCurrent;

impl Executor for Pollster {
    fn start(task: BoxFuture<'static, ()>) {
        thread::spawn(|| pollster::block_on(task));
    }
}

impl Executor for Futures {
    fn start(task: BoxFuture<'static, ()>) {
        thread::spawn(|| futures::executor::block_on(task));
    }
}

impl Executor for Smol {
    fn start(task: BoxFuture<'static, ()>) {
        smol::spawn(task).detach();
    }
}

impl Executor for TokioMulti {
    fn start(task: BoxFuture<'static, ()>) {
        static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(multi_thread);
        RUNTIME.spawn(task);
    }
}

impl Executor for TokioCurrent {
    fn start(task: BoxFuture<'static, ()>) {
        static HANDLE: LazyLock<tokio::runtime::Handle> = LazyLock::new(|| {
            let runtime = current_thread();
            let handle = runtime.handle().clone();
            thread::spawn(move || runtime.block_on(pending::<()>()));
            handle
        });
        HANDLE.spawn(task);
    }
}

pub(crate) fn multi_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

pub(crate) fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A door that is opened once, for threads and tasks.
pub(crate) struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Gate {
    pub(crate) fn new() -> &'static Self {
        leak(Self::default())
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    /// Blocks the thread.
    #[track_caller]
    pub(crate) fn wait(&self) {
        eventually("a gate's opening", || self.is_open());
    }

    pub(crate) async fn pass(&self) {
        let mut door = self.0.subscribe();
        door.wait_for(|open| *open).await.expect("the gate is here");
    }
}

/// A place where user code stops until the test lets it go on.
#[derive(Default)]
pub(crate) struct Stage {
    pub(crate) reached: Gate,
    released: Gate,
}

impl Stage {
    pub(crate) fn new() -> &'static Self {
        leak(Self::default())
    }

    /// Called by the user code of a task.
    pub(crate) async fn pause(&self) {
        self.reached.open();
        self.released.pass().await;
    }

    /// Called by the user code of a thread.
    pub(crate) fn block(&self) {
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

/// Counts how often it was woken.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl std::task::Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Polls by hand, once.
pub(crate) fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

pub(crate) fn poll_with<F: Future + ?Sized>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// Polls by hand until it is pending without having woken itself, or ready.
pub(crate) fn poll_to_rest<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    let wakes = Wakes::new();
    loop {
        let before = wakes.get();
        match poll_with(future, &wakes.waker()) {
            Poll::Pending if wakes.get() != before => {}
            polled => return polled,
        }
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

/// The message of a panic.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref().map(String::as_str)).unwrap_or("?")
}

/// The ends of the payloads of one test.
#[derive(Default)]
pub(crate) struct Tally {
    made: AtomicUsize,
    disposed: Mutex<Vec<u32>>,
    dropped: AtomicUsize,
}

impl Tally {
    pub(crate) fn new() -> &'static Self {
        leak(Self::default())
    }

    pub(crate) fn make(&'static self, id: u32) -> Counted {
        self.made.fetch_add(1, SeqCst);
        Counted { id, tally: self, stage: None }
    }

    /// Makes a payload, as a factory does.
    #[expect(clippy::unnecessary_wraps, reason = "a factory's type")]
    pub(crate) fn build(&'static self, id: u32) -> Result<Counted, Boom> {
        Ok(self.make(id))
    }

    pub(crate) fn made(&self) -> usize {
        self.made.load(SeqCst)
    }

    /// The payloads whose disposer came to its end, in that order.
    pub(crate) fn disposed(&self) -> Vec<u32> {
        lock(&self.disposed).clone()
    }

    /// How many payloads are gone, by the disposer or without it.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped.load(SeqCst)
    }
}

/// A payload that its [`Tally`] knows of.
pub(crate) struct Counted {
    pub(crate) id: u32,
    tally: &'static Tally,
    /// Where its asynchronous disposer stops.
    stage: Option<&'static Stage>,
}

impl Counted {
    pub(crate) fn staged(mut self, stage: &'static Stage) -> Self {
        self.stage = Some(stage);
        self
    }

    /// The disposer of counted payloads.
    #[expect(clippy::unnecessary_wraps, reason = "a disposer's type")]
    pub(crate) fn dispose(self) -> Result<(), BoxError> {
        lock(&self.tally.disposed).push(self.id);
        Ok(())
    }

    /// The asynchronous disposer of counted payloads.
    pub(crate) fn dispose_async(self) -> BoxFuture<'static, Result<(), BoxError>> {
        Box::pin(async move {
            match self.stage {
                Some(stage) => stage.pause().await,
                None => yield_now().await,
            }
            self.dispose()
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.tally.dropped.fetch_add(1, SeqCst);
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counted({})", self.id)
    }
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
    closes: Mutex<Vec<CloseResult>>,
    sessions: Mutex<Vec<Option<String>>>,
}

impl Recorder {
    /// Makes one that hears of `cell`.
    pub(crate) fn on<T: Send + Sync>(cell: &RuntimeCell<T>) -> Arc<Self> {
        let recorder = Arc::<Self>::default();
        cell.configure_observer(recorder.clone());
        recorder
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        lock(&self.heard).clone()
    }

    /// How the flights ended, in that order.
    pub(crate) fn ends(&self) -> Vec<(u64, InitStatus)> {
        let heard = self.heard();
        heard
            .iter()
            .filter_map(|&heard| if let Heard::End(g, s) = heard { Some((g, s)) } else { None })
            .collect()
    }

    /// The ends of payloads, in that order.
    pub(crate) fn closes(&self) -> Vec<CloseResult> {
        lock(&self.closes).clone()
    }

    /// The sessions of the flights' starts and ends.
    #[cfg(feature = "tokio")]
    pub(crate) fn sessions(&self) -> Vec<Option<String>> {
        lock(&self.sessions).clone()
    }

    /// Every start has one end, and nothing is open.
    #[track_caller]
    pub(crate) fn balanced(&self) {
        let heard = self.heard();
        let mut open = Vec::new();
        for heard in &heard {
            match heard {
                Heard::Start(generation) => open.push(*generation),
                Heard::End(generation, _) => {
                    let at = open.iter().position(|open| open == generation);
                    open.remove(at.expect("an end without its start, or a second one"));
                }
                Heard::Close(..) => {}
            }
        }
        assert!(open.is_empty(), "flights without an end: {open:?}");
    }
}

impl Observer for Recorder {
    fn on_init_start(&self, _: &str, generation: u64, context: Option<&InitContext>) {
        lock(&self.heard).push(Heard::Start(generation));
        lock(&self.sessions).push(session(context));
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        lock(&self.heard).push(Heard::End(event.generation, event.status));
        lock(&self.sessions).push(session(event.context.as_ref()));
    }

    fn on_close_end(&self, event: &CloseResult) {
        lock(&self.heard).push(Heard::Close(event.generation, event.status));
        lock(&self.closes).push(event.clone());
    }
}

fn session(context: Option<&InitContext>) -> Option<String> {
    context.and_then(|context| context.session_id.as_deref()).map(ToOwned::to_owned)
}

/// A counter for calls.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    #[cfg(feature = "tokio")]
    pub(crate) const fn zero() -> Self {
        Self(AtomicUsize::new(0))
    }

    pub(crate) fn new() -> &'static Self {
        leak(Self::default())
    }

    /// Adds one and gives the new number.
    pub(crate) fn up(&self) -> usize {
        self.0.fetch_add(1, SeqCst) + 1
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// Runs a closure when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
