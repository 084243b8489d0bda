//! The request context: which request a flight belongs to.

use cells::{CellBase, InitContext, InitResult, Observer, RequestContext, Timeline};
use cells_test_support::{Boom, Stage, Tally, cell, counted, leak, lock, panic_of, spawn};
use std::sync::{Arc, Mutex};

/// The session of each start and end.
#[derive(Default)]
struct Sessions(Mutex<Vec<Option<String>>>);

impl Sessions {
    fn push(&self, context: Option<&InitContext>) {
        let session = context.map(|context| context.session_id.as_deref().unwrap_or("none").to_owned());
        lock(&self.0).push(session);
    }

    fn on(cell: &CellBase) -> Arc<Self> {
        let sessions = Arc::<Self>::default();
        cell.configure_observer(sessions.clone());
        sessions
    }

    #[track_caller]
    fn assert_seen(&self, expected: &[Option<&str>]) {
        let seen = lock(&self.0);
        assert_eq!(seen.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    }
}

impl Observer for Sessions {
    fn on_init_start(&self, _: &str, _: u64, context: Option<&InitContext>) {
        self.push(context);
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        self.push(event.context.as_ref());
    }
}

fn session() -> Option<String> {
    RequestContext::current()?.init_context().session_id.map(|id| id.to_string())
}

#[test]
fn scopes_nest_and_are_left_in_order() {
    assert_eq!(session(), None);
    let (outer, inner) =
        (RequestContext::new().session_id("outer"), RequestContext::new().session_id("inner"));
    let guard = outer.enter();
    assert_eq!(session().as_deref(), Some("outer"));
    assert_eq!(inner.in_scope(session).as_deref(), Some("inner"));
    assert_eq!(session().as_deref(), Some("outer"));
    drop(guard);
    assert_eq!(session(), None);
}

#[test]
fn a_scope_is_left_by_a_panic() {
    let outer = RequestContext::new().session_id("outer").enter();
    panic_of(|| RequestContext::new().session_id("inner").in_scope(|| panic!("luck")));
    assert_eq!(session().as_deref(), Some("outer"));
    drop(outer);
    assert_eq!(session(), None);
}

#[test]
fn a_context_says_all_that_was_set_and_no_more() {
    let timeline = Timeline::new(1);
    let context =
        RequestContext::new().session_id("s").capability_stamp("admin").timeline(timeline).init_context();
    assert_eq!(context.session_id.as_deref(), Some("s"));
    assert_eq!(context.capability_stamp.as_deref(), Some("admin"));
    assert!(context.timeline.is_some());
    let empty = RequestContext::new().init_context();
    assert!(empty.session_id.is_none() && empty.capability_stamp.is_none() && empty.timeline.is_none());
}

#[test]
fn a_thread_has_its_own_context() {
    let _guard = RequestContext::new().session_id("mine").enter();
    assert_eq!(spawn(session).join(), None);
}

#[test]
fn a_flight_has_the_context_of_its_initializer() {
    let cell = cell::<u32>("db");
    let sessions = Sessions::on(&cell);
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    cell.invalidate();
    RequestContext::new().session_id("s-1").in_scope(|| drop(cell.get_or_initialize(|| Ok::<_, Boom>(1))));
    cell.invalidate();
    RequestContext::new()
        .capability_stamp("admin")
        .in_scope(|| drop(cell.get_or_initialize(|| Ok::<_, Boom>(1))));
    sessions.assert_seen(&[None, None, Some("s-1"), Some("s-1"), Some("none"), Some("none")]);
}

#[test]
fn o3_the_context_is_that_of_the_flights_begin() {
    let cell = cell::<u32>("db");
    let sessions = Sessions::on(&cell);
    let mut guard = None;
    RequestContext::new().session_id("at the start").in_scope(|| {
        drop(cell.get_or_initialize(|| {
            guard = Some(RequestContext::new().session_id("set by the factory").enter());
            Ok::<_, Boom>(1)
        }));
        guard = None;
    });
    sessions.assert_seen(&[Some("at the start"), Some("at the start")]);
}

#[test]
fn c19_a_flight_that_starts_over_has_the_context_of_its_new_initializer() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let sessions = Sessions::on(cell);
    let first = spawn(move || {
        RequestContext::new().session_id("first").in_scope(|| {
            cell.get_or_initialize(|| {
                stage.pause();
                tally.build(1)
            })
        })
    });
    stage.reached();
    let _ = cell.close();
    RequestContext::new().session_id("second").in_scope(|| drop(cell.get_or_initialize(|| tally.build(2))));
    stage.release();
    assert_eq!(first.join().expect("the second flight's").id, 2);
    sessions.assert_seen(&["first", "second", "second", "first"].map(Some));
}
