//! Cells of every kind that the page tells apart.

use cells::{BoxError, runtime_cell};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::sleep;
use std::time::Duration;

/// Makes the factory of `payments` fail.
pub(super) static NO_PAYMENTS: AtomicBool = AtomicBool::new(false);

/// What the factories take, so that the picture of the start-up has bars.
fn work(millis: u64) -> u64 {
    sleep(Duration::from_millis(millis));
    millis
}

#[runtime_cell(provided)]
pub(super) fn settings() -> u64;

#[runtime_cell(eager, permanent)]
pub(super) fn metrics() -> u64 {
    work(3)
}

#[runtime_cell(eager, cooldown = "5s")]
pub(super) fn database(settings: &u64) -> Result<u64, BoxError> {
    Ok(work(25) + settings)
}

#[runtime_cell(eager, fresh = "50m", expires = "1h")]
pub(super) fn signing_keys() -> Result<u64, BoxError> {
    Ok(work(12))
}

#[runtime_cell(eager)]
pub(super) fn catalogue(database: &u64) -> Result<u64, BoxError> {
    Ok(work(18) + database)
}

#[runtime_cell(eager)]
pub(super) fn search(catalogue: &u64) -> Result<u64, BoxError> {
    work(5);
    Ok(*metrics() + catalogue)
}

#[runtime_cell(eager, cooldown = "1h")]
pub(super) fn payments(database: &u64, signing_keys: &u64) -> Result<u64, BoxError> {
    if NO_PAYMENTS.load(SeqCst) {
        return Err("connection refused".into());
    }
    Ok(work(9) + database + signing_keys)
}

#[runtime_cell(after = [DATABASE])]
#[allow(dead_code, reason = "nobody asks for it")]
pub(super) fn audit_log() -> u64 {
    1
}
