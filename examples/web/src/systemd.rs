//! What the service manager is told, if the environment has a `NOTIFY_SOCKET`: a unit of `Type=notify-reload` knows when the
//! service is ready, and `systemctl status` shows what its cells do.

use cells::{CloseResult, InitContext, InitResult, Observer};
use sd_notify::NotifyState::{ExtendTimeoutUsec, MonotonicUsec, Ready, Reloading, Status, Stopping};
use sd_notify::{NotifyState, notify};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long one cell may take to start or to end: as long as some do, the manager waits longer than its own limits.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the service is up. While it is not, each step extends the manager's limit.
static SERVES: AtomicBool = AtomicBool::new(false);

/// Reports each build and each disposal.
pub(crate) struct Manager;

impl Observer for Manager {
    fn on_init_start(&self, cell: &str, _generation: u64, _context: Option<&InitContext>) {
        step(&format!("building {cell}"));
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        step(&format!("{} {}: {}", event.cell, event.generation, event.status.as_str()));
    }

    fn on_close_end(&self, event: &CloseResult) {
        if event.had_payload {
            step(&format!("closed {}: {}", event.cell, event.status.as_str()));
        }
    }
}

pub(crate) fn serving() {
    SERVES.store(true, Ordering::Relaxed);
    tell(&[Ready, Status("serving")]);
}

pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now @ MonotonicUsec(_)) => tell(&[Reloading, now, Status("reloading")]),
        _ => eprintln!("web: the service manager does not learn of the reload: there is no clock"),
    }
}

/// A reload has ended; what is there goes on in any case.
pub(crate) fn reloaded(outcome: &str) {
    tell(&[Ready, Status(outcome)]);
}

pub(crate) fn stopping(why: &str) {
    SERVES.store(false, Ordering::Relaxed);
    tell(&[Stopping, Status(why), extension()]);
}

fn step(status: &str) {
    if SERVES.load(Ordering::Relaxed) {
        tell(&[Status(status)]);
    } else {
        tell(&[Status(status), extension()]);
    }
}

fn extension() -> NotifyState<'static> {
    ExtendTimeoutUsec(u32::try_from(PATIENCE.as_micros()).unwrap_or(u32::MAX))
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = notify(states) {
        eprintln!("web: the service manager cannot be reached: {error}");
    }
}
