//! Cells that keep their factory, arrays of cells, and tables of cells.

use cells::{
    AnyCell, BoxFuture, CellOf, CloseStatus, FactoryCell, RuntimeBlocked, RuntimeCell, State, find_error,
    runtime_cell,
};
use cells_test_support::{
    Boom, Count, Gate, LONG, current_thread, eventually, leak, message, panic_of, spawn,
};
use std::sync::LazyLock;
use std::time::Duration;

#[test]
fn z7_a_cell_keeps_its_factory() {
    static BUILT: Count = Count::zero();
    static COUNTED: FactoryCell<usize> = FactoryCell::new("counted", || BUILT.up());
    assert_eq!((COUNTED.name(), COUNTED.state()), ("counted", State::Empty));
    assert_eq!((*COUNTED.get(), *COUNTED.get(), *COUNTED.try_get().unwrap()), (1, 1, 1));
    assert_eq!(*COUNTED.refresh().unwrap(), 2);
    assert_eq!(COUNTED.close().status, CloseStatus::Ok);
    assert_eq!(*COUNTED.get(), 3);
    assert_eq!(COUNTED.peek().as_deref(), Some(&3));
    assert!(format!("{COUNTED:?}").contains("counted"));
}

#[test]
fn z7_the_factory_of_a_cell_may_capture_and_fail() {
    let failures = Count::zero();
    let cell = RuntimeCell::<u32>::new("db")
        .cooldown(LONG)
        .with_factory(|| Err(Boom(u32::try_from(failures.up()).unwrap_or(0))));
    assert_eq!(cell.get().unwrap_err().downcast_ref::<Boom>(), Some(&Boom(1)));
    assert!(cell.try_get().unwrap_err().is_cooldown());
    cell.invalidate();
    assert_eq!(cell.refresh().unwrap_err().downcast_ref::<Boom>(), Some(&Boom(2)));
    assert_eq!(cell.into_inner().unwrap(), None);
}

#[test]
fn z7_a_cell_whose_factory_cannot_fail_waits_without_limits() {
    static GATE: LazyLock<&'static Gate> = LazyLock::new(Gate::new);
    static SLOW: FactoryCell<u32> =
        RuntimeCell::new("slow").wait_timeout(Duration::from_nanos(1)).max_waiters(1).with_factory(|| {
            GATE.wait();
            1
        });
    static BROKEN: FactoryCell<u32> = FactoryCell::new("broken", || panic!("wild"));
    let jobs: Vec<_> = (0..4).map(|_| spawn(|| *SLOW.get())).collect();
    eventually("the waiters", || SLOW.snapshot().waiters == 3);
    GATE.open();
    assert!(jobs.into_iter().all(|job| job.join() == 1));
    assert_eq!(message(&*panic_of(|| BROKEN.get())), "wild");
}

#[test]
fn z7_a_cell_keeps_an_asynchronous_factory() {
    type Connecting = BoxFuture<'static, Result<u32, Boom>>;
    static CLIENT: FactoryCell<u32, fn() -> Connecting> =
        FactoryCell::new("client", || Box::pin(async { Ok(1) }));
    pollster::block_on(async {
        assert_eq!(*CLIENT.get_async().await.unwrap(), 1);
        assert_eq!(*CLIENT.try_get_async().await.unwrap(), 1);
        assert_eq!(*CLIENT.refresh_async().await.unwrap(), 1);
    });
    let local = FactoryCell::new("local", || async { 2 });
    assert_eq!(*pollster::block_on(local.get_async()), 2);
    let _ = pollster::block_on(local.close_async());
    assert_eq!(local.state(), State::Empty);
}

#[test]
fn z8_cells_are_elements_of_a_static_array() {
    static BARE: [RuntimeCell<usize>; 3] = [const { RuntimeCell::new("shard") }; 3];
    static WITH_FACTORY: [FactoryCell<usize>; 2] = [const { FactoryCell::new("shard", || 7) }; 2];
    for (index, cell) in BARE.iter().enumerate() {
        assert_eq!(*cell.get_or_init(|| index), index);
    }
    assert_eq!((*WITH_FACTORY[0].get(), WITH_FACTORY[1].state()), (7, State::Empty));
    BARE[1].invalidate();
    assert_eq!(BARE.each_ref().map(|cell| cell.is_ready()), [true, false, true]);
}

mod tables {
    use super::*;

    #[runtime_cell]
    fn plain() -> u32 {
        1
    }

    #[runtime_cell]
    fn fallible() -> Result<u32, Boom> {
        Err(Boom(2))
    }

    #[runtime_cell]
    async fn client() -> u32 {
        3
    }

    #[runtime_cell(permanent)]
    fn settings() -> u32 {
        4
    }

    static NUMBERS: [&'static dyn CellOf<u32>; 3] = [&PLAIN, &FALLIBLE, &CLIENT];
    static PERMANENT: [&'static dyn CellOf<&'static u32>; 1] = [&SETTINGS];
    static ALL: [AnyCell; 4] = [PLAIN.any(), FALLIBLE.any(), CLIENT.any(), SETTINGS.any()];

    #[test]
    fn z8_a_declared_cell_of_any_kind_is_in_a_constant_table() {
        assert!(NUMBERS[0].peek().is_none());
        assert_eq!(*NUMBERS[0].try_get().unwrap(), 1);
        assert_eq!(NUMBERS[0].peek().as_deref(), Some(&1));
        assert_eq!(NUMBERS[1].try_get().unwrap_err().downcast_ref::<Boom>(), Some(&Boom(2)));
        let blocked = current_thread().block_on(async { NUMBERS[2].try_get().unwrap_err() });
        assert!(find_error::<RuntimeBlocked>(&blocked).is_some_and(|it| it.instead == "`try_get_async`"));
        assert_eq!(*NUMBERS[2].try_get().unwrap(), 3, "a thread blocks for it");
        assert_eq!(*pollster::block_on(NUMBERS[2].try_get_async()).unwrap(), 3);
        assert_eq!(*pollster::block_on(NUMBERS[0].try_get_async()).unwrap(), 1);
        assert_eq!(**PERMANENT[0].try_get().unwrap(), 4);
        assert_eq!(PERMANENT[0].any().name(), "settings");
        let names = ALL.map(|cell| (cell.name(), cell.info().permanent, cell.is_ready()));
        let expected = [
            ("plain", false, true),
            ("fallible", false, false),
            ("client", false, true),
            ("settings", true, true),
        ];
        assert_eq!(names, expected);
        assert_eq!(
            ALL.map(|cell| cell.close().status),
            [CloseStatus::Ok, CloseStatus::Noop, CloseStatus::Ok, CloseStatus::Noop]
        );
    }

    #[test]
    fn z8_a_get_by_a_table_is_an_observed_dependency() {
        #[runtime_cell]
        fn used() -> u32 {
            1
        }
        static USED_BY_TABLE: &dyn CellOf<u32> = &USED;
        #[runtime_cell]
        fn user() -> Result<u32, cells::Error> {
            Ok(*USED_BY_TABLE.try_get()?)
        }
        drop(used());
        drop(user());
        assert_eq!(USER.observed().iter().map(|info| info.name).collect::<Vec<_>>(), ["used"]);
    }
}

#[test]
fn z7_a_cell_with_a_factory_is_a_field() {
    struct Tenant<F> {
        pool: FactoryCell<String, F>,
    }
    let names = ["a", "b"];
    let tenants = names.map(|name| Tenant { pool: FactoryCell::new("pool", move || name.to_owned()) });
    assert_eq!(*tenants[1].pool.get(), "b");
    let shared: &'static FactoryCell<u32, _> = leak(FactoryCell::new("shared", || 1));
    let lease = spawn(|| shared.get()).join();
    assert_eq!(*lease, 1, "a lease leaves the thread, and does not borrow the cell");
}
