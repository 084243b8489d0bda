//! `adjuster`: what runs instead of the factory, and may call it.

use cells::{AsyncFactoryAdjuster, BoxError, BoxFuture, FactoryAdjuster, runtime_cell};
use cells_test_support::Boom;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn m4_an_adjuster_may_call_the_factory_again() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    struct Twice;

    impl FactoryAdjuster<u8> for Twice {
        fn adjust(
            &self,
            cell: &str,
            factory: &mut dyn FnMut() -> Result<u8, BoxError>,
        ) -> Result<u8, BoxError> {
            assert_eq!(cell, "flaky");
            factory().or_else(|_| factory())
        }
    }

    #[runtime_cell(adjuster = Twice)]
    fn flaky() -> Result<u8, Boom> {
        if RUNS.fetch_add(1, Ordering::Relaxed) == 0 { Err(Boom(1)) } else { Ok(2) }
    }

    assert_eq!(*flaky().unwrap(), 2);
    assert_eq!(RUNS.load(Ordering::Relaxed), 2);
}

#[test]
fn m4_an_adjuster_of_an_async_cell_is_async() {
    struct Doubling;

    impl AsyncFactoryAdjuster<u8> for Doubling {
        fn adjust<'a>(
            &'a self,
            _: &'a str,
            factory: &'a mut (dyn FnMut() -> BoxFuture<'static, Result<u8, BoxError>> + Send),
        ) -> BoxFuture<'a, Result<u8, BoxError>> {
            Box::pin(async { Ok(factory().await? * 2) })
        }
    }

    #[runtime_cell(adjuster = Doubling)]
    async fn doubled() -> u8 {
        21
    }

    assert_eq!(*pollster::block_on(doubled()), 42);
}
