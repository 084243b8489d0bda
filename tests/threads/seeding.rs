//! Seeding: who may seed, when it is refused, and what a seeded payload is.

use cells::testing::allow_seeding;
use cells::{BoxError, CellInfo, CloseStatus, Declared, Disposer, Ref, SeedRefusal, State, StaticCell};
use cells_test_support::{
    Boom, Heard, LONG, Recorder, Stage, Tally, alone, alone_with, cell, counted, leak, spawn, start_flight,
};
use std::env;

/// The environment variable that allows seeding.
const ALLOW: &str = "CELLS_ALLOW_SEED";
/// What the child process of a test should expect.
const EXPECTED: &str = "CELLS_TEST_SEED_ALLOWED";

#[test]
fn c26_without_permission_it_is_refused_and_says_how_to_allow_it() {
    alone(|| {
        let cell = cell::<String>("db");
        let error = cell.seed("value".to_owned()).unwrap_err();
        assert_eq!(error.refusal(), SeedRefusal::NotAllowed);
        let message = error.to_string();
        for way in ["cell `db`", ALLOW, "cells::testing::allow_seeding()", "under test"] {
            assert!(message.contains(way), "{message}");
        }
        assert_eq!(error.into_value(), "value");
        assert_eq!(cell.state(), State::Empty);
    });
}

#[test]
fn c26_a_permit_holds_for_the_process_and_its_life() {
    alone(|| {
        let cell = leak(cell::<u32>("db"));
        let refused = || cell.seed(1).is_err_and(|error| error.refusal() == SeedRefusal::NotAllowed);
        let permit = allow_seeding();
        let nested = allow_seeding();
        drop(nested);
        assert!(spawn(|| cell.seed(2).is_ok()).join(), "another thread");
        drop(permit);
        let _ = cell.close();
        assert!(refused() && spawn(refused).join());
    });
}

/// In a task, which may have moved to another thread since.
#[test]
fn z4_a_permit_may_be_sent() {
    alone(|| {
        let (permit, cell) = (allow_seeding(), leak(cell::<u32>("db")));
        spawn(move || {
            assert!(cell.seed(1).is_ok());
            drop(permit);
        })
        .join();
        let _ = cell.close();
        assert!(cell.seed(2).is_err_and(|error| error.refusal() == SeedRefusal::NotAllowed));
    });
}

#[test]
fn z13_who_unwraps_a_refusal_reads_its_text() {
    let (tally, _permit) = (Tally::new(), allow_seeding());
    let cell = counted("db");
    drop(cell.get_or_initialize(|| tally.build(1)));
    let error = cell.seed(tally.make(2)).unwrap_err();
    let text = "cell `db`: it already has a payload; close it before seeding it";
    assert_eq!((error.to_string(), format!("{error:?} {error:#}")), (text.into(), format!("{text} {text}")));
}

#[test]
fn c26_the_guard_comes_before_occupancy() {
    alone(|| {
        let cell = cell::<u32>("db");
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
        assert_eq!(cell.seed(2).unwrap_err().refusal(), SeedRefusal::NotAllowed);
    });
}

struct Testable;

impl Declared<u32> for Testable {
    type Mode = cells::__private010::Fallible;
    const INFO: &'static CellInfo =
        &CellInfo::new::<Self>("testable", "TESTABLE", "u32", module_path!(), file!(), line!(), cfg!(test));
    const DISPOSER: Disposer<u32> = Disposer::drop();
}

impl cells::__private010::Factory<Result<u32, BoxError>> for Testable {
    const BUILD: fn() -> Result<u32, BoxError> = || Ok(1);
}

static TESTABLE: StaticCell<u32, Testable> = StaticCell::new();

#[test]
fn c26_a_cell_declared_under_test_may_be_seeded() {
    TESTABLE.seed(5).expect("no permit is needed");
    assert_eq!(TESTABLE.try_get().map(|lease| *lease).ok(), Some(5));
}

#[test]
fn c26_the_environment_allows_it_in_certain_words() {
    let words = [
        ("1", true),
        ("true", true),
        ("YES", true),
        (" On ", true),
        ("0", false),
        ("", false),
        ("no", false),
        ("truely", false),
    ];
    for (word, allowed) in words {
        alone_with([(ALLOW, word), (EXPECTED, &allowed.to_string())], || {
            let expected = env::var(EXPECTED).expect("it is given");
            assert_eq!(cell::<u32>("db").seed(1).is_ok().to_string(), expected);
        });
    }
}

#[test]
fn c27_a_ready_cell_refuses_and_hands_the_value_back() {
    let (tally, _permit) = (Tally::new(), allow_seeding());
    let cell = counted("db");
    drop(cell.get_or_initialize(|| tally.build(1)));
    let error = cell.seed(tally.make(2)).unwrap_err();
    assert_eq!(error.refusal(), SeedRefusal::Ready);
    assert_eq!((error.into_value().id, cell.generation()), (2, Some(1)));
    assert!(tally.disposed().is_empty());
}

#[test]
fn c27_an_initializing_cell_refuses_and_hands_the_value_back() {
    let (tally, _permit, stage) = (Tally::new(), allow_seeding(), Stage::new());
    let cell = leak(counted("db"));
    let initializer = start_flight(cell, stage, || tally.build(1));
    let error = cell.seed(tally.make(2)).unwrap_err();
    assert_eq!(error.refusal(), SeedRefusal::Initializing);
    assert_eq!(error.into_value().id, 2);
    stage.release();
    assert_eq!(initializer.join().expect("the flight goes on").id, 1);
}

#[test]
fn c28_a_seeded_cell_is_like_any_other() {
    let (tally, _permit) = (Tally::new(), allow_seeding());
    let cell = counted("db").cooldown(LONG);
    let recorder = Recorder::on(&cell);
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    cell.seed(tally.make(2)).expect("a failed cell may be seeded");
    assert_eq!((cell.state(), cell.generation()), (State::Ready, Some(2)));
    let lease = cell.get_or_initialize(|| tally.build(9)).expect("the cooldown is over");
    assert_eq!((lease.id, Ref::generation(&lease)), (2, 2));
    drop(lease);
    assert_eq!(cell.close().status, CloseStatus::Ok);
    assert_eq!((tally.made(), tally.disposed()), (1, vec![2]));
    assert_eq!(recorder.heard().last(), Some(&Heard::Close(Some(2), CloseStatus::Ok)));
    assert!(cell.get_or_initialize(|| tally.build(3)).is_ok());
    assert_eq!(cell.generation(), Some(3));
}

#[test]
fn c28_who_starts_over_gets_the_seeded_payload() {
    let (tally, _permit, stage) = (Tally::new(), allow_seeding(), Stage::new());
    let cell = leak(counted("db"));
    let initializer = start_flight(cell, stage, || tally.build(1));
    let _ = cell.close();
    cell.seed(tally.make(2)).expect("the flight is no longer under way");
    stage.release();
    let lease = initializer.join().expect("it starts over");
    assert_eq!((lease.id, Ref::generation(&lease)), (2, 2));
    assert_eq!(tally.disposed(), [1]);
}
