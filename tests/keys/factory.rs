//! `factory`: the function itself, beside the cell.

use cells::{BoxError, runtime_cell};

#[test]
fn m6_a_named_factory_runs_without_the_cell() {
    #[allow(clippy::unnecessary_wraps, reason = "it need not fail here")]
    #[runtime_cell(factory = build_settings)]
    fn settings() -> Result<String, BoxError> {
        Ok("settings".to_owned())
    }

    let build: fn() -> Result<String, BoxError> = build_settings;
    assert_eq!(build().unwrap(), "settings");
    assert!(SETTINGS.peek().is_none());
    assert_eq!(*settings().unwrap(), "settings");
}

#[test]
fn p1_a_named_factory_keeps_its_parameters() {
    #[runtime_cell]
    fn store() -> u8 {
        unreachable!("the test passes its own")
    }
    #[allow(clippy::unnecessary_wraps, reason = "it need not fail here")]
    #[runtime_cell(factory = build_search)]
    fn search(#[from(STORE)] numbers: &u8) -> Result<u8, BoxError> {
        Ok(numbers + 1)
    }

    let build: fn(&u8) -> Result<u8, BoxError> = build_search;
    assert_eq!(build(&41).unwrap(), 42);
    assert!(SEARCH.peek().is_none() && STORE.peek().is_none());
}

#[test]
fn m6_a_factory_that_calls_its_own_name_meets_the_cell() {
    #[runtime_cell(dispose = drop)]
    fn circular() -> Result<u8, BoxError> {
        Ok(*circular()? + 1)
    }
    #[runtime_cell(factory = build_plain)]
    fn plain() -> Result<u8, BoxError> {
        Ok(*plain()? + 1)
    }

    let error = circular().unwrap_err();
    let cause = error.downcast_ref::<cells::Error>().expect("the factory failed with the accessor's error");
    assert!(cause.is_reentrant(), "{cause}");
    assert!(plain().unwrap_err().downcast_ref::<cells::Error>().is_some_and(cells::Error::is_reentrant));
}

#[test]
fn m6_an_async_factory_that_calls_its_own_name_meets_the_cell() {
    #[runtime_cell]
    async fn circular() -> Result<u8, BoxError> {
        Ok(*circular().await? + 1)
    }

    let error = pollster::block_on(circular()).unwrap_err();
    let cause = error.downcast_ref::<cells::Error>().expect("the factory failed with the accessor's error");
    assert!(cause.is_reentrant(), "{cause}");
}
