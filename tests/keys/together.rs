//! Several keys on one cell.

use cells::{AsyncCell, BoxError, InitResult, Observer, runtime_cell};
use cells_test_support::multi_thread;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LIMIT: Duration = Duration::from_millis(250);

#[runtime_cell(name = "keyed", max_waiters = 2 * 32, wait_timeout = LIMIT, cooldown = "2m")]
fn keyed() -> Result<u8, BoxError> {
    Ok(1)
}

#[runtime_cell(wait_timeout = Duration::ZERO, cooldown = "250ms")]
fn waits_for_ever() -> Result<u8, BoxError> {
    Ok(1)
}

#[test]
fn m4_keys_are_read_at_compile_time() {
    let info = KEYED.info();
    assert_eq!(info.name, "keyed");
    assert_eq!(info.max_waiters, Some(64));
    assert_eq!(info.wait_timeout, Some(LIMIT));
    assert_eq!(info.cooldown, Duration::from_secs(120));
    assert_eq!(keyed().unwrap().to_string(), "1");
    assert_eq!(WAITS_FOR_EVER.info().wait_timeout, None);
    assert_eq!(WAITS_FOR_EVER.info().cooldown, LIMIT);
    drop(waits_for_ever());
}

#[test]
fn m4_observer_and_adjuster_are_made_on_first_use() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    static SEEN: AtomicUsize = AtomicUsize::new(0);

    struct Counting;

    impl Counting {
        fn new() -> Self {
            MADE.fetch_add(1, Ordering::Relaxed);
            Self
        }
    }

    impl Observer for Counting {
        fn on_init_end(&self, _: &InitResult<'_>) {
            SEEN.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Doubling;

    impl cells::FactoryAdjuster<u8> for Doubling {
        fn adjust(&self, _: &str, factory: &mut dyn FnMut() -> Result<u8, BoxError>) -> Result<u8, BoxError> {
            factory().map(|payload| payload * 2)
        }
    }

    #[runtime_cell(observer = Counting::new(), adjuster = Doubling)]
    fn watched() -> u8 {
        21
    }

    assert_eq!(MADE.load(Ordering::Relaxed), 0);
    assert_eq!(*watched(), 42);
    WATCHED.invalidate();
    assert_eq!(*watched(), 42);
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
    assert_eq!(SEEN.load(Ordering::Relaxed), 2);
}

#[test]
fn m4_tokios_keys_reach_the_runtime() {
    use cells::DeclaredAsync;

    #[runtime_cell(detached)]
    async fn detached() -> u8 {
        1
    }
    #[runtime_cell(runtime = "own")]
    async fn own() -> u8 {
        2
    }

    const fn keys<D: DeclaredAsync<u8>>(_: &AsyncCell<u8, D>) -> (bool, bool) {
        (D::DETACHED, D::OWN_RUNTIME)
    }
    assert_eq!((keys(&DETACHED), keys(&OWN)), ((true, false), (false, true)));
    multi_thread().block_on(async { assert_eq!((*detached().await, *own().await), (1, 2)) });
}

#[test]
fn y4_values_may_be_in_parentheses() {
    #[runtime_cell]
    fn first() -> u8 {
        1
    }
    #[runtime_cell(
        name = ("second"), cell = (ANOTHER), after = ([(FIRST)]), max_waiters = (4), wait_timeout = ("5s"),
        cooldown = ((Duration::from_secs(2))), dispose = (drop), crate = (::cells)
    )]
    fn second() -> Result<u8, BoxError> {
        Ok(2)
    }

    assert_eq!((*first(), *second().unwrap()), (1, 2));
    let info = ANOTHER.info();
    assert_eq!((info.name, info.max_waiters, info.dependencies.len()), ("second", Some(4), 1));
    assert_eq!((info.wait_timeout, info.cooldown), (Some(Duration::from_secs(5)), Duration::from_secs(2)));
}
