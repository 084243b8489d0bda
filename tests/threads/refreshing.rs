//! Refreshing: it builds first and swaps then.

use cells::{CloseStatus, InitStatus, Ref, RuntimeCell, State, runtime_cell};
use cells_test_support::{
    Boom, Count, Heard, LONG, Recorder, Stage, Tally, cell, counted, crowd, eventually, leak, panic_of, spawn,
};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn c24_readers_get_the_old_payload_until_the_new_one_is_there() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let recorder = Recorder::on(cell);
    let held = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    let refresher = spawn(move || {
        cell.refresh(|| {
            stage.pause();
            tally.build(2)
        })
    });
    stage.reached();
    assert_eq!((cell.state(), cell.generation()), (State::Ready, Some(1)));
    assert_eq!(cell.peek().expect("the old one").id, 1);
    assert_eq!(cell.get_or_initialize(|| tally.build(9)).expect("the old one").id, 1);
    stage.release();
    let new = refresher.join().expect("a payload");
    assert_eq!((new.id, Ref::generation(&new), cell.generation()), (2, 2, Some(2)));
    assert_eq!(cell.peek().expect("the new one").id, 2);

    assert_eq!((held.id, tally.disposed()), (1, vec![]), "the old one drains");
    drop(held);
    assert_eq!((tally.made(), tally.disposed()), (2, vec![1]));
    let heard = [
        Heard::Start(1),
        Heard::End(1, InitStatus::Ok),
        Heard::Start(2),
        Heard::End(2, InitStatus::Ok),
        Heard::Close(Some(1), CloseStatus::Ok),
    ];
    assert_eq!(recorder.heard(), heard);
}

#[test]
fn c24_an_unused_old_payload_is_disposed_by_the_refresh() {
    let tally = Tally::new();
    let cell = counted("db");
    drop(cell.get_or_initialize(|| tally.build(1)));
    drop(cell.refresh(|| tally.build(2)).expect("a payload"));
    assert_eq!(tally.disposed(), [1]);
}

#[test]
fn c24_a_failed_refresh_leaves_the_old_payload_and_starts_no_cooldown() {
    let tally = Tally::new();
    let cell = counted("db").cooldown(LONG);
    drop(cell.get_or_initialize(|| tally.build(1)));
    let error = cell.refresh(|| Err(Boom(2))).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Boom(2)));
    let panic = panic_of(|| cell.refresh(|| -> Result<_, Boom> { panic!("luck") }));
    assert_eq!(panic.downcast_ref(), Some(&"luck"));

    assert_eq!((cell.state(), cell.generation(), tally.disposed()), (State::Ready, Some(1), vec![]));
    let new = cell.refresh(|| tally.build(4)).expect("no cooldown");
    assert_eq!((new.id, Ref::generation(&new)), (4, 4));
}

#[test]
fn c24_a_failed_refresh_leaves_no_cooldown_behind_for_after_the_close() {
    let cell = cell::<u32>("db").cooldown(LONG);
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    cell.refresh(|| Err(Boom(2))).unwrap_err();
    assert_eq!(cell.close_generation(1).status, CloseStatus::Ok);
    assert_eq!(cell.state(), State::Empty);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(3)).is_ok());
}

#[test]
fn x3_all_refreshes_that_are_asked_for_meanwhile_share_the_next_flight() {
    for fails in [false, true] {
        let (stage, runs) = (Stage::new(), Count::new());
        let cell = leak(cell::<u32>("db").max_waiters(20));
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
        let refresher = spawn(move || {
            cell.refresh(|| {
                stage.pause();
                Ok::<_, Boom>(2)
            })
        });
        stage.reached();
        let others = crowd(20, move || {
            cell.refresh(|| {
                runs.up();
                if fails { Err(Boom(3)) } else { Ok(3) }
            })
        });
        stage.release();
        assert_eq!(refresher.join().map(|lease| *lease).ok(), Some(2));
        for answer in others.answers() {
            match answer {
                Ok(lease) => assert_eq!((*lease, Ref::generation(&lease), fails), (3, 3, false)),
                Err(error) => assert_eq!((error.downcast_ref(), fails), (Some(&Boom(3)), true)),
            }
        }
        // However late one of them is scheduled, it finds the outcome.
        assert_eq!(runs.get(), 1);
        assert_eq!(cell.state(), State::Ready);
    }
}

#[test]
fn x3_a_refresh_during_the_first_flight_does_not_take_its_payload() {
    #[runtime_cell]
    fn file() -> Result<usize, Boom> {
        let version = VERSION.get();
        if version == 1 {
            STAGE.pause();
        }
        Ok(version)
    }
    static VERSION: Count = Count::zero();
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    VERSION.up();
    let first = spawn(|| file().map(|lease| *lease));
    STAGE.reached();
    VERSION.up();
    let second = spawn(|| FILE.refresh().map(|lease| *lease));
    eventually("the waiter", || FILE.snapshot().waiters == 1);
    STAGE.release();
    assert_eq!((first.join().ok(), second.join().ok()), (Some(1), Some(2)));
}

#[test]
fn x3_a_refresh_shares_one_wait_limit_over_both_flights() {
    let stage = Stage::new();
    let cell = leak(RuntimeCell::<u32>::new("db").wait_timeout(Duration::from_millis(20)));
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    let refresher = spawn(move || {
        cell.refresh(|| {
            stage.pause();
            Ok::<_, Boom>(2)
        })
    });
    stage.reached();
    let error = cell.refresh(|| Ok::<_, Boom>(3)).expect_err("the first flight is under way");
    assert!(error.is_timeout(), "{error}");
    stage.release();
    assert!(refresher.join().is_ok());
}

#[test]
fn c24_on_a_cell_without_payload_it_is_a_get() {
    let cell = cell::<u32>("db").cooldown(LONG);
    assert_eq!(cell.refresh(|| Ok::<_, Boom>(1)).map(|lease| *lease).ok(), Some(1));
    let _ = cell.close();
    cell.refresh(|| Err(Boom(1))).unwrap_err();
    assert_eq!(cell.state(), State::Failed);
    assert!(cell.refresh(|| Ok::<_, Boom>(1)).unwrap_err().is_cooldown(), "with a cooldown as for a get");

    let cell = RuntimeCell::<u32>::new("db");
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    assert_eq!(cell.refresh(|| Ok::<_, Boom>(2)).map(|lease| *lease).ok(), Some(2));
}

#[test]
fn c24_a_close_supersedes_a_refresh() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    drop(cell.get_or_initialize(|| tally.build(1)));
    let ids = Count::new();
    let refresher = spawn(move || {
        cell.refresh(|| {
            stage.pause();
            tally.build(10 + u32::try_from(ids.up()).expect("few"))
        })
    });
    stage.reached();
    assert_eq!(cell.close().status, CloseStatus::Ok, "the old payload is disposed");
    assert_eq!(cell.state(), State::Empty);
    stage.release();
    let new = refresher.join().expect("it starts over");
    assert_eq!((new.id, Ref::generation(&new)), (12, 3));
    assert_eq!(tally.disposed(), [1, 11]);
}

#[test]
fn c24_no_reader_finds_the_cell_empty_while_payloads_are_swapped() {
    let cell = leak(cell::<u32>("db"));
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(0)));
    let done = leak(AtomicBool::new(false));
    let reader = spawn(move || {
        let mut reads = 0;
        while !done.load(Ordering::SeqCst) {
            assert!(cell.peek().is_some() && cell.generation().is_some(), "empty after {reads} reads");
            reads += 1;
        }
        reads
    });
    for n in 1..20_000 {
        assert_eq!(cell.refresh(|| Ok::<_, Boom>(n)).map(|lease| *lease).ok(), Some(n));
    }
    done.store(true, Ordering::SeqCst);
    assert!(reader.join() > 0);
}
