//! A shutdown when the process exits, for what all tests of a program share.
//!
//! A test harness has no place for code after the last test. The C library has one: it calls what was registered with
//! `atexit` (POSIX) when the process returns from `main` or calls `exit`, which the harness does also after a failed test.
//! It does not when the process is killed or aborts. A forked child has the registration too, and ignores it.

use crate::observe::user_panic::catch_user_panic;
use crate::program::shutdown;
use crate::program::shutdown_report::ShutdownReport;
use parking_lot::Mutex;
use std::ffi::c_int;
use std::process;
use std::thread;
use std::time::Duration;
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
/// If the system cannot register anything more.
pub fn shutdown_at_exit(limit: Duration) {
    let mut registered = REGISTERED.lock();
    let known = registered.is_some_and(|(process, _)| process == process::id());
    // A child that registers it again has it twice, and finds the cells closed the second time.
    if !known {
        // SAFETY: the function takes nothing, returns, and does not unwind.
        let failed = unsafe { atexit(at_exit) } != 0;
        assert!(!failed, "the system registers no more functions to call at exit");
    }
    *registered = Some((process::id(), limit));
}

extern "C" fn at_exit() {
    let limit = match *REGISTERED.lock() {
        Some((process, limit)) if process == process::id() => limit,
        _ => return,
    };
    // On a thread of its own, because the one that exits has no thread-locals any more.
    catch_user_panic("", || {
        if let Ok(Ok(report)) =
            thread::Builder::new().spawn(move || shut_down(limit)).map(thread::JoinHandle::join)
        {
            if let Err(error) = report.into_result() {
                eprintln!("at exit: {error}");
            }
        }
    });
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
