//! `cooldown`: how long no factory runs after a failure. How it doubles is in `threads` and `tasks`.

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

#[test]
fn f5_a_range_is_a_cooldown_that_doubles() {
    #[runtime_cell(cooldown = "1h..8h")]
    fn doubles() -> Result<u8, Boom> {
        Err(Boom(1))
    }

    const HOUR: Duration = Duration::from_secs(3600);
    assert_eq!((DOUBLES.info().cooldown, DOUBLES.info().max_cooldown), (HOUR, Some(8 * HOUR)));
    for times in [1, 2, 4, 8, 8] {
        assert!(!doubles().unwrap_err().is_cooldown());
        let left = doubles().unwrap_err().retry_after().unwrap_or_default();
        assert!(left > HOUR * times / 4 && left <= HOUR * times, "{left:?} is not {times} hours");
        // It ends the cooldown, and not the row of failures.
        DOUBLES.invalidate();
    }
}
