//! Errors: their text, their causes and the questions they answer.

use cells::{CloseStatus, Disposer, Error, LifecycleError, RuntimeCell, SharedError};
use cells_test_support::{Boom, LONG, Stage, cell, crowd, leak, message, panic_of, start_flight};
use std::error::Error as StdError;
use std::io;
use std::time::Duration;

/// One error of each kind that can occur before a shutdown, with its text.
fn one_of_each() -> Vec<(&'static str, Error)> {
    let fail = || cell::<u32>("db").get_or_initialize(|| Err(Boom(1))).unwrap_err();
    let mut errors = vec![("initialization failed", fail())];

    let (stage, waited) = (Stage::new(), leak(cell::<u32>("db").max_waiters(1)));
    let initializer = start_flight(waited, stage, || Err(Boom(1)));
    let waiters = crowd(1, move || waited.get_or_initialize(|| Ok::<_, Boom>(1)));
    stage.release();
    errors.push(("the initialization it waited for failed", waiters.answers().remove(0).unwrap_err()));
    errors.push(("too many waiters (limit 1)", waiters.rejection));
    drop(initializer.join());

    let (stage, panicking) = (Stage::new(), leak(cell::<u32>("db").max_waiters(1)));
    let initializer = start_flight(panicking, stage, || -> Result<u32, Boom> { panic!("luck") });
    let waiters = crowd(1, move || panicking.get_or_initialize(|| Ok::<_, Boom>(1)));
    stage.release();
    errors.push(("the factory panicked", waiters.answers().remove(0).unwrap_err()));
    assert!(initializer.outcome().is_err());

    let (stage, late) =
        (Stage::new(), leak(RuntimeCell::<u32>::new("db").wait_timeout(Duration::from_millis(2))));
    let initializer = start_flight(late, stage, || Ok::<_, Boom>(1));
    errors.push(("still initializing after", late.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err()));
    stage.release();
    drop(initializer.join());

    let cooling = cell::<u32>("db");
    cooling.record_failure(Boom(1), LONG);
    errors.push(("cooling down, retry in", cooling.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err()));

    let circular = cell::<u32>("db");
    let mut inner = None;
    drop(circular.get_or_initialize(|| {
        inner = circular.get_or_initialize(|| Ok::<_, Boom>(1)).err();
        Ok::<_, Boom>(1)
    }));
    errors.push((
        "re-entrant initialization (db -> db), by its factory or by other work on its thread",
        inner.expect("it is re-entrant"),
    ));

    let needy = cell::<u32>("db");
    errors.push(("a dependency failed", needy.get_or_initialize(|| Err(fail())).unwrap_err()));
    errors
}

#[test]
fn e1_each_error_answers_for_its_kind_alone() {
    for (kind, error) in one_of_each() {
        let is = |name: &str| kind.starts_with(name);
        assert_eq!(error.cell(), "db");
        assert_eq!(error.is_unavailable(), is("too many") || is("still"), "{error}");
        assert_eq!(error.is_timeout(), is("still"), "{error}");
        assert_eq!(error.is_waiters_full(), is("too many"), "{error}");
        assert_eq!(error.is_cooldown(), is("cooling"), "{error}");
        assert_eq!(error.is_reentrant(), is("re-entrant"), "{error}");
        assert_eq!(error.is_panicked(), is("the factory"), "{error}");
        assert_eq!(error.retry_after().is_some(), is("cooling"), "{error}");
        assert!(!error.is_shut_down(), "{error}");
    }
}

#[test]
fn e1_the_factorys_error_is_found_through_everything() {
    for (kind, error) in one_of_each() {
        let through = ["initialization", "the initialization", "cooling", "a dependency"];
        let found = through.iter().any(|kinds| kind.starts_with(kinds)).then_some(&Boom(1));
        assert_eq!(error.downcast_ref::<Boom>(), found, "{error}");
        assert!(error.downcast_ref::<std::fmt::Error>().is_none(), "{error}");
    }
}

#[test]
fn e2_display_is_one_lower_case_line_that_names_the_cell() {
    for (kind, error) in one_of_each() {
        let line = error.to_string();
        let rest = line.strip_prefix("cell `db`: ").expect("it names the cell");
        assert!(rest.starts_with(kind), "{line}");
        assert!(!line.contains('\n') && !line.ends_with('.') && rest == rest.to_lowercase(), "{line}");
        assert!(!line.contains("boom"), "the source speaks for itself: {line}");
    }
}

#[test]
fn e2_the_chain_reads_down_to_the_cause() {
    let (db, app) = (cell::<u32>("db"), cell::<u32>("app"));
    let error =
        app.get_or_initialize(|| db.get_or_initialize(|| Err(Boom(1))).map(|lease| *lease)).unwrap_err();
    let mut lines = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        lines.push(error.to_string());
        cause = error.source();
    }
    assert_eq!(lines, ["cell `app`: a dependency failed", "cell `db`: initialization failed", "boom 1"]);
}

/// `{:#}` is the line with all causes, `{:?}` the same, and neither shows how the error is made.
#[test]
fn z13_the_alternate_text_and_debug_are_the_whole_chain() {
    for (kind, error) in one_of_each() {
        let line = format!("{error:#}");
        assert!(line.starts_with(&error.to_string()), "{line}");
        let cause = match kind {
            "a dependency failed" => ": cell `db`: initialization failed: boom 1",
            "the factory panicked" => ": luck",
            kind if error.downcast_ref::<Boom>().is_some() => {
                assert!(!kind.is_empty());
                ": boom 1"
            }
            _ => "",
        };
        assert!(line.ends_with(&format!("{error}{cause}")), "{line}");
        let of_kind = match &error {
            Error::Lifecycle(error) => [format!("{error:#}"), format!("{error:?}")],
            Error::Unavailable(error) => [format!("{error:#}"), format!("{error:?}")],
            _ => unreachable!("there are two kinds"),
        };
        assert_eq!([format!("{error:?}"), format!("{error:#?}")], [line.clone(), line.clone()]);
        assert_eq!(of_kind, [line.clone(), line]);
    }
}

#[test]
fn z13_the_chain_of_every_other_error() {
    let shared = SharedError::new(cell::<u32>("db").get_or_initialize(|| Err(Boom(1))).unwrap_err());
    assert_eq!(
        [format!("{shared}"), format!("{shared:#}")],
        ["cell `db`: initialization failed", "cell `db`: initialization failed: boom 1"]
    );
    let dispose = Disposer::with(|shared: SharedError| Err(shared.into()));
    let cell = RuntimeCell::new("db").disposer(dispose);
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(shared.clone())));
    let error = cell.close().into_result().unwrap_err();
    let line = "cell `db`: disposal failed: cell `db`: initialization failed: boom 1";
    assert_eq!(
        [error.to_string(), format!("{error:#}"), format!("{error:?}")],
        ["cell `db`: disposal failed", line, line]
    );
}

#[test]
fn z13_the_panic_of_an_infallible_accessor_has_the_whole_chain() {
    #[derive(Debug, thiserror::Error)]
    #[error("no port")]
    struct Wrapped(#[source] Boom);

    #[cells::runtime_cell]
    fn answer() -> u32 {
        7
    }
    ANSWER.record_failure(Wrapped(Boom(1)), LONG);
    let panic = panic_of(|| drop(answer()));
    let panic = message(&*panic);
    assert!(
        panic.starts_with("cell `answer`: cooling down") && panic.ends_with(": no port: boom 1"),
        "{panic}"
    );
}

/// A cause that only repeats what it is the cause of is told once.
#[test]
fn z13_an_error_in_an_io_error_is_told_once() {
    let (db, app) = (cell::<u32>("db"), cell::<u32>("app"));
    let build = || -> io::Result<u32> { Ok(*db.get_or_initialize(|| Err(Boom(1)))?) };
    let error = app.get_or_initialize(build).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "cell `app`: a dependency failed: cell `db`: initialization failed: boom 1"
    );
}

#[test]
fn z11_a_wait_that_took_too_long_names_the_limit_and_says_that_the_build_goes_on() {
    let (stage, late) =
        (Stage::new(), leak(RuntimeCell::<u32>::new("db").wait_timeout(Duration::from_millis(2))));
    drop(late.get_or_initialize(|| Err(Boom(1))));
    let initializer = start_flight(late, stage, || Ok::<_, Boom>(1));
    let error = late.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err();
    let (text, whole) = (error.to_string(), format!("{error:#}"));
    for part in ["still initializing after", "the build goes on", "`wait_timeout`"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(whole.starts_with(&text) && whole.ends_with("; its last failure: boom 1"), "{whole}");
    stage.release();
    drop(initializer.join());
}

#[test]
fn z4_a_cells_error_is_an_io_error() {
    let kind = |error: Error| io::Error::from(error).kind();
    for (name, error) in one_of_each() {
        let expected = match name {
            "too many waiters (limit 1)" => io::ErrorKind::ResourceBusy,
            "still initializing after" => io::ErrorKind::TimedOut,
            name if name.starts_with("re-entrant") => io::ErrorKind::Deadlock,
            _ => io::ErrorKind::Other,
        };
        assert_eq!(kind(error), expected, "{name}");
    }
    let refused = || Err(io::Error::from(io::ErrorKind::ConnectionRefused));
    let (db, app) = (cell::<u32>("db").cooldown(LONG), cell::<u32>("app"));
    for _ in ["init", "cooldown"] {
        assert_eq!(kind(db.get_or_initialize(refused).unwrap_err()), io::ErrorKind::ConnectionRefused);
    }
    let error = app.get_or_initialize(|| db.get_or_initialize(refused).map(|lease| *lease)).unwrap_err();
    let error = io::Error::from(error);
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (io::ErrorKind::ConnectionRefused, "cell `app`: a dependency failed")
    );
    let inside = error.get_ref().and_then(|inside| inside.downcast_ref::<Error>());
    assert_eq!(inside.map(Error::cell), Some("app"));
    assert_eq!(
        error.source().map(ToString::to_string).as_deref(),
        Some("cell `db`: cooling down, retry in 3600.0s")
    );
}

/// `?` in a factory that returns `io::Result`: the library still knows what failed.
#[test]
fn z4_a_cells_error_in_an_io_error_is_a_dependency() {
    let (stage, db, app) =
        (Stage::new(), leak(cell::<u32>("db").max_waiters(1)), cell::<u32>("app").cooldown(LONG));
    db.record_failure(Boom(1), LONG);
    let build = || -> io::Result<u32> { Ok(*db.get_or_initialize(|| Ok::<_, Boom>(1))?) };
    let error = app.get_or_initialize(build).unwrap_err();
    assert!(matches!(error, Error::Lifecycle(LifecycleError::Dependency { .. })), "{error:?}");
    assert_eq!(error.downcast_ref::<Error>().map(Error::cell), Some("db"));
    assert!(error.downcast_ref::<io::Error>().is_some() && error.downcast_ref::<Boom>().is_some());
    assert!(error.retry_after().is_some() && app.close().status == CloseStatus::Noop);

    // One that is merely unavailable starts no cooldown.
    let _ = db.close();
    let initializer = start_flight(db, stage, || Ok::<_, Boom>(1));
    let waiters = crowd(1, move || db.get_or_initialize(|| Ok::<_, Boom>(1)));
    let error = app.get_or_initialize(build).unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ResourceBusy);
    stage.release();
    drop((initializer.join(), waiters.answers()));
    assert!(app.get_or_initialize(build).is_ok());
}

#[test]
fn e3_the_cause_is_shared() {
    fn thread_safe<E: StdError + Clone + Send + Sync + 'static>(_: &E) {}
    let cell = cell::<u32>("db").cooldown(LONG);
    let error = cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    thread_safe(&error);
    let later = cell.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err();
    let copy = error.clone();
    let causes: Vec<_> = [&error, &later, &copy]
        .into_iter()
        .map(|error| error.downcast_ref::<Boom>().expect("the cause"))
        .collect();
    assert!(
        causes.iter().all(|cause| std::ptr::eq(*cause, causes[0])),
        "one error, neither cloned nor printed"
    );
}

#[test]
fn e3_words_may_be_a_cause() {
    let error = cell::<u32>("db").get_or_initialize(|| Err("plain words")).unwrap_err();
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("plain words"));
}

#[test]
fn x29_a_cooldown_without_end_does_not_name_a_time() {
    let cell = cell::<u32>("db").cooldown(Duration::MAX);
    drop(cell.get_or_initialize(|| Err(Boom(1))));
    let error = cell.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err();
    assert_eq!(error.to_string(), "cell `db`: cooling down, does not retry");
    assert!(error.is_cooldown() && error.retry_after() > Some(LONG));
    cell.record_failure(Boom(2), Duration::from_secs(24 * 3600));
    let error = cell.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err().to_string();
    assert!(error.starts_with("cell `db`: cooling down, retry in 86"), "{error}");
}

/// Nothing is poisoned, so a caller that catches a panic may go on with all of them.
#[test]
fn x26_cells_leases_and_errors_are_unwind_safe() {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    fn safe<V: UnwindSafe + RefUnwindSafe + ?Sized>(_: &V) {}
    #[cells::runtime_cell]
    fn plain() -> String {
        String::new()
    }
    #[cells::runtime_cell]
    async fn asynchronous() -> String {
        String::new()
    }
    #[cells::runtime_cell(permanent)]
    fn permanent() -> String {
        String::new()
    }
    let cell = cell::<String>("db");
    safe(&cell);
    safe(&PLAIN);
    safe(&ASYNCHRONOUS);
    safe(&PERMANENT);
    safe(&cells::all()[0]);
    safe(&plain());
    safe(&permanent());
    let error = cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    safe(&error);
    safe(&SharedError::new(Boom(1)));
    safe(&cell.close());
    safe(&cell.snapshot());
    let caught =
        std::panic::catch_unwind(|| cell.get_or_initialize(|| -> Result<_, Boom> { panic!("luck") }));
    assert!(caught.is_err() && cell.get_or_initialize(|| Ok::<_, Boom>(String::new())).is_ok());
}
