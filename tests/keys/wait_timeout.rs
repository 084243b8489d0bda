//! `wait_timeout`: how long a caller waits for a factory that another caller runs.

use cells::{BoxError, Error, UnavailableError, runtime_cell};
use cells_test_support::{Boom, Stage, spawn};
use std::sync::LazyLock;
use std::time::Duration;

#[test]
fn m3_an_infallible_cell_waits_without_limit() {
    #[runtime_cell]
    fn patient() -> u8 {
        1
    }
    #[runtime_cell]
    fn hasty() -> Result<u8, BoxError> {
        Ok(1)
    }

    assert!(!PATIENT.info().fallible);
    assert_eq!(PATIENT.info().wait_timeout, None);
    assert!(HASTY.info().fallible);
    assert_eq!(HASTY.info().wait_timeout, Some(Duration::from_millis(1500)));
    drop((patient(), hasty()));
}

#[test]
fn m4_wait_timeout_ends_the_wait_and_not_the_flight() {
    static STAGE: LazyLock<&Stage> = LazyLock::new(Stage::new);

    #[runtime_cell(wait_timeout = "10ms")]
    fn slow() -> Result<u8, Boom> {
        STAGE.pause();
        Ok(1)
    }

    let initializer = spawn(slow);
    STAGE.reached();
    let error = slow().unwrap_err();
    let Error::Unavailable(UnavailableError::WaitTimeout { waited, .. }) = error else { panic!("{error}") };
    assert!(waited >= Duration::from_millis(10), "{waited:?}");
    STAGE.release();
    assert_eq!(initializer.join().map(|lease| *lease).ok(), Some(1));
}
