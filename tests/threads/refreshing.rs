//! Refreshing: it builds first and swaps then.

use cells::{CloseStatus, InitStatus, Ref, RuntimeCell, State};
use cells_test_support::{
    Boom, Count, Heard, LONG, Recorder, Stage, Tally, cell, counted, crowd, leak, panic_of, spawn,
};
use std::sync::atomic::{AtomicBool, Ordering};

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
fn c24_a_second_refresh_waits_for_the_first_and_gets_its_outcome() {
    for fails in [false, true] {
        let (stage, runs) = (Stage::new(), Count::new());
        let cell = leak(cell::<u32>("db").max_waiters(2));
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
        let refresher = spawn(move || {
            cell.refresh(|| {
                stage.pause();
                runs.up();
                if fails { Err(Boom(2)) } else { Ok(2) }
            })
        });
        stage.reached();
        let others = crowd(2, move || {
            cell.refresh(|| {
                runs.up();
                Ok::<_, Boom>(3)
            })
        });
        stage.release();
        let mut answers = others.answers();
        answers.push(refresher.join());
        for answer in answers {
            match answer {
                Ok(lease) => assert_eq!((*lease, fails), (2, false)),
                Err(error) => assert_eq!((error.downcast_ref(), fails), (Some(&Boom(2)), true)),
            }
        }
        assert_eq!(runs.get(), 1);
        assert_eq!(cell.state(), State::Ready);
    }
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
