//! `retry`: how often a flight repeats the factory.

use cells::{BoxError, runtime_cell};

const TWICE: u32 = 2;

#[test]
fn f5_retry_is_a_number_or_a_const_expression() {
    #[runtime_cell(retry = 3)]
    fn thrice() -> Result<u8, BoxError> {
        Ok(1)
    }

    #[runtime_cell(retry = TWICE + 2, permanent)]
    fn by_expression() -> Result<u8, BoxError> {
        Ok(1)
    }

    #[runtime_cell]
    fn never() -> Result<u8, BoxError> {
        Ok(1)
    }

    let _ = (thrice(), by_expression(), never());
    assert_eq!((THRICE.info().retries, BY_EXPRESSION.info().retries, NEVER.info().retries), (3, 4, 0));
}
