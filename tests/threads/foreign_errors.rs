//! Errors that are no `std::error::Error` themselves (`anyhow`, `eyre`), or that hide a cell's error (`thiserror`).

use anyhow::Context as _;
use cells::{BoxError, Error, FactoryAdjuster, LifecycleError, SharedError, find_error, keep, runtime_cell};
use cells_test_support::{Boom, LONG, Stage, cell, crowd, leak, start_flight};
use std::io;
use std::sync::Arc;
use std::time::Duration;

fn refused() -> io::Result<u32> {
    Err(io::Error::other("refused"))
}

#[track_caller]
fn is_io(error: &Error) {
    assert_eq!(error.downcast_ref::<io::Error>().map(ToString::to_string).as_deref(), Some("refused"));
    assert_eq!(error.root_cause().to_string(), "refused");
}

#[track_caller]
fn is_dependency(error: &Error, on: &str) {
    assert!(matches!(error, Error::Lifecycle(LifecycleError::Dependency { .. })), "{error:?}");
    assert_eq!(error.downcast_ref::<Error>().map(Error::cell), Some(on), "{error:?}");
}

#[runtime_cell]
fn plain() -> anyhow::Result<u32> {
    Ok(refused()?)
}

#[test]
fn x5_the_error_in_an_anyhow_error_is_found() {
    #[runtime_cell]
    fn with_context() -> anyhow::Result<u32> {
        refused().context("cannot connect").context("cannot start")
    }
    #[runtime_cell]
    fn by_name() -> Result<u32, anyhow::Error> {
        Ok(refused()?)
    }
    is_io(&plain().unwrap_err());
    is_io(&by_name().unwrap_err());
    let error = with_context().unwrap_err();
    is_io(&error);
    let chain: Vec<_> = std::iter::successors(std::error::Error::source(&error), |cause| cause.source())
        .map(ToString::to_string)
        .collect();
    assert_eq!(chain, ["cannot start", "cannot connect", "refused"]);
}

#[test]
fn x5_the_error_in_an_eyre_report_is_found() {
    #[runtime_cell]
    fn report() -> eyre::Result<u32> {
        use eyre::WrapErr;
        refused().wrap_err("cannot connect")
    }
    let error = report().unwrap_err();
    is_io(&error);
    let Error::Lifecycle(LifecycleError::Init { source, .. }) = error else { panic!("{error}") };
    assert!(format!("{source:?}").contains("Caused by"), "the whole report is kept: {source:?}");
}

#[test]
fn x5_an_anyhow_error_of_a_cell_is_a_dependency() {
    #[runtime_cell]
    fn passes_on() -> anyhow::Result<u32> {
        Ok(*plain()?)
    }
    #[runtime_cell]
    fn explains() -> anyhow::Result<u32> {
        Ok(*passes_on().context("the thing below")?)
    }
    #[runtime_cell]
    fn injected(plain: &u32) -> anyhow::Result<u32> {
        Ok(*plain)
    }
    #[runtime_cell]
    fn injected_and_fails(#[from(FINE)] fine: &u32) -> anyhow::Result<u32> {
        assert_eq!(*fine, 1);
        Ok(refused()?)
    }
    #[runtime_cell]
    fn fine() -> u32 {
        1
    }
    is_dependency(&passes_on().unwrap_err(), "plain");
    is_dependency(&explains().unwrap_err(), "passes_on");
    is_dependency(&injected().unwrap_err(), "plain");
    is_io(&explains().unwrap_err());
    is_io(&injected().unwrap_err());
    is_io(&injected_and_fails().unwrap_err());
}

#[test]
fn x5_a_permanent_cell_keeps_an_anyhow_error() {
    #[runtime_cell(permanent)]
    fn config() -> anyhow::Result<u32> {
        refused().context("no configuration")
    }
    #[runtime_cell(permanent)]
    fn derived() -> eyre::Result<u32> {
        Ok(*config()?)
    }
    is_io(&config().unwrap_err());
    is_dependency(&derived().unwrap_err(), "config");
}

#[test]
fn x5_a_circle_is_found_in_anyhow_errors() {
    #[runtime_cell]
    fn first() -> anyhow::Result<u32> {
        Ok(*second().context("second")?)
    }
    #[runtime_cell]
    fn second() -> anyhow::Result<u32> {
        Ok(*first().context("first")?)
    }
    let error = first().unwrap_err();
    is_dependency(&error, "second");
    let circle = error.root_cause().downcast_ref::<Error>().expect("a cell's error");
    assert!(circle.is_reentrant(), "{circle}");
}

#[test]
fn x5_waiters_get_what_is_in_an_anyhow_error() {
    let (stage, cell) = (Stage::new(), leak(cell::<u32>("db").max_waiters(3)));
    let initializer = start_flight(cell, stage, || refused().context("cannot connect").map_err(keep));
    let waiters = crowd(3, move || cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    stage.release();
    is_io(&initializer.join().unwrap_err());
    waiters.answers().iter().for_each(|answer| is_io(answer.as_ref().unwrap_err()));
}

#[test]
fn x5_a_box_is_not_boxed_again() {
    #[runtime_cell]
    fn boxed() -> Result<u32, BoxError> {
        Err(Boom(1).into())
    }
    assert_eq!(boxed().unwrap_err().downcast_ref::<Boom>(), Some(&Boom(1)));
    assert!(keep(BoxError::from(Boom(2))).is::<Boom>());
    let twice = keep(keep(anyhow::Error::new(Boom(3))));
    assert_eq!(find_error::<Boom>(&*twice), Some(&Boom(3)));
    let shared = SharedError::new(SharedError::new(twice));
    assert_eq!(shared.downcast_ref::<Boom>(), Some(&Boom(3)));
    let shared: Arc<dyn std::error::Error + Send + Sync> = Arc::new(Boom(4));
    assert_eq!(SharedError::new(keep(shared)).downcast_ref::<Boom>(), Some(&Boom(4)));
}

#[test]
fn x5_an_adjuster_sees_what_failed() {
    struct Retry;
    impl FactoryAdjuster<u32> for Retry {
        fn adjust(
            &self,
            _: &str,
            factory: &mut dyn FnMut() -> Result<u32, BoxError>,
        ) -> Result<u32, BoxError> {
            factory().inspect_err(|error| {
                assert!(find_error::<io::Error>(&**error).is_some(), "{error:?}");
            })
        }
    }
    #[runtime_cell(adjuster = Retry)]
    fn adjusted() -> anyhow::Result<u32> {
        refused().context("cannot connect")
    }
    is_io(&adjusted().unwrap_err());
}

#[test]
fn x5_a_disposer_may_return_an_anyhow_result() {
    #[expect(clippy::unnecessary_wraps, reason = "a disposer may fail")]
    fn works(_: u32) -> eyre::Result<()> {
        Ok(())
    }
    fn fails(_: u32) -> anyhow::Result<()> {
        refused().map(drop).context("cannot log out")
    }
    #[runtime_cell(dispose = works)]
    fn fine() -> anyhow::Result<u32> {
        Ok(1)
    }
    #[runtime_cell(dispose = fails)]
    fn stuck() -> anyhow::Result<u32> {
        Ok(1)
    }
    drop((fine().unwrap(), stuck().unwrap()));
    assert!(FINE.close().error.is_none());
    let error = STUCK.close().error.expect("it failed");
    assert!(find_error::<io::Error>(&*error).is_some(), "{error:?}");
}

/// Hides a cell's error: its `source` is what is below that.
#[derive(Debug, thiserror::Error)]
enum AppError {
    #[error(transparent)]
    Cell(#[from] Error),
    #[error("app")]
    Other(#[from] io::Error),
}

#[test]
fn x5_an_error_that_hides_a_cells_error_is_a_dependency() {
    #[runtime_cell]
    fn below() -> Result<u32, AppError> {
        Ok(refused()?)
    }
    #[runtime_cell]
    fn above() -> Result<u32, AppError> {
        let _ = cell::<u32>("another").get_or_initialize(|| Err(Boom(1)));
        Ok(*below()?)
    }
    #[runtime_cell]
    fn top() -> anyhow::Result<u32> {
        above().map(|lease| *lease).map_err(AppError::from).context("at the top")
    }
    is_dependency(&above().unwrap_err(), "below");
    is_io(&above().unwrap_err());
    let top = top().unwrap_err();
    is_dependency(&top, "above");
    is_io(&top);
    let hidden = top.downcast_ref::<Error>().expect("that of `above`");
    is_dependency(hidden, "below");
    assert!(top.downcast_ref::<AppError>().is_some());
}

#[test]
fn x5_an_error_of_its_own_is_no_dependency() {
    #[runtime_cell]
    fn absent() -> Result<u32, AppError> {
        Ok(refused()?)
    }
    #[runtime_cell]
    fn falls_back() -> Result<u32, AppError> {
        match absent() {
            Ok(lease) => Ok(*lease),
            Err(_) => Ok(refused()?),
        }
    }
    let error = falls_back().unwrap_err();
    assert!(matches!(error, Error::Lifecycle(LifecycleError::Init { .. })), "{error:?}");
}

#[test]
fn x14_an_unavailable_dependency_starts_no_cooldown() {
    let (stage, slow) = (Stage::new(), leak(cell::<u32>("slow").wait_timeout(Duration::from_millis(1))));
    let initializer = start_flight(slow, stage, || Ok::<_, Boom>(1));
    let ask = || slow.get_or_initialize(|| Ok::<_, Boom>(1)).map(|lease| *lease);

    let user = leak(cell::<u32>("user").cooldown(LONG));
    let error = user.get_or_initialize(ask).unwrap_err();
    is_dependency(&error, "slow");
    assert!(error.is_unavailable() && !error.is_timeout() && error.retry_after().is_none(), "{error:?}");

    let hiding = leak(cell::<u32>("hiding").cooldown(LONG));
    let error = hiding.get_or_initialize(|| ask().map_err(AppError::from)).unwrap_err();
    is_dependency(&error, "slow");
    assert!(error.is_unavailable(), "{error:?}");

    stage.release();
    drop(initializer.join().unwrap());
    assert_eq!(*user.get_or_initialize(ask).unwrap(), 1);
    assert_eq!(*hiding.get_or_initialize(ask).unwrap(), 1);
}

#[test]
fn x14_waiters_know_that_a_dependency_is_unavailable_or_cooling_down() {
    let (stage, user) = (Stage::new(), leak(cell::<u32>("user").max_waiters(1).cooldown(LONG)));
    let below = leak(cell::<u32>("below"));
    below.record_failure(Boom(1), LONG);
    let initializer =
        start_flight(user, stage, move || below.get_or_initialize(|| Ok::<_, Boom>(1)).map(|lease| *lease));
    let waiters = crowd(1, move || user.get_or_initialize(|| Ok::<_, Boom>(1)));
    stage.release();
    for error in [initializer.join().unwrap_err(), waiters.answers().remove(0).unwrap_err()] {
        assert!(
            error.retry_after().is_some() && !error.is_unavailable() && !error.is_cooldown(),
            "{error:?}"
        );
    }
    let error = user.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err();
    assert!(error.is_cooldown(), "a dependency that failed is a failure: {error:?}");
}
