//! `fallible`: the return type is a `Result` by another name, or with other parameters.

use cells::{Error, Ref, runtime_cell};
use cells_test_support::Boom;

#[test]
fn m1_an_alias_without_the_flag_is_a_payload() {
    type Opened = Result<u8, String>;

    #[runtime_cell]
    fn cell() -> Opened {
        Err("not today".to_owned())
    }

    assert_eq!(*cell(), Err("not today".to_owned()));
}

#[test]
fn m4_fallible_makes_a_result_of_an_alias() {
    type Opened = Result<u8, Boom>;

    #[runtime_cell(fallible)]
    fn opened() -> Opened {
        Err(Boom(1))
    }

    let _: fn() -> Result<Ref<'static, u8>, Error> = opened;
    assert_eq!(opened().unwrap_err().downcast_ref(), Some(&Boom(1)));
    assert!(OPENED.info().fallible);
}

#[test]
fn y5_fallible_finds_the_payload_of_any_alias() {
    type Result<T, E = Boom> = std::result::Result<Vec<T>, E>;

    #[runtime_cell(fallible)]
    fn list() -> Result<u8> {
        Ok(vec![1])
    }

    #[runtime_cell(fallible, permanent)]
    fn kept() -> Result<u8> {
        Ok(vec![2])
    }

    assert_eq!(list().map(|list| list.len()).ok(), Some(1));
    assert_eq!(kept().ok(), Some(&vec![2]));
}
