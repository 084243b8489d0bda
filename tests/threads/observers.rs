//! Observers: what they are notified of, and that nothing they do harms the cell.

use cells::{
    CloseStatus, Disposer, InitStatus, NullObserver, Observer, RuntimeCell, State, set_global_observer,
};
use cells_test_support::{
    Boom, Count, Heard, Hooks, Recorder, Stage, Tally, cell, counted, eventually, leak, lock, panic_of,
    spawn, start_flight,
};
use std::sync::{Arc, Mutex};

#[test]
fn o1_callbacks_may_use_the_very_cell() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    let states = leak(Mutex::new(Vec::new()));
    let look = move || lock(states).push((cell.state(), cell.peek().map(|lease| lease.id)));
    Hooks::new()
        .start(move |_| look())
        .end(move |_| look())
        .close(move |event| {
            look();
            if event.had_payload {
                assert_eq!(cell.close().status, CloseStatus::Noop);
            }
        })
        .on(cell);
    spawn(move || drop(cell.get_or_initialize(|| tally.build(1)))).join();
    assert_eq!(spawn(|| cell.close()).join().status, CloseStatus::Ok);
    let seen = [
        (State::Initializing, None),
        (State::Ready, Some(1)),
        (State::Empty, None),
        (State::Empty, None), // the close inside the callback
    ];
    assert_eq!(*lock(states), seen);
}

#[test]
fn o1_an_observer_may_close_what_has_just_been_made() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    Hooks::new().end(move |_| drop(cell.close())).on(cell);
    let lease = spawn(move || cell.get_or_initialize(|| tally.build(1))).join().expect("the caller has it");
    assert_eq!((lease.id, cell.state(), tally.disposed()), (1, State::Empty, vec![]));
    drop(lease);
    assert_eq!(tally.disposed(), [1]);
}

#[test]
fn o1_an_observer_may_ask_for_the_payload_at_the_end_of_a_flight() {
    let cell = leak(cell::<u32>("db"));
    let seen = leak(Mutex::new(Vec::new()));
    Hooks::new()
        .start(move |_| {
            assert!(cell.get_or_initialize(|| Ok::<_, Boom>(8)).is_err_and(|error| error.is_reentrant()));
            lock(seen).push(0);
        })
        .end(move |_| lock(seen).push(cell.get_or_initialize(|| Ok::<_, Boom>(9)).map_or(7, |lease| *lease)))
        .on(cell);
    spawn(|| assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).is_ok())).join();
    assert_eq!(*lock(seen), [0, 1]);
}

#[test]
fn o1_the_event_shows_payload_and_error() {
    let cell = cell::<u32>("db");
    let seen = leak(Mutex::new(Vec::new()));
    Hooks::new()
        .end(move |event| {
            let payload = event.payload.and_then(|payload| payload.downcast_ref::<u32>().copied());
            let error = event.error.as_ref().map(ToString::to_string);
            lock(seen).push((event.cell.to_owned(), event.generation, payload, error));
        })
        .on(&cell);
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    panic_of(|| cell.get_or_initialize(|| -> Result<u32, Boom> { panic!("luck") }));
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(3)));
    let db = || "db".to_owned();
    let expected = [
        (db(), 1, None, Some("boom 1".to_owned())),
        (db(), 2, None, Some("luck".to_owned())),
        (db(), 3, Some(3), None),
    ];
    assert_eq!(*lock(seen), expected);
}

/// Panics in every callback.
struct Wild;

impl Observer for Wild {
    fn on_init_start(&self, _: &str, _: u64, _: Option<&cells::InitContext>) {
        panic!("wild start")
    }

    fn on_init_end(&self, _: &cells::InitResult<'_>) {
        panic!("wild end")
    }

    fn on_close_end(&self, _: &cells::CloseResult) {
        panic!("wild close")
    }
}

/// Uses a cell so that every callback is called.
fn live(cell: &RuntimeCell<u32>) -> [Heard; 7] {
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    assert_eq!(cell.state(), State::Failed);
    let lease = cell.get_or_initialize(|| Ok::<_, Boom>(2)).expect("the outcome is the factory's");
    assert_eq!((*lease, cell.state()), (2, State::Ready));
    assert_eq!(cell.close().status, CloseStatus::Draining);
    drop(lease);
    let panic = panic_of(|| cell.get_or_initialize(|| -> Result<u32, Boom> { panic!("luck") }));
    assert_eq!(panic.downcast_ref(), Some(&"luck"));
    [
        Heard::Start(1),
        Heard::End(1, InitStatus::Error),
        Heard::Start(2),
        Heard::End(2, InitStatus::Ok),
        Heard::Close(Some(2), CloseStatus::Ok),
        Heard::Start(3),
        Heard::End(3, InitStatus::Panicked),
    ]
}

#[test]
fn o2_a_panicking_observer_changes_nothing() {
    let cell = cell("db");
    cell.configure_observer(Arc::new(Wild));
    live(&cell);
}

#[test]
fn o2_the_other_observers_hear_everything_all_the_same() {
    let (first, second) = (Recorder::new(), Recorder::new());
    let (pair, list) = (cell("db"), cell("db"));
    pair.configure_observer(Arc::new((Wild, (first.clone(), (Wild, second.clone())))));
    let heard = live(&pair);
    assert_eq!((first.heard(), second.heard()), (heard.to_vec(), heard.to_vec()));

    let (first, second) = (Recorder::new(), Recorder::new());
    let observers: Vec<Arc<dyn Observer>> = vec![first.clone(), Arc::new(Wild), second.clone()];
    list.configure_observer(Arc::new(observers));
    let heard = live(&list);
    assert_eq!((first.heard(), second.heard()), (heard.to_vec(), heard.to_vec()));
}

#[test]
fn o2_a_panic_with_a_panicking_payload_is_caught_too() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a panic's destructor")
        }
    }
    let cell = cell::<u32>("db");
    Hooks::new().start(|_| std::panic::panic_any(Bomb)).close(|_| std::panic::panic_any(Bomb)).on(&cell);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).is_ok());
    assert_eq!(cell.close().status, CloseStatus::Ok);
}

#[test]
fn x25_the_value_of_a_caught_panic_is_not_leaked() {
    static DROPPED: Count = Count::zero();
    struct Value;
    impl Drop for Value {
        fn drop(&mut self) {
            DROPPED.up();
        }
    }
    let disposer = Disposer::with(|_| std::panic::panic_any(Value));
    let cell = cell::<u32>("db").disposer(disposer);
    Hooks::new().start(|_| std::panic::panic_any(Value)).close(|_| std::panic::panic_any(Value)).on(&cell);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).is_ok());
    assert_eq!((cell.close().status, DROPPED.get()), (CloseStatus::Error, 3));
}

#[test]
fn o2_an_observers_panicking_destructor_stays_inside_the_flight() {
    struct Brittle;
    impl Observer for Brittle {}
    impl Drop for Brittle {
        fn drop(&mut self) {
            panic!("an observer's destructor")
        }
    }
    let tally = Tally::new();
    let cell = counted("db");
    cell.configure_observer(Arc::new(Brittle));
    let mut id = 0;
    let lease = cell.get_or_initialize(|| {
        id += 1;
        if id == 1 {
            // From now on only the flight holds the observer it began with.
            cell.configure_observer(Arc::new(NullObserver));
        }
        tally.build(id)
    });
    assert_eq!(lease.expect("the outcome is the factory's").id, 1);
}

#[test]
fn o3_start_and_end_go_to_the_observer_of_the_flights_begin() {
    for superseded in [false, true] {
        let cell = leak(cell::<u32>("db"));
        let (stage, first) = (Stage::new(), Recorder::on(cell));
        let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
        let second = Recorder::on(cell);
        if superseded {
            let _ = cell.close();
        }
        stage.release();
        assert!(initializer.join().is_ok());
        let status = if superseded { InitStatus::Superseded } else { InitStatus::Ok };
        assert_eq!(first.heard()[..2], [Heard::Start(1), Heard::End(1, status)]);
        assert!(!second.heard().iter().any(|heard| matches!(heard, Heard::Start(1) | Heard::End(1, _))));
    }
}

#[test]
fn o3_every_start_has_exactly_one_end() {
    let cell = cell::<u32>("db");
    let recorder = Recorder::on(&cell);
    for run in 0_u32..40 {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut again = run % 2 == 0;
            cell.refresh(|| {
                if std::mem::take(&mut again) {
                    cell.invalidate();
                }
                match run % 5 {
                    0 => Err(Boom(run)),
                    1 => panic!("luck"),
                    _ => Ok(run),
                }
            })
            .map(drop)
        }));
    }
    let heard = recorder.heard();
    let started: Vec<_> = heard
        .iter()
        .filter_map(|heard| if let Heard::Start(flight) = heard { Some(*flight) } else { None })
        .collect();
    let ended: Vec<_> = heard
        .iter()
        .filter_map(|heard| if let Heard::End(flight, _) = heard { Some(*flight) } else { None })
        .collect();
    assert_eq!(started, (1..=started.len() as u64).collect::<Vec<_>>());
    assert!(started.len() > 40);
    assert_eq!(started, ended);
}

#[test]
fn o4_by_default_nobody_hears() {
    let cell = cell::<u32>("db");
    cell.configure_observer(Arc::new(NullObserver));
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).is_ok());
    assert_eq!(cell.close().status, CloseStatus::Ok);
}

#[test]
fn o4_the_global_observer_sees_every_cell_besides_its_own() {
    // The only test that sets it: a process has only one.
    let (name, other) = ("o4, watched", "o4, without an observer");
    let both = [Recorder::of(name), Recorder::of(other)];
    set_global_observer(Arc::new((both[0].clone(), both[1].clone())));
    let (watched, plain) = (cell(name), cell(other));
    let own = Recorder::on(&watched);
    let heard = live(&watched);
    assert_eq!((own.heard(), both[0].heard()), (heard.to_vec(), heard.to_vec()));
    let heard = live(&plain);
    assert_eq!(both[1].heard(), heard);
    set_global_observer(Arc::new(NullObserver));
}

#[test]
fn x35_an_observer_knows_how_long_a_factory_itself_took() {
    let (stage, below) = (Stage::new(), leak(RuntimeCell::<u32>::new("below")));
    let cell = leak(RuntimeCell::<u32>::new("db"));
    let seen = leak(Mutex::new(Vec::new()));
    Hooks::new().end(move |event| lock(seen).push((event.duration, event.own, event.waiting))).on(cell);
    let flight = start_flight(below, stage, || Ok::<_, Boom>(1));
    let caller = spawn(|| {
        cell.get_or_initialize(|| below.get_or_initialize(|| Ok::<_, Boom>(1)).map(|lease| *lease)).is_ok()
    });
    eventually("the wait", || below.snapshot().waiters == 1);
    // What it waits for takes longer than the clock is coarse.
    std::thread::sleep(std::time::Duration::from_millis(2));
    stage.release();
    assert!(caller.join() && flight.join().is_ok());
    let (duration, own, waiting) = lock(seen)[0];
    assert_eq!(duration, own + waiting);
    assert!(waiting >= std::time::Duration::from_millis(2), "{waiting:?}");
    assert_eq!(cell.snapshot().waiting, Some(waiting));
}
