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

unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> c_int;
}

/// What is to be done at exit, once it is registered: by which process, and how long it may take.
static REGISTERED: Mutex<Option<(u32, Duration)>> = Mutex::new(None);

/// [Shuts down](crate::shutdown) when the process exits, also after a failed test: for a server, a container or a
/// directory that all tests share and that must not be left over.
///
/// Call it where that is built, in the factory of its cell; the latest limit counts. Asynchronous disposers run too. It is
/// best effort: a process that is killed or aborts does not get there, and neither does a disposer that needs a thread or a
/// task which has ended by then. What did not close cleanly is written to the standard error output.
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

#[cfg(feature = "tokio")]
fn shut_down(limit: Duration) -> ShutdownReport {
    // That on which a payload was built may have ended; its asynchronous disposer runs on this one.
    match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime.block_on(shutdown::shutdown_async(limit)),
        Err(_) => shutdown::shutdown(limit),
    }
}

#[cfg(not(feature = "tokio"))]
fn shut_down(limit: Duration) -> ShutdownReport {
    crate::sync::block_on::block_on(shutdown::shutdown_async(limit))
}
