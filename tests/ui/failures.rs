use cells::{BoxError, runtime_cell};
use std::time::Duration;

#[derive(Debug)]
struct AuthError(u8);

impl From<AuthError> for BoxError {
    fn from(error: AuthError) -> Self {
        format!("{error:?}").into()
    }
}

impl AuthError {
    fn code(&self) -> u8 {
        self.0
    }

    fn is_revoked(self) -> bool {
        self.0 == 1
    }
}

fn is_io(_: &std::io::Error) -> bool {
    true
}

#[runtime_cell(fresh = "1h", fatal = AuthError::code, retry = 3, transient = is_io)]
fn of_another_type() -> Result<u8, AuthError> {
    Ok(1)
}

#[runtime_cell(fresh = "1h", fatal = AuthError::is_revoked)]
async fn of_the_error_itself() -> Result<u8, AuthError> {
    Ok(1)
}

#[runtime_cell(retry = 3, transient = |error| error.code())]
fn by_a_closure() -> Result<u8, AuthError> {
    Ok(1)
}

#[runtime_cell(retry = 3, transient = || true)]
fn by_a_closure_of_nothing() -> Result<u8, AuthError> {
    Ok(1)
}

#[runtime_cell(fresh = "1h", fatal = AuthError::nope, retry = 3, transient = |error| error.nope())]
fn by_what_is_not_there() -> Result<u8, AuthError> {
    Ok(1)
}

#[runtime_cell(retry = 0, backoff = "1s..", transient = true)]
fn without_values() -> Result<u8, AuthError> {
    Ok(1)
}

#[runtime_cell(retry = 3_usize, backoff = 1..5)]
fn of_other_numbers() -> Result<u8, AuthError> {
    Ok(1)
}

#[runtime_cell(retry = 3, backoff = Duration::from_nanos(1)..5, cooldown = "1m..1s")]
fn of_other_types() -> Result<u8, AuthError> {
    Ok(1)
}

#[runtime_cell(retry = 3, backoff = seconds(1))]
fn not_const() -> Result<u8, AuthError> {
    Ok(1)
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[runtime_cell(fatal = AuthError::code, backoff = "1s", transient = is_io)]
fn alone() -> Result<u8, AuthError> {
    Ok(1)
}

#[runtime_cell(fresh = "1h", fatal = is_io, retry = 3, backoff = "1s", transient = is_io)]
fn infallible() -> u8 {
    1
}

fn main() {
    let _: u8 = *of_another_type().unwrap() + *by_a_closure().unwrap() + *by_a_closure_of_nothing().unwrap();
    let _: u8 = *by_what_is_not_there().unwrap() + *without_values().unwrap() + *of_other_numbers().unwrap();
    let _: u8 = *of_other_types().unwrap() + *not_const().unwrap() + *alone().unwrap() + *infallible();
}
