//! What the service manager learns, if the environment has a `NOTIFY_SOCKET`: a unit of `Type=notify-reload` knows when the
//! service is ready, and `systemctl status` shows what its cells do.

use cells::{CloseResult, InitContext, InitResult, Observer};
use sd_notify::NotifyState::{ExtendTimeoutUsec, Ready, Reloading, Status, Stopping};
use sd_notify::{NotifyState, notify};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long one cell may take to start or to end: as long as some do, the manager waits longer than its own limits.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the service is up. While it is not, each step extends the manager's limit. The lock is held while a message is
/// sent, so that messages arrive in the order of the states that they are about.
static SERVES: Mutex<bool> = Mutex::new(false);

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
    now_serves(true, &[Ready, Status("serving")]);
}

pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[Reloading, now, Status("reloading")]),
        Err(error) => eprintln!("web: the service manager does not learn of the reload: {error}"),
    }
}

/// A reload has ended; what is there goes on in any case.
pub(crate) fn reloaded(outcome: &str) {
    let line = outcome.replace('\n', " "); // each line of a message is a variable
    tell(&[Ready, Status(&line)]);
}

pub(crate) fn stopping(why: &str) {
    now_serves(false, &[Stopping, Status(why), extension()]);
}

fn now_serves(is_up: bool, states: &[NotifyState<'_>]) {
    let mut serves = SERVES.lock().unwrap_or_else(PoisonError::into_inner);
    *serves = is_up;
    tell(states);
}

fn step(status: &str) {
    let serves = SERVES.lock().unwrap_or_else(PoisonError::into_inner);
    if *serves {
        tell(&[Status(&format!("serving; {status}"))]);
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
