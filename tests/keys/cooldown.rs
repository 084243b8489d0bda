//! `cooldown`: how long no factory runs after a failure.

use cells::runtime_cell;
use cells_test_support::{Boom, Count};
use std::time::Duration;

#[test]
fn m4_cooldown_keeps_the_factory_from_running_again() {
    static RUNS: Count = Count::zero();

    #[runtime_cell(cooldown = "1h")]
    fn failing() -> Result<u8, Boom> {
        RUNS.up();
        Err(Boom(1))
    }
    #[runtime_cell]
    fn without() -> Result<u8, Boom> {
        Err(Boom(2))
    }

    assert!(!failing().unwrap_err().is_cooldown(), "the call that failed gets its own error");
    let error = failing().unwrap_err();
    assert!(error.is_cooldown() && error.retry_after().is_some_and(|left| left <= Duration::from_secs(3600)));
    assert_eq!((error.downcast_ref(), RUNS.get()), (Some(&Boom(1)), 1));
    for _ in 0..2 {
        assert!(!without().unwrap_err().is_cooldown(), "by default there is no cooldown");
    }
}
