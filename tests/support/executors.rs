//! Executors for tasks.

use crate::Job;
use crate::job::Report;
use cells::BoxFuture;
use futures::FutureExt as _;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::thread;
use tokio::runtime::{Builder, Handle, Runtime};

/// Something that runs tasks.
pub trait Executor: 'static {
    /// Runs a task and leaves it alone.
    fn start(task: BoxFuture<'static, ()>);

    /// Runs a task whose outcome the test waits for.
    fn spawn<R: Send + 'static>(future: impl Future<Output = R> + Send + 'static) -> Job<R> {
        let (report, job) = Job::new();
        Self::start(reported(Box::pin(future), report));
        job
    }
}

/// What a task's executor runs. It takes a boxed future, so that it is compiled once for all futures of one result.
fn reported<R: Send + 'static>(future: BoxFuture<'static, R>, report: Report<R>) -> BoxFuture<'static, ()> {
    Box::pin(async move { report.send(AssertUnwindSafe(future).catch_unwind().await) })
}

/// The executor of `pollster`, on a thread for each task.
pub struct Pollster;
/// The executor of `futures`, on a thread for each task.
pub struct Futures;
/// The executor of `smol`.
pub struct Smol;
/// A tokio runtime whose tasks move between two threads.
pub struct TokioMulti;
/// A tokio runtime whose tasks share one thread.
pub struct TokioCurrent;

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
        static RUNTIME: LazyLock<Runtime> = LazyLock::new(multi_thread);
        RUNTIME.spawn(task);
    }
}

impl Executor for TokioCurrent {
    fn start(task: BoxFuture<'static, ()>) {
        static HANDLE: LazyLock<Handle> = LazyLock::new(|| {
            let runtime = current_thread();
            let handle = runtime.handle().clone();
            thread::spawn(move || runtime.block_on(pending::<()>()));
            handle
        });
        HANDLE.spawn(task);
    }
}

/// A tokio runtime of two threads.
pub fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// A tokio runtime on the thread that blocks on it.
pub fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}
