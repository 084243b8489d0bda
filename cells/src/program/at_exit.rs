//! A shutdown when the process exits, for what all tests of a program share.
//!
//! A test harness has no place for code after the last test. The C library has one: it calls what was registered with
//! `atexit` (POSIX) when the process returns from `main` or calls `exit`, which the harness does also after a failed test.
//! It does not when the process is killed or aborts. A forked child has the registration too, and ignores it.
//!
//! The thread that exits has no thread-locals any more, and can start no thread (Rust 1.85). So one is started when this is
//! registered, waits until it is asked, and closes the cells while the exiting thread waits for it.

use crate::program::shutdown;
use crate::program::shutdown_report::ShutdownReport;
use crate::sync::monitor::Monitor;
use parking_lot::Mutex;
use std::ffi::c_int;
use std::io::{self, Write as _};
use std::process;
use std::thread;
use std::time::{Duration, Instant};
#[cfg(feature = "tokio")]
use tokio::runtime::{Builder, Handle};

unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> c_int;
}

/// What is to be done at exit, once it is registered: by which process, and how long it may take.
static REGISTERED: Mutex<Option<(u32, Duration)>> = Mutex::new(None);

/// [Shuts down](crate::shutdown) when the process exits, also after a failed test: for a server, a container or a
/// directory that all tests share and that must not be left over.
///
/// Call it where that is built, in the factory of its cell; the latest limit counts. It is best effort: a process that is
/// killed or aborts does not get there, and neither does a disposer that needs a thread or a task which has ended by then.
/// What did not close cleanly is written to the standard error output.
///
/// Asynchronous disposers of payloads that were built on no tokio runtime run too. A payload that was built on a runtime ends
/// with it, and so with the `#[tokio::test]` that built it. For such tests put the server into a plain cell, and ask for it
/// in `spawn_blocking`. If its factory returns a `Result`, set `wait_timeout`: the default of 1500 ms is about as long as a
/// server takes to start.
///
/// ```
/// use cells::runtime_cell;
/// use std::time::Duration;
///
/// struct Server;
///
/// impl Server {
///     fn start() -> Self {
///         Server
///     }
///
///     fn stop(self) {}
/// }
///
/// #[runtime_cell(dispose = Server::stop)]
/// fn server() -> Server {
///     cells::testing::shutdown_at_exit(Duration::from_secs(10));
///     Server::start()
/// }
/// # let _ = server();
/// ```
///
/// # Panics
/// If the system registers nothing more, or starts no thread.
pub fn shutdown_at_exit(limit: Duration) {
    let mut registered = REGISTERED.lock();
    let known = registered.is_some_and(|(process, _)| process == process::id());
    if !known {
        *STAGE.lock() = Stage::NotAsked;
        let thread = thread::Builder::new().name("cells-exit".to_owned()).spawn(close_when_asked);
        thread.unwrap_or_else(|error| panic!("no thread for a shutdown at exit: {error}"));
        // SAFETY: the function takes nothing, returns, and does not unwind.
        let failed = unsafe { atexit(at_exit) } != 0;
        assert!(!failed, "the system registers no more functions to call at exit");
    }
    *registered = Some((process::id(), limit));
}

/// How far the shutdown is.
enum Stage {
    NotAsked,
    /// How long it may take.
    Asked(Duration),
    Closed(ShutdownReport),
}

static STAGE: Monitor<Stage> = Monitor::new(Stage::NotAsked);

fn close_when_asked() {
    let limit = match *STAGE.lock_after(None, |stage| !matches!(stage, Stage::Asked(_))) {
        Stage::Asked(limit) => limit,
        Stage::NotAsked | Stage::Closed(_) => return,
    };
    let report = shut_down(limit);
    *STAGE.lock() = Stage::Closed(report);
    STAGE.notify_one();
}

/// How much longer than the limit the process waits: enough for a shutdown that keeps to it.
const GRACE: Duration = Duration::from_secs(1);

extern "C" fn at_exit() {
    let limit = match *REGISTERED.lock() {
        Some((process, limit)) if process == process::id() => limit,
        _ => return,
    };
    let mut stage = STAGE.lock();
    // A child that has registered it again has it twice.
    if let Stage::Closed(_) = *stage {
        return;
    }
    *stage = Stage::Asked(limit);
    drop(stage);
    STAGE.notify_one();
    let until = limit.checked_add(GRACE).and_then(|limit| Instant::now().checked_add(limit));
    let stage = STAGE.lock_after(until, |stage| !matches!(stage, Stage::Closed(_)));
    if let Stage::Closed(report) = &*stage {
        if let Err(error) = report.clone().into_result() {
            // The macro would look for what captures the output of a test.
            let _ = writeln!(io::stderr(), "at exit: {error}");
        }
    }
}

fn shut_down(limit: Duration) -> ShutdownReport {
    #[cfg(feature = "tokio")]
    let runtime = runtime();
    // A payload may contain a runtime, which would not start inside of another: so this thread only knows one.
    #[cfg(feature = "tokio")]
    let _entered = runtime.as_ref().map(Handle::enter);
    shutdown::shutdown(limit)
}

/// A runtime for the asynchronous disposers of payloads that were built on none. A thread of its own drives it until the
/// process is gone.
#[cfg(feature = "tokio")]
fn runtime() -> Option<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let handle = runtime.handle().clone();
    let drive = move || runtime.block_on(std::future::pending::<()>());
    thread::Builder::new().spawn(drive).ok()?;
    Some(handle)
}
