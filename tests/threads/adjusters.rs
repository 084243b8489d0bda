//! Adjusters: they are part of a flight, and of nothing else.

use cells::{BoxError, FactoryAdjuster, InitStatus, NoopFactoryAdjuster, RuntimeCell, State};
use cells_test_support::{
    Boom, Count, Heard, Hooks, LONG, Recorder, Stage, cell, crowd, leak, lock, panic_of, spawn,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An adjuster made of a closure.
struct Adjust<F>(F);

impl<T, F> FactoryAdjuster<T> for Adjust<F>
where
    F: Fn(&str, &mut dyn FnMut() -> Result<T, BoxError>) -> Result<T, BoxError> + Send + Sync,
{
    fn adjust(&self, cell: &str, factory: &mut dyn FnMut() -> Result<T, BoxError>) -> Result<T, BoxError> {
        (self.0)(cell, factory)
    }
}

fn adjust(
    cell: &RuntimeCell<usize>,
    f: impl Fn(&str, &mut dyn FnMut() -> Result<usize, BoxError>) -> Result<usize, BoxError>
    + Send
    + Sync
    + 'static,
) {
    cell.configure_adjuster(Arc::new(Adjust(f)));
}

#[test]
fn o4_the_default_adjuster_changes_nothing() {
    let cell = cell::<usize>("db");
    cell.configure_adjuster(Arc::new(NoopFactoryAdjuster));
    assert_eq!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).map(|lease| *lease).ok(), Some(1));
}

#[test]
fn o5_the_adjuster_wraps_the_factory_of_the_initializer_alone() {
    let (stage, calls) = (Stage::new(), Count::new());
    let cell = leak(cell::<usize>("db").max_waiters(2));
    adjust(cell, move |name, factory| {
        assert_eq!(name, "db");
        calls.up();
        stage.pause();
        factory().map(|value| value + 10)
    });
    let initializer = spawn(|| cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    stage.reached();
    assert_eq!(cell.state(), State::Initializing, "it runs inside the flight");
    let waiters = crowd(2, move || cell.get_or_initialize(|| Ok::<_, Boom>(2)));
    stage.release();
    for answer in waiters.answers().into_iter().chain([initializer.join()]) {
        assert_eq!(answer.map(|lease| *lease).ok(), Some(11));
    }
    assert_eq!(calls.get(), 1);
    assert_eq!(cell.refresh(|| Ok::<_, Boom>(3)).map(|lease| *lease).ok(), Some(13));
    assert_eq!(calls.get(), 2);
}

#[test]
fn o5_it_may_retry_and_replace() {
    let cell = cell::<usize>("db");
    adjust(&cell, |_, factory| factory().or_else(|_| factory()).or(Ok(42)));
    let mut runs = 0;
    let lease = cell.get_or_initialize(|| {
        runs += 1;
        Err(Boom(1))
    });
    assert_eq!((lease.map(|lease| *lease).ok(), runs), (Some(42), 2));
}

#[test]
fn o5_its_error_is_the_flights_failure() {
    let cell = cell::<usize>("db").cooldown(LONG);
    let recorder = Recorder::on(&cell);
    adjust(&cell, |_, factory| factory().and(Err(Boom(2).into())));
    let error = cell.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Boom(2)));
    assert_eq!(recorder.heard(), [Heard::Start(1), Heard::End(1, InitStatus::Error)]);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err().is_cooldown());
}

#[test]
fn o5_its_panic_is_the_flights_panic() {
    let cell = cell::<usize>("db");
    let recorder = Recorder::on(&cell);
    adjust(&cell, |_, _| panic!("wild adjuster"));
    let panic = panic_of(|| cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    assert_eq!(panic.downcast_ref(), Some(&"wild adjuster"));
    assert_eq!(cell.state(), State::Failed);
    assert_eq!(recorder.heard(), [Heard::Start(1), Heard::End(1, InitStatus::Panicked)]);
    cell.configure_adjuster(Arc::new(NoopFactoryAdjuster));
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).is_ok());
}

#[test]
fn o5_its_time_is_part_of_the_flights() {
    let cell = cell::<usize>("db");
    let durations = leak(Mutex::new(Vec::new()));
    Hooks::new().end(move |event| lock(durations).push(event.duration)).on(&cell);
    let work = Duration::from_millis(10);
    adjust(&cell, move |_, factory| {
        std::thread::sleep(work);
        factory()
    });
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).is_ok());
    assert!(lock(durations)[0] >= work, "{:?}", lock(durations));
}
