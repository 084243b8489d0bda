//! `#[runtime_cell]`: what it makes of a function. Misuses are in `ui`, shadowed names in `hygiene`.

use cells::{BoxError, Close, CloseStatus, InitResult, Observer, Ref, runtime_cell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fmt, io};

#[test]
fn m1_accessor_mirrors_the_factorys_type() {
    type Opened<T> = Result<T, BoxError>;

    #[runtime_cell]
    fn plain() -> u8 {
        1
    }
    #[runtime_cell]
    fn result() -> Result<u8, BoxError> {
        Ok(2)
    }
    #[runtime_cell]
    fn io_result() -> io::Result<u8> {
        Ok(3)
    }
    #[runtime_cell]
    fn fmt_result() -> fmt::Result {
        Ok(())
    }
    #[runtime_cell(fallible)]
    fn alias() -> Opened<u8> {
        Ok(4)
    }

    let _: fn() -> Ref<'static, u8> = plain;
    let _: fn() -> Result<Ref<'static, u8>, cells::Error> = result;
    assert_eq!(*plain(), 1);
    assert_eq!(*result().unwrap(), 2);
    assert_eq!(*io_result().unwrap(), 3);
    let () = *fmt_result().unwrap();
    assert_eq!(*alias().unwrap(), 4);
}

#[test]
fn m1_an_alias_without_the_flag_is_a_payload() {
    type Opened = Result<u8, String>;

    #[runtime_cell]
    fn cell() -> Opened {
        Err("not today".to_owned())
    }

    assert_eq!(*cell(), Err("not today".to_owned()));
}

mod visible {
    use cells::runtime_cell;

    /// Is seen from outside of its module.
    #[runtime_cell]
    pub(super) fn outside() -> u8 {
        1
    }

    pub(in crate::macros) mod deeper {
        #[cells::runtime_cell(factory = build_far)]
        pub(in crate::macros) fn far() -> u8 {
            2
        }
    }
}

#[test]
fn m1_accessor_and_static_have_the_factorys_visibility() {
    assert_eq!(*visible::outside(), 1);
    assert_eq!(*visible::OUTSIDE.get(), 1);
    assert_eq!(*visible::deeper::far(), 2);
    assert_eq!(*visible::deeper::FAR.get(), 2);
    assert_eq!(visible::deeper::build_far(), 2);
}

#[test]
fn m2_static_has_the_name_in_capitals() {
    #[runtime_cell]
    fn search_index() -> u8 {
        1
    }
    #[runtime_cell]
    fn r#type() -> u8 {
        2
    }
    #[runtime_cell(cell = CHOSEN)]
    fn named() -> u8 {
        3
    }

    assert_eq!(*SEARCH_INDEX.get(), 1);
    assert_eq!(*TYPE.get(), *r#type());
    assert_eq!(*CHOSEN.get(), *named());
    assert_eq!((SEARCH_INDEX.name(), TYPE.name(), CHOSEN.name()), ("search_index", "type", "named"));
    assert_eq!((TYPE.info().ident, CHOSEN.info().ident), ("TYPE", "CHOSEN"));
}

#[test]
fn m2_static_gets_tries_refreshes_and_tells() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);

    #[runtime_cell(name = "counted")]
    fn counter() -> usize {
        BUILT.fetch_add(1, Ordering::Relaxed)
    }

    assert!(COUNTER.peek().is_none());
    assert_eq!(*COUNTER.get(), 0);
    assert_eq!(*COUNTER.try_get().unwrap(), 0);
    assert_eq!(*COUNTER.refresh().unwrap(), 1);
    assert_eq!(*counter(), 1);
    let info = COUNTER.info();
    assert_eq!((info.name, info.ident, info.payload_type), ("counted", "COUNTER", "usize"));
    assert_eq!((info.module_path, info.file), (module_path!(), file!()));
    assert!(info.line > 0 && info.line < line!());
}

#[test]
fn m3_an_infallible_cell_waits_without_limit() {
    #[runtime_cell]
    fn patient() -> u8 {
        1
    }
    #[runtime_cell]
    fn hasty() -> Result<u8, BoxError> {
        Ok(1)
    }

    assert!(!PATIENT.info().fallible);
    assert_eq!(PATIENT.info().wait_timeout, None);
    assert!(HASTY.info().fallible);
    assert_eq!(HASTY.info().wait_timeout, Some(Duration::from_millis(1500)));
    drop((patient(), hasty()));
}

#[test]
fn m3_trying_never_panics_on_its_own() {
    #[runtime_cell]
    fn circular() -> u8 {
        assert!(CIRCULAR.try_get().is_err_and(|error| error.is_reentrant()));
        1
    }

    assert_eq!(*circular(), 1);
}

const LIMIT: Duration = Duration::from_millis(250);

#[runtime_cell(name = "keyed", max_waiters = 2 * 32, wait_timeout = LIMIT, cooldown = "2m")]
fn keyed() -> Result<u8, BoxError> {
    Ok(1)
}

#[runtime_cell(wait_timeout = Duration::ZERO, cooldown = "250ms")]
fn waits_for_ever() -> Result<u8, BoxError> {
    Ok(1)
}

#[test]
fn m4_keys_are_read_at_compile_time() {
    let info = KEYED.info();
    assert_eq!(info.name, "keyed");
    assert_eq!(info.max_waiters, Some(64));
    assert_eq!(info.wait_timeout, Some(LIMIT));
    assert_eq!(info.cooldown, Duration::from_mins(2));
    assert_eq!(keyed().unwrap().to_string(), "1");
    assert_eq!(WAITS_FOR_EVER.info().wait_timeout, None);
    assert_eq!(WAITS_FOR_EVER.info().cooldown, LIMIT);
    drop(waits_for_ever());
}

#[test]
fn m4_observer_and_adjuster_are_made_on_first_use() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    static SEEN: AtomicUsize = AtomicUsize::new(0);

    struct Counting;

    impl Counting {
        fn new() -> Self {
            MADE.fetch_add(1, Ordering::Relaxed);
            Self
        }
    }

    impl Observer for Counting {
        fn on_init_end(&self, _: &InitResult<'_>) {
            SEEN.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Doubling;

    impl cells::FactoryAdjuster<u8> for Doubling {
        fn adjust(&self, _: &str, factory: &mut dyn FnMut() -> Result<u8, BoxError>) -> Result<u8, BoxError> {
            factory().map(|payload| payload * 2)
        }
    }

    #[runtime_cell(observer = Counting::new(), adjuster = Doubling)]
    fn watched() -> u8 {
        21
    }

    assert_eq!(MADE.load(Ordering::Relaxed), 0);
    assert_eq!(*watched(), 42);
    WATCHED.invalidate();
    assert_eq!(*watched(), 42);
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
    assert_eq!(SEEN.load(Ordering::Relaxed), 2);
}

struct Closing;

impl Close for Closing {
    fn close(self) -> Result<(), BoxError> {
        Err("the payload's own".into())
    }
}

#[derive(Debug)]
struct Plain;

impl Plain {
    fn shut(self) -> io::Result<()> {
        let Self = self;
        Err(io::Error::other("the declared one"))
    }
}

fn forget(_: Plain) {}

#[test]
fn m4_disposer_is_chosen_when_it_is_compiled() {
    #[runtime_cell]
    fn closing() -> Closing {
        Closing
    }
    #[runtime_cell(dispose = drop)]
    fn dropped() -> Closing {
        Closing
    }
    #[runtime_cell]
    fn plain() -> Plain {
        Plain
    }
    #[runtime_cell(dispose = Plain::shut)]
    fn shut() -> Plain {
        Plain
    }
    #[runtime_cell(dispose = self::forget)]
    fn forgotten() -> Plain {
        Plain
    }

    drop((closing(), dropped(), plain(), shut(), forgotten()));
    let results = [CLOSING.close(), DROPPED.close(), PLAIN.close(), SHUT.close(), FORGOTTEN.close()];
    let told = results.map(|result| (result.status, result.close_called));
    let expected = [
        (CloseStatus::Error, true),
        (CloseStatus::Ok, false),
        (CloseStatus::Ok, false),
        (CloseStatus::Error, true),
        (CloseStatus::Ok, true),
    ];
    assert_eq!(told, expected);
    let labels = [CLOSING.info(), DROPPED.info(), PLAIN.info(), SHUT.info(), FORGOTTEN.info()];
    let labels = labels.map(|info| info.disposer);
    assert_eq!(labels, ["Close::close", "drop", "drop", "Plain::shut", "self::forget"]);
}

#[test]
fn m6_a_named_factory_runs_without_the_cell() {
    #[runtime_cell(factory = build_settings)]
    fn settings() -> Result<String, BoxError> {
        Ok("settings".to_owned())
    }

    let build: fn() -> Result<String, BoxError> = build_settings;
    assert_eq!(build().unwrap(), "settings");
    assert!(SETTINGS.peek().is_none());
    assert_eq!(*settings().unwrap(), "settings");
}

#[test]
fn m6_a_factory_that_calls_its_own_name_meets_the_cell() {
    #[runtime_cell(dispose = drop)]
    fn circular() -> Result<u8, BoxError> {
        Ok(*circular()? + 1)
    }
    #[runtime_cell(factory = build_plain)]
    fn plain() -> Result<u8, BoxError> {
        Ok(*plain()? + 1)
    }

    let error = circular().unwrap_err();
    let cause = error.downcast_ref::<cells::Error>().expect("the factory failed with the accessor's error");
    assert!(cause.is_reentrant(), "{cause}");
    assert!(plain().unwrap_err().downcast_ref::<cells::Error>().is_some_and(cells::Error::is_reentrant));
}

#[test]
fn m7_attributes_are_forwarded() {
    #[must_use]
    #[deprecated]
    #[allow(unused_variables, reason = "it is the factory's")]
    #[runtime_cell]
    /// Has its docs after the attribute.
    fn old() -> u8 {
        let unused = 1;
        2
    }

    #[cfg(not(test))]
    #[runtime_cell]
    fn absent() -> NoSuchType {
        no_such_function()
    }

    #[runtime_cell]
    #[cfg(test)]
    fn absent() -> u8 {
        3
    }

    #[expect(deprecated, reason = "the accessor is")]
    let payload = *old();
    assert_eq!(payload, 2);
    assert_eq!(*absent(), 3);
}
