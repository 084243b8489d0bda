//! Values from outside: where they go, what they end, and who gets them.

use cells::{
    CloseStatus, Error, FactoryCell, InitStatus, LifecycleError, ProvideRefusal, Ref, RequestContext,
    RuntimeCell, State, UnavailableError,
};
use cells_test_support::{
    Boom, Count, Counted, Heard, Hooks, LONG, Recorder, Stage, Tally, cell, counted, crowd, eventually, leak,
    panic_of, spawn, start_flight,
};
use std::sync::{Arc, Barrier, Mutex, mpsc};

#[test]
fn v1_provide_publishes_where_nothing_is_and_hands_back_elsewhere() {
    let tally = Tally::new();
    let cell = counted("db");
    cell.provide(tally.make(1)).expect("it is empty");
    assert_eq!((cell.state(), cell.generation()), (State::Ready, Some(1)));
    let error = cell.provide(tally.make(2)).unwrap_err();
    assert_eq!((error.refusal(), error.into_value().id), (ProvideRefusal::Ready, 2));
    assert_eq!(cell.close().status, CloseStatus::Ok);
    cell.provide(tally.make(3)).expect("it is empty again");
    assert_eq!(cell.get_or_initialize(|| tally.build(9)).expect("what was provided").id, 3);
    assert_eq!((cell.generation(), tally.disposed(), tally.made()), (Some(2), vec![1], 3));
}

#[test]
fn v1_provide_during_a_flight_hands_back() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let initializer = start_flight(cell, stage, || tally.build(1));
    let error = cell.provide(tally.make(2)).unwrap_err();
    let text =
        "cell `db`: it is being initialized; provide the value before the first get, or call `replace`";
    assert_eq!((error.refusal(), error.to_string()), (ProvideRefusal::Initializing, text.to_owned()));
    assert_eq!(error.into_value().id, 2);
    stage.release();
    assert_eq!(initializer.join().expect("the flight goes on").id, 1);
}

#[test]
fn v1_provide_ends_a_cooldown() {
    let tally = Tally::new();
    let cell = counted("db").cooldown(LONG);
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    cell.provide(tally.make(2)).expect("no flight is under way");
    assert_eq!((cell.state(), cell.generation()), (State::Ready, Some(2)));
    cell.invalidate();
    assert_eq!(cell.get_or_initialize(|| tally.build(3)).expect("no cooldown").id, 3);
}

#[test]
fn v1_replace_retires_the_old_payload_and_drains_it() {
    let tally = Tally::new();
    let cell = counted("db");
    let recorder = Recorder::on(&cell);
    cell.replace(tally.make(1)).expect("an empty cell takes it too");
    let held = cell.peek().expect("a payload");
    cell.replace(tally.make(2)).expect("in its place");
    assert_eq!((held.id, cell.peek().expect("the new one").id, cell.generation()), (1, 2, Some(2)));
    assert!(tally.disposed().is_empty(), "the old one drains");
    assert_eq!(cell.snapshot().draining, 1);
    drop(held);
    assert_eq!(tally.disposed(), [1]);
    cell.replace(tally.make(3)).expect("in its place");
    assert_eq!(tally.disposed(), [1, 2]);
    let heard = [
        Heard::Start(1),
        Heard::End(1, InitStatus::Ok),
        Heard::Start(2),
        Heard::End(2, InitStatus::Ok),
        Heard::Close(Some(1), CloseStatus::Ok),
        Heard::Start(3),
        Heard::End(3, InitStatus::Ok),
        Heard::Close(Some(2), CloseStatus::Ok),
    ];
    assert_eq!(recorder.heard(), heard);
}

#[test]
fn v1_replace_during_a_flight_gives_the_value_to_waiters_and_initializer() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db").max_waiters(4));
    let recorder = Recorder::on(cell);
    let initializer = start_flight(cell, stage, || tally.build(1));
    let crowd = crowd(4, move || cell.get_or_initialize(|| tally.build(9)));
    cell.replace(tally.make(2)).expect("it settles the flight");
    for answer in crowd.answers() {
        let lease = answer.expect("the value");
        assert_eq!((lease.id, Ref::generation(&lease)), (2, 2));
    }
    assert_eq!(cell.state(), State::Ready);
    stage.release();
    assert_eq!(initializer.join().expect("the value").id, 2);
    assert_eq!((tally.made(), tally.disposed()), (2, vec![1]), "what the factory built came too late");
    assert_eq!(recorder.ends(), [(2, InitStatus::Ok), (1, InitStatus::Superseded)]);
    recorder.balanced();
}

#[test]
fn v1_the_initializer_gets_the_value_although_its_factory_fails() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db").cooldown(LONG));
    let initializer = start_flight(cell, stage, || Err(Boom(1)));
    cell.replace(tally.make(2)).expect("it settles the flight");
    stage.release();
    assert_eq!(initializer.join().expect("the value").id, 2);
    assert_eq!((cell.state(), cell.snapshot().last_error), (State::Ready, None));
}

#[test]
fn v1_a_panic_of_a_replaced_factory_unwinds_and_changes_nothing() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let job = spawn(move || {
        let factory = || -> Result<Counted, Boom> {
            stage.pause();
            panic!("late")
        };
        panic_of(|| cell.get_or_initialize(factory)).downcast_ref() == Some(&"late")
    });
    stage.reached();
    cell.replace(tally.make(2)).expect("it settles the flight");
    stage.release();
    assert!(job.join());
    assert_eq!((cell.state(), cell.generation()), (State::Ready, Some(2)));
}

#[test]
fn v1_replace_during_a_refresh_settles_it_too() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    cell.provide(tally.make(1)).expect("it is empty");
    let refresher = spawn(move || {
        cell.refresh(|| {
            stage.pause();
            tally.build(2)
        })
    });
    stage.reached();
    cell.replace(tally.make(3)).expect("in the place of both");
    assert_eq!((cell.generation(), tally.disposed()), (Some(3), vec![1]));
    stage.release();
    assert_eq!(refresher.join().expect("the value").id, 3);
    assert_eq!(tally.disposed(), [1, 2]);
}

#[test]
fn v1_inside_the_cells_own_factory_replace_settles_that_flight() {
    let tally = Tally::new();
    let cell = counted("db");
    let lease = cell.get_or_initialize(|| {
        assert_eq!(cell.provide(tally.make(1)).unwrap_err().refusal(), ProvideRefusal::Initializing);
        cell.replace(tally.make(2)).expect("it settles the flight");
        tally.build(3)
    });
    assert_eq!(lease.expect("the value").id, 2);
    assert_eq!((tally.disposed(), tally.dropped()), (vec![3], 2));
}

#[test]
fn v1_who_waits_without_building_gets_the_value() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    let waiter = spawn(move || cell.wait(LONG).map(|lease| lease.id));
    eventually("a waiter", || cell.snapshot().waiters == 1);
    cell.provide(tally.make(1)).expect("it is empty");
    assert_eq!(waiter.join().expect("the value"), 1);
}

#[test]
fn v1_of_many_that_provide_at_once_one_does() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    for _ in 0..50 {
        let barrier = Arc::new(Barrier::new(4));
        let jobs = [1, 2, 3, 4].map(|id| {
            let barrier = Arc::clone(&barrier);
            spawn(move || {
                barrier.wait();
                cell.provide(tally.make(id)).err().map(|error| (error.refusal(), error.into_value().id == id))
            })
        });
        let refused: Vec<_> = jobs.into_iter().filter_map(cells_test_support::Job::join).collect();
        assert_eq!(refused, [(ProvideRefusal::Ready, true); 3]);
        assert_eq!(cell.close().status, CloseStatus::Ok);
    }
    assert_eq!((tally.made(), tally.disposed().len(), tally.dropped()), (200, 50, 200));
}

#[test]
fn v1_a_cell_with_a_factory_of_its_own_takes_a_value() {
    let cell = FactoryCell::new("port", || 1_u16);
    cell.provide(2).expect("it is empty");
    assert_eq!(*cell.get(), 2);
    cell.replace(3).expect("in its place");
    assert_eq!((*cell.get(), *cell.refresh().expect("its factory")), (3, 1));
}

#[test]
fn v3_observers_are_notified_of_a_start_and_an_end_in_the_callers_context() {
    let cell = leak(cell::<u32>("level"));
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    Hooks::new()
        .end(move |event| {
            // No lock is held: the callback may use the cell.
            let seen = cell.peek().map(|lease| *lease);
            let payload = event.payload.and_then(|payload| payload.downcast_ref::<u32>()).copied();
            let session = event.context.as_ref().and_then(|context| context.session_id.clone());
            let event = (event.generation, event.status, event.duration.is_zero(), payload, session, seen);
            let _ = sender.lock().map(|sender| sender.send(event));
        })
        .on(cell);
    RequestContext::new().session_id("s-1").in_scope(|| cell.provide(1)).expect("it is empty");
    cell.replace(2).expect("in its place");
    let session = Some("s-1".into());
    assert_eq!(events.recv(), Ok((1, InitStatus::Ok, true, Some(1), session, Some(1))));
    assert_eq!(events.recv(), Ok((2, InitStatus::Ok, true, Some(2), None, Some(2))));
}

#[test]
fn v3_a_failure_on_record_ends_a_value_and_a_value_ends_that() {
    let tally = Tally::new();
    let cell = counted("db");
    cell.provide(tally.make(1)).expect("it is empty");
    cell.record_failure(Boom(1), LONG);
    assert_eq!((cell.state(), tally.disposed()), (State::Failed, vec![1]));
    cell.replace(tally.make(2)).expect("it ends the cooldown");
    assert_eq!((cell.state(), cell.snapshot().cooldown_left), (State::Ready, None));
}

#[test]
fn v4_a_factory_that_can_run_only_once_is_accepted_and_runs_once() {
    let tally = Tally::new();
    let cell = counted("db");
    let (first, second) = (tally.make(1), tally.make(2));
    assert_eq!(cell.get_or_initialize_once(|| Ok::<_, Boom>(first)).expect("a payload").id, 1);
    assert_eq!(cell.get_or_initialize_once(|| Ok::<_, Boom>(second)).expect("the one there is").id, 1);
    assert_eq!(tally.dropped(), 1, "the factory that did not run is dropped with what it has");

    let error = RuntimeCell::<u8>::new("db").get_or_initialize_once(|| Err(Boom(3))).unwrap_err();
    assert!(matches!(error, Error::Lifecycle(LifecycleError::Init { .. })), "{error}");
    assert_eq!(error.downcast_ref(), Some(&Boom(3)));
}

#[test]
fn v4_if_its_flight_is_superseded_there_is_an_error_of_its_own() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db").cooldown(LONG));
    let payload = tally.make(1);
    let once = spawn(move || {
        cell.get_or_initialize_once(move || {
            stage.pause();
            Ok::<_, Boom>(payload)
        })
    });
    stage.reached();
    assert_eq!(cell.close().status, CloseStatus::Superseded);
    stage.release();
    let error = once.join().map(|lease| lease.id).unwrap_err();
    assert!(matches!(error, Error::Unavailable(UnavailableError::Superseded { cell: "db", .. })), "{error}");
    assert_eq!(error.to_string(), "cell `db`: superseded while a factory ran that can run only once");
    assert_eq!((tally.disposed(), cell.state()), (vec![1], State::Empty));
}

#[test]
fn v4_a_replaced_factory_that_can_run_only_once_gets_the_value() {
    let tally = Tally::new();
    let cell = counted("db");
    let payload = tally.make(1);
    let lease = cell.get_or_initialize_once(|| {
        cell.replace(tally.make(2)).expect("it settles the flight");
        Ok::<_, Boom>(payload)
    });
    assert_eq!(lease.expect("the value").id, 2);
    assert_eq!(tally.disposed(), [1]);
}

#[test]
fn v4_an_adjuster_that_calls_it_again_gets_an_error() {
    struct Twice;
    impl cells::FactoryAdjuster<u8> for Twice {
        fn adjust(
            &self,
            _: &str,
            factory: &mut dyn FnMut() -> Result<u8, cells::BoxError>,
        ) -> Result<u8, cells::BoxError> {
            factory().or_else(|_| factory())
        }
    }
    static RUNS: Count = Count::zero();
    let cell = cell::<u8>("db");
    cell.configure_adjuster(Arc::new(Twice));
    let factory = || {
        RUNS.up();
        Err::<u8, _>(Boom(1))
    };
    let error = cell.get_or_initialize_once(factory).unwrap_err();
    assert_eq!(RUNS.get(), 1);
    assert_eq!(
        format!("{error:#}"),
        "cell `db`: initialization failed: the factory can run only once, and has run"
    );
}

/// What the bound of a factory that can run again must leave to the compiler.
#[test]
fn v4_a_factory_that_can_run_again_is_inferred_and_converted() {
    type Shown = Box<dyn std::fmt::Display + Send + Sync>;
    let shown = cell::<Shown>("shown");
    assert_eq!(shown.get_or_initialize(|| Ok::<_, Boom>(Box::new(1))).expect("a payload").to_string(), "1");
    assert_eq!(
        shown.refresh(|| "2".parse::<u8>().map(|number| Box::new(number) as _)).expect("one").to_string(),
        "2"
    );
    let again =
        pollster::block_on(shown.get_or_initialize_async(|| async { Ok::<_, Boom>(Box::new(3) as _) }));
    assert_eq!(again.expect("a payload").to_string(), "2");
    let other = cell::<Shown>("other");
    assert_eq!(
        other.get_or_initialize_once(|| Ok::<_, Boom>(Box::new(4))).expect("a payload").to_string(),
        "4"
    );
}
