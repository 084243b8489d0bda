//! The timeline: a bounded record, and where an observer writes.

use cells::{Disposer, RequestContext, RuntimeCell, Timeline, TimelineEvent, TimelineObserver};
use cells_test_support::{Boom, Count, Stage, cell, leak, panic_of, spawn};
use std::io::{self, Write};
use std::sync::Arc;

fn names(timeline: &Timeline) -> Vec<String> {
    timeline.events().into_iter().map(|event| event.name.into_owned()).collect()
}

fn observed(name: &'static str, observer: TimelineObserver) -> RuntimeCell<u32> {
    let cell = cell(name);
    cell.configure_observer(Arc::new(observer));
    cell
}

#[test]
fn a_full_timeline_drops_the_oldest_and_counts_them() {
    let timeline = Timeline::new(3);
    let copy = timeline.clone();
    for name in ["a", "b", "c"] {
        copy.record(TimelineEvent::new(name));
    }
    assert_eq!((names(&timeline), timeline.dropped()), (["a", "b", "c"].map(String::from).to_vec(), 0));
    for name in ["d", "e"] {
        timeline.record(TimelineEvent::new(name));
    }
    assert_eq!((names(&copy), copy.dropped()), (["c", "d", "e"].map(String::from).to_vec(), 2));
}

#[test]
fn a_timeline_without_room_only_counts() {
    let timeline = Timeline::new(0);
    timeline.record(TimelineEvent::new("a"));
    assert_eq!((timeline.events().len(), timeline.dropped()), (0, 1));
}

#[test]
fn times_grow_from_the_start() {
    let timeline = Timeline::new(1000);
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let timeline = timeline.clone();
            spawn(move || (0..100).for_each(|_| timeline.record(TimelineEvent::new("tick"))))
        })
        .collect();
    for task in tasks {
        task.join();
    }
    let events = timeline.events();
    assert_eq!(events.len(), 400);
    assert!(events.is_sorted_by_key(|event| event.at), "the order of the events is that of their times");
}

#[test]
fn every_line_is_json() {
    let timeline = Timeline::new(16);
    let cell = observed("db \"quoted\"\n", TimelineObserver::new());
    RequestContext::new().session_id("s-1").timeline(timeline.clone()).in_scope(|| {
        cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(2)));
        cell.invalidate();
    });
    timeline.record(TimelineEvent::new("mine"));
    let mut out = Vec::new();
    timeline.write_jsonl(&mut out).expect("writing to a vector succeeds");
    let out = String::from_utf8(out).expect("it is text");
    assert!(out.ends_with('\n'));
    let lines: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("each line is a JSON value")).collect();
    let name = |index: usize| lines[index]["name"].as_str().unwrap_or_default();
    let expected = [
        "runtime.init.start",
        "runtime.init.err",
        "runtime.init.start",
        "runtime.init.end",
        "runtime.close.end",
        "mine",
    ];
    assert_eq!((0..lines.len()).map(name).collect::<Vec<_>>(), expected);
    assert_eq!(lines[1]["cell"], "db \"quoted\"\n");
    assert_eq!(lines[1]["error"], "boom 1");
    assert_eq!((&lines[1]["status"], &lines[3]["status"]), (&"error".into(), &"ok".into()));
    assert_eq!(lines[3]["generation"], 2);
    assert_eq!(lines[4]["session_id"], "s-1");
    for line in &lines {
        assert!(line["at_us"].is_u64(), "{line}");
    }
    for field in ["duration_us", "own_us", "waiting_us"] {
        assert!(lines[3][field].is_u64() && lines[0].get(field).is_none());
    }
    assert!(lines[4]["duration_us"].is_u64() && lines[4].get("own_us").is_none());
    let ours = lines[5].as_object().expect("an object");
    assert_eq!(ours.keys().collect::<Vec<_>>(), ["at_us", "name"], "unknown fields are left out");
}

#[test]
fn a_writers_error_is_handed_on() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("full"))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let timeline = Timeline::new(1);
    timeline.record(TimelineEvent::new("a"));
    assert_eq!(timeline.write_jsonl(Full).unwrap_err().to_string(), "full");
}

#[test]
fn a_flight_is_written_to_its_requests_timeline_else_the_current_else_the_own() {
    let (own, request) = (Timeline::new(8), Timeline::new(8));
    let cell = observed("db", TimelineObserver::with_fallback(own.clone()));
    let start_and_end = ["runtime.init.start", "runtime.init.end"];
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    assert_eq!(names(&own), start_and_end);

    RequestContext::new().timeline(request.clone()).in_scope(|| {
        assert!(Timeline::current().is_some());
        cell.invalidate();
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(2)));
    });
    assert!(Timeline::current().is_none());
    assert_eq!(names(&request), ["runtime.close.end", start_and_end[0], start_and_end[1]]);
    assert_eq!(names(&own), start_and_end);
}

#[test]
fn the_end_of_a_flight_goes_where_its_start_went() {
    let (first, second) = (Timeline::new(8), Timeline::new(8));
    let cell = observed("db", TimelineObserver::new());
    let mut guard = None;
    RequestContext::new().timeline(first.clone()).in_scope(|| {
        drop(cell.get_or_initialize(|| {
            guard = Some(RequestContext::new().timeline(second.clone()).enter());
            Ok::<_, Boom>(1)
        }));
        guard = None;
    });
    assert_eq!((names(&first).len(), names(&second).len()), (2, 0));
}

#[test]
fn failures_panics_and_superseded_flights_have_their_own_words() {
    let timeline = Timeline::new(16);
    let cell = leak(observed("db", TimelineObserver::with_fallback(timeline.clone())));
    panic_of(|| cell.get_or_initialize(|| -> Result<u32, Boom> { panic!("luck") }));
    let (stage, runs) = (Stage::new(), Count::new());
    let initializer = spawn(move || {
        cell.get_or_initialize(|| {
            if runs.up() == 1 {
                stage.pause();
            }
            Ok::<_, Boom>(1)
        })
        .map(drop)
    });
    stage.reached();
    let _ = cell.close();
    stage.release();
    assert!(initializer.join().is_ok());
    let words: Vec<_> = timeline
        .events()
        .into_iter()
        .map(|event| (event.name.into_owned(), event.status.map(String::from), event.generation))
        .collect();
    let word = |name: &str, status: Option<&str>, generation| {
        (format!("runtime.{name}"), status.map(String::from), generation)
    };
    let expected = [
        word("init.start", None, Some(1)),
        word("init.err", Some("panicked"), Some(1)),
        word("init.start", None, Some(2)),
        word("close.end", Some("superseded"), None),
        word("init.end", Some("superseded"), Some(2)),
        word("close.end", Some("ok"), Some(2)),
        word("init.start", None, Some(3)),
        word("init.end", Some("ok"), Some(3)),
    ];
    assert_eq!(words, expected);
}

#[test]
fn a_failed_disposal_is_on_the_timeline() {
    let timeline = Timeline::new(8);
    let cell = observed("db", TimelineObserver::with_fallback(timeline.clone()))
        .disposer(Disposer::with(|id| Err(Boom(id).into())));
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(4)));
    cell.invalidate();
    let last = timeline.events().pop().expect("the close");
    assert_eq!((last.status.as_deref(), last.error.as_deref()), (Some("error"), Some("boom 4")));
    assert_eq!(last.cell.as_deref(), Some("db"));
}
