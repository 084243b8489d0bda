//! `permanent`: the payload lives as long as the process.

use cells::testing::allow_seeding;
use cells::{
    BoxError, CloseStatus, DependencyKind, Error, InitStatus, SeedRefusal, ShutdownOutcome, State,
    runtime_cell,
};
use cells_test_support::{
    Boom, Count, CountingAdjuster, Heard, LONG, Recorder, Stage, alone, eventually, lock, panic_of, spawn,
};
use std::num::ParseIntError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, mpsc};
use std::time::Duration;

#[test]
fn r2_the_accessor_gives_a_reference_for_ever() {
    type Parsed<T> = Result<T, ParseIntError>;

    #[runtime_cell(permanent)]
    fn infallible() -> String {
        "text".to_owned()
    }
    #[runtime_cell(permanent)]
    fn fallible() -> Result<u8, ParseIntError> {
        "2".parse()
    }
    #[runtime_cell(permanent, fallible, factory = parse)]
    fn aliased() -> Parsed<u8> {
        "3".parse()
    }
    #[runtime_cell(permanent)]
    fn text() -> &'static str {
        "text"
    }

    let _: fn() -> &'static String = infallible;
    let _: fn() -> Result<&'static u8, Error> = fallible;
    let _: fn() -> Result<&'static u8, Error> = aliased;
    let _: fn() -> &'static &'static str = text;
    let _: fn() -> Parsed<u8> = parse;
    let first: &'static String = infallible();
    assert!(std::ptr::eq(first, infallible()));
    assert_eq!((first.as_str(), *fallible().unwrap(), *aliased().unwrap(), *text()), ("text", 2, 3, "text"));
    assert_eq!((INFALLIBLE.get(), FALLIBLE.get().ok()), (first, Some(&2)));
    assert_eq!((INFALLIBLE.try_get().ok(), FALLIBLE.peek()), (Some(first), Some(&2)));
}

#[test]
fn r2_its_info_says_so() {
    #[runtime_cell(permanent, eager, max_waiters = 7, cooldown = "5s", dispose = shut)]
    fn settings() -> Result<u8, BoxError> {
        Ok(1)
    }
    #[runtime_cell(permanent)]
    fn file() -> Option<std::fs::File> {
        None
    }
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature of a disposer")]
    fn shut(_: &u8) {}

    let info = SETTINGS.info();
    assert!(info.permanent && info.eager && info.fallible);
    assert_eq!((info.max_waiters, info.cooldown, info.disposer), (Some(7), Duration::from_secs(5), "shut"));
    assert_eq!(FILE.info().disposer, "nothing");
    assert!(settings().is_ok() && file().is_none());
}

#[test]
fn r2_one_factory_runs_however_many_ask() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    static STAGE: LazyLock<&Stage> = LazyLock::new(Stage::new);

    #[runtime_cell(permanent, max_waiters = 8)]
    fn shared() -> Result<usize, BoxError> {
        STAGE.pause();
        Ok(BUILT.fetch_add(1, Ordering::SeqCst) + 1)
    }

    let initializer = spawn(shared);
    STAGE.reached();
    let (sender, answers) = mpsc::channel();
    for _ in 0..9 {
        let sender = sender.clone();
        let _ = spawn(move || sender.send(shared()));
    }
    let rejected = answers.recv().unwrap().unwrap_err();
    assert!(rejected.is_waiters_full(), "{rejected}");
    assert_eq!((SHARED.snapshot().waiters, SHARED.state()), (8, State::Initializing));
    STAGE.release();
    let first = initializer.join().unwrap();
    assert!((0..8).all(|_| std::ptr::eq(answers.recv().unwrap().unwrap(), first)));
    assert_eq!((*first, SHARED.state()), (1, State::Ready));
}

#[test]
fn r2_it_fails_cools_down_and_tries_again() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);

    #[runtime_cell(permanent, cooldown = "100ms")]
    fn recovering() -> Result<&'static str, Boom> {
        match CALLS.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Boom(1)),
            _ => Ok("back"),
        }
    }

    assert_eq!(recovering().unwrap_err().downcast_ref(), Some(&Boom(1)));
    assert!(recovering().unwrap_err().is_cooldown());
    assert_eq!((CALLS.load(Ordering::SeqCst), RECOVERING.peek()), (1, None));
    assert!(RECOVERING.snapshot().last_error.is_some_and(|error| error.contains("boom 1")));
    eventually("the end of the cooldown", || recovering().is_ok());
    assert_eq!((recovering().ok(), CALLS.load(Ordering::SeqCst)), (Some(&"back"), 2));
}

#[test]
fn r2_a_panic_is_the_callers_and_nothing_is_poisoned() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);

    #[runtime_cell(permanent)]
    fn wild() -> u8 {
        assert!(CALLS.fetch_add(1, Ordering::SeqCst) > 0, "the first call");
        1
    }

    let panic = panic_of(wild);
    assert_eq!(panic.downcast_ref(), Some(&"the first call"));
    assert_eq!((WILD.state(), WILD.is_ready()), (State::Failed, false));
    assert_eq!(*wild(), 1);
}

#[test]
fn r2_a_factory_that_asks_for_itself_gets_an_error() {
    #[runtime_cell(permanent)]
    fn circular() -> Result<u8, Error> {
        Ok(*circular()? + 1)
    }
    #[runtime_cell(permanent)]
    fn round() -> u8 {
        *round() + 1
    }

    let error = circular().unwrap_err();
    let cause = error.downcast_ref::<Error>().expect("the factory failed with the accessor's error");
    assert!(cause.is_reentrant(), "{cause}");
    let panic = panic_of(round);
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(message.contains("round"), "{message}");
}

#[test]
fn r2_observers_and_adjusters_hear_of_it() {
    static ADJUSTED: LazyLock<&Count> = LazyLock::new(Count::new);
    static HEARD: LazyLock<std::sync::Arc<Recorder>> = LazyLock::new(Recorder::new);

    #[runtime_cell(permanent, adjuster = CountingAdjuster(&ADJUSTED))]
    fn watched() -> Result<u8, Boom> {
        if HEARD.heard().len() == 1 { Err(Boom(1)) } else { Ok(1) }
    }

    WATCHED.configure_observer(HEARD.clone());
    assert!(watched().is_err() && watched().is_ok() && watched().is_ok());
    let expected =
        [Heard::Start(1), Heard::End(1, InitStatus::Error), Heard::Start(2), Heard::End(2, InitStatus::Ok)];
    assert_eq!((HEARD.heard().as_slice(), ADJUSTED.get()), (expected.as_slice(), 2));
}

mod graph {
    use cells::{Ref, runtime_cell};

    #[runtime_cell]
    pub(super) fn ground() -> String {
        "ground".to_owned()
    }

    #[runtime_cell(permanent)]
    pub(super) fn settings(ground: Ref<'static, String>) -> String {
        format!("settings on {}", *ground)
    }

    #[runtime_cell(permanent)]
    pub(super) fn metrics() -> u8 {
        1
    }

    #[runtime_cell(after = [METRICS])]
    pub(super) fn pool(settings: &str) -> usize {
        settings.len() + usize::from(*metrics())
    }

    #[runtime_cell]
    pub(super) async fn task(settings: &str, metrics: &u8) -> usize {
        settings.len() + usize::from(*metrics)
    }
}

#[test]
fn r2_it_depends_and_is_depended_on() {
    use graph::{GROUND, METRICS, POOL, SETTINGS, pool, task};

    assert_eq!(*pool(), "settings on ground".len() + 1);
    assert_eq!(*pollster::block_on(task()), *pool());
    assert!([SETTINGS.is_ready(), METRICS.is_ready(), GROUND.is_ready()].iter().all(|&ready| ready));
    let edges = |info: &'static cells::CellInfo| {
        let edges = info.dependencies.iter().map(|dependency| (dependency.cell.name, dependency.kind));
        edges.collect::<Vec<_>>()
    };
    assert_eq!(edges(SETTINGS.info()), [("ground", DependencyKind::Injected)]);
    let pool = edges(POOL.info());
    assert_eq!(pool, [("settings", DependencyKind::Injected), ("metrics", DependencyKind::After)]);
}

#[test]
fn r2_a_dependency_that_fails_fails_the_dependent() {
    #[runtime_cell(permanent)]
    fn broken() -> Result<u8, Boom> {
        Err(Boom(1))
    }
    #[runtime_cell(permanent)]
    fn dependent(broken: &u8) -> Result<u8, BoxError> {
        Ok(*broken)
    }

    let error = dependent().unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Boom(1)));
    assert!(error.to_string().contains("dependent"), "{error}");
}

#[test]
fn r2_a_call_inside_a_factory_is_observed_until_the_payload_is_there() {
    #[runtime_cell(permanent)]
    fn seen() -> u8 {
        1
    }
    #[runtime_cell]
    fn seer() -> u8 {
        *seen()
    }

    assert_eq!(*seer(), 1);
    let seer = cells::all().into_iter().find(|cell| cell.info().ident == "SEER").expect("it is registered");
    assert_eq!(seer.observed().iter().map(|info| info.name).collect::<Vec<_>>(), ["seen"]);
}

#[test]
fn r2_seeding_comes_before_the_factory_or_not_at_all() {
    #[runtime_cell(permanent)]
    fn seeded() -> Result<u8, Boom> {
        Err(Boom(1))
    }

    assert!(seeded().is_err());
    let _permit = allow_seeding();
    SEEDED.seed(5).expect("a failed cell may be seeded");
    assert_eq!((seeded().ok(), SEEDED.snapshot().generation), (Some(&5), Some(2)));
    let error = SEEDED.seed(6).unwrap_err();
    assert_eq!((error.refusal(), error.into_value()), (SeedRefusal::Ready, 6));
}

#[test]
fn r2_the_registry_has_it_and_cannot_close_it() {
    #[runtime_cell(permanent, name = "settings of the registry")]
    fn listed() -> u8 {
        1
    }

    let cells = cells::all();
    let mut named = cells.iter().filter(|cell| cell.info().name == "settings of the registry");
    let cell = named.next().expect("it is registered");
    assert!(named.next().is_none());
    assert_eq!((cell.snapshot().state, cell.snapshot().generation), (State::Empty, None));
    let payload = listed();
    assert_eq!((cell.snapshot().state, cell.snapshot().generation), (State::Ready, Some(1)));
    assert_eq!(cell.close().status, CloseStatus::Noop);
    assert_eq!(cell.close_and_drain(LONG).status, CloseStatus::Noop);
    assert!(std::ptr::eq(payload, listed()));
}

mod ending {
    use super::{Boom, BoxError, Mutex, lock, runtime_cell};

    pub(super) static ENDED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

    pub(super) struct Ends(pub(super) &'static str);

    impl Ends {
        fn end(&self) -> Result<(), BoxError> {
            lock(&ENDED).push(self.0);
            if self.0 == "badly" { Err(Boom(1).into()) } else { Ok(()) }
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "the signature of a disposer")]
    fn end_closable(ends: Ends) {
        // It may still use permanent cells.
        assert_eq!(used().0, "used");
        let _ = ends.end();
    }

    #[runtime_cell(permanent, dispose = Ends::end)]
    pub(super) fn used() -> Ends {
        Ends("used")
    }

    #[runtime_cell(dispose = end_closable)]
    pub(super) fn user(used: &Ends) -> Ends {
        assert_eq!(used.0, "used");
        Ends("user")
    }

    #[runtime_cell(dispose = end_closable)]
    pub(super) fn stranger() -> Ends {
        Ends("stranger")
    }

    #[runtime_cell(permanent, dispose = Ends::end)]
    pub(super) fn badly() -> Ends {
        Ends("badly")
    }

    #[runtime_cell(permanent)]
    pub(super) fn without() -> Ends {
        Ends("without")
    }

    #[runtime_cell(permanent)]
    pub(super) fn too_late() -> Result<u8, BoxError> {
        Ok(1)
    }
}

#[test]
fn r2_a_shutdown_runs_the_disposers_last() {
    alone(|| {
        use ending::{ENDED, badly, stranger, too_late, used, user, without};

        let kept = [used(), badly(), without()];
        drop((user(), stranger()));
        assert!(cells::close_all(LONG).is_ok());
        assert_eq!(lock(&ENDED).split_off(0).len(), 2, "only closable cells are closed");
        drop((user(), stranger()));

        let report = cells::shutdown(LONG);
        let ended = lock(&ENDED).clone();
        let (closable, permanent) = ended.split_at(2);
        assert!(closable.contains(&"user") && closable.contains(&"stranger"), "{ended:?}");
        assert!(permanent.contains(&"used") && permanent.contains(&"badly"), "{ended:?}");
        assert_eq!(ended.len(), 4, "{ended:?}");
        let failed: Vec<_> = report.errors().map(|(info, error)| (info.name, error.to_string())).collect();
        assert_eq!(failed, [("badly", "boom 1".to_owned())]);
        let without = report.cells.iter().find(|cell| cell.info.name == "without");
        assert_eq!(without.map(|cell| cell.outcome), Some(ShutdownOutcome::Disposed));

        assert_eq!(kept.map(|ends| ends.0), ["used", "badly", "without"]);
        assert_eq!(used().0, "used");
        assert!(too_late().unwrap_err().is_shut_down());
        let _ = cells::shutdown(LONG);
        assert_eq!(lock(&ENDED).len(), 4, "they run once");
    });
}

#[test]
fn p1_a_factory_may_keep_the_payload_of_a_permanent_cell() {
    #[runtime_cell(permanent)]
    fn names() -> Vec<String> {
        vec!["one fish".to_owned()]
    }
    #[runtime_cell]
    fn first(names: &'static [String]) -> &'static str {
        &names[0]
    }
    #[runtime_cell]
    async fn later(names: &'static [String]) -> Result<&'static str, BoxError> {
        Ok(names.first().ok_or("no name")?)
    }

    assert_eq!(*first(), "one fish");
    assert_eq!(pollster::block_on(later()).map(|name| *name).ok(), Some("one fish"));
    assert_eq!(FIRST.info().dependencies.len(), 1);
}
