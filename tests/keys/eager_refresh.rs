//! `eager_refresh`: a payload that is no longer fresh is replaced although nobody asks for it.

use cells::runtime_cell;

#[test]
fn f1_eager_refresh_is_a_fact() {
    #[runtime_cell(fresh = "1h", eager_refresh)]
    fn eager() -> u8 {
        1
    }

    #[runtime_cell(fresh = "1h")]
    fn when_asked() -> u8 {
        2
    }

    let _ = (eager(), when_asked());
    assert_eq!((EAGER.info().eager_refresh, WHEN_ASKED.info().eager_refresh), (true, false));
}
