//! `infallible`: the return type is the payload, whatever its name.

use cells::runtime_cell;

#[test]
fn y5_a_type_of_the_name_result_may_be_the_payload() {
    #[derive(Debug, PartialEq)]
    enum Result<T> {
        Score(T),
    }

    #[runtime_cell(infallible)]
    fn game() -> Result<u8> {
        Result::Score(3)
    }

    #[runtime_cell(infallible)]
    fn kept() -> std::result::Result<u8, String> {
        Err("told to all".to_owned())
    }

    assert_eq!(*game(), Result::Score(3));
    assert_eq!(*kept(), Err("told to all".to_owned()));
    assert!(!GAME.info().fallible);
}
