//! `max_waiters`: how many callers may wait for a factory that another caller runs.

use cells::{Error, UnavailableError, runtime_cell};
use cells_test_support::{Boom, Stage, eventually, spawn};
use std::sync::LazyLock;

#[test]
fn m4_max_waiters_rejects_one_caller_too_many() {
    static STAGE: LazyLock<&Stage> = LazyLock::new(Stage::new);

    #[runtime_cell(max_waiters = 1)]
    fn crowded() -> Result<u8, Boom> {
        STAGE.pause();
        Ok(1)
    }

    let initializer = spawn(crowded);
    STAGE.reached();
    let waiter = spawn(crowded);
    eventually("the waiter", || CROWDED.snapshot().waiters == 1);
    let error = crowded().unwrap_err();
    assert!(matches!(error, Error::Unavailable(UnavailableError::WaitersFull { limit: 1, .. })), "{error}");
    STAGE.release();
    for caller in [initializer, waiter] {
        assert_eq!(caller.join().map(|lease| *lease).ok(), Some(1));
    }
}
