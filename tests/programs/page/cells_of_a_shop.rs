//! Cells of every kind that the page tells apart, and with names that mean something to HTML.

#![allow(missing_docs, reason = "what they are for is what the page shows")]

use cells::{BoxError, runtime_cell};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::sleep;
use std::time::Duration;

/// Makes the factory of `payments` fail.
pub static NO_PAYMENTS: AtomicBool = AtomicBool::new(false);

/// What the factories take, so that the picture of the start-up has bars.
fn work(millis: u64) -> u64 {
    sleep(Duration::from_millis(millis));
    millis
}

#[runtime_cell(provided)]
pub fn settings() -> u64;

#[runtime_cell(eager, permanent)]
pub fn metrics() -> u64 {
    work(3)
}

/// # Errors
/// Never.
#[runtime_cell(eager, cooldown = "5s")]
pub fn database(settings: &u64) -> Result<u64, BoxError> {
    Ok(work(25) + settings)
}

/// # Errors
/// Never.
#[runtime_cell(eager, fresh = "50m", expires = "1h")]
pub fn signing_keys() -> Result<u64, BoxError> {
    Ok(work(12))
}

/// # Errors
/// That of the database.
#[runtime_cell(eager)]
pub fn catalogue(database: &u64) -> Result<u64, BoxError> {
    Ok(work(18) + database)
}

/// # Errors
/// That of what it needs.
#[runtime_cell(eager)]
pub fn search(catalogue: &u64) -> Result<u64, BoxError> {
    work(5);
    Ok(*metrics() + catalogue)
}

/// # Errors
/// If it is told to fail.
#[runtime_cell(eager, cooldown = "1h")]
pub fn payments(database: &u64, signing_keys: &u64) -> Result<u64, BoxError> {
    if NO_PAYMENTS.load(SeqCst) {
        return Err("connection refused\n<b>by \"bank\"</b>".into());
    }
    Ok(work(9) + database + signing_keys)
}

#[runtime_cell(after = [DATABASE])]
pub fn audit_log() -> u64 {
    1
}

/// Names that would end an element, an attribute, a script or a line, or turn the direction of what follows.
pub mod hostile {
    use cells::runtime_cell;

    #[runtime_cell(name = "</title></style></svg><script>document.title = 'injected'</script>")]
    pub fn markup() -> u64 {
        1
    }

    #[runtime_cell(name = "\"' onclick=\"document.title='injected'\" x='")]
    pub fn quotes(#[from(MARKUP)] markup: &u64) -> u64 {
        *markup
    }

    #[runtime_cell(name = "two\r\nlines\0and\ttabs")]
    pub fn lines(#[from(MARKUP)] markup: &u64) -> u64 {
        *markup
    }

    #[runtime_cell(name = "דוח \u{202e}שנתי")]
    pub fn right_to_left(#[from(LINES)] lines: &u64) -> u64 {
        *lines
    }
}
