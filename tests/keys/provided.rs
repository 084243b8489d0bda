//! `provided`: the program provides the payload, whether or not there is a factory.

use cells::{
    BoxError, CellOf, CloseStatus, Error, LifecycleError, ProvideRefusal, Ref, ShutdownOutcome, State,
    UnavailableError, WarmUpOutcome, runtime_cell,
};
use cells_test_support::{
    Boom, Count, Counted, Job, LONG, Stage, Tally, alone, eventually, message, panic_of, spawn,
};
use std::sync::{Arc, Barrier, LazyLock};

static TALLY: LazyLock<&'static Tally> = LazyLock::new(Tally::new);

const MISSING: &str = "cell `args`: no value was provided; call `ARGS.provide(..)` first";

trait Clock: Send + Sync {
    fn now(&self) -> u64;
}

struct At(u64);

impl Clock for At {
    fn now(&self) -> u64 {
        self.0
    }
}

#[test]
fn v1_a_value_from_main_is_published_and_handed_back_where_there_is_one() {
    #[runtime_cell(provided)]
    fn args() -> Vec<String>;

    assert_eq!((ARGS.info().provided, ARGS.info().has_factory), (true, false));
    ARGS.provide(vec!["first".to_owned()]).unwrap();
    assert_eq!((args()[0].as_str(), Ref::generation(&args())), ("first", 1));
    let error = ARGS.provide(vec!["second".to_owned()]).unwrap_err();
    assert_eq!(error.refusal(), ProvideRefusal::Ready);
    let text = "cell `args`: it already has a payload; close it first, or call `replace`";
    assert_eq!((error.to_string(), format!("{error:?}")), (text.to_owned(), text.to_owned()));
    assert_eq!(error.into_value(), ["second"]);
    ARGS.invalidate();
    ARGS.provide(vec!["third".to_owned()]).unwrap();
    assert_eq!((args()[0].as_str(), Ref::generation(&args())), ("third", 2));
}

#[test]
fn v1_a_body_builds_what_nobody_provides() {
    #[runtime_cell(provided)]
    fn clock() -> Box<dyn Clock> {
        Box::new(At(1))
    }

    assert_eq!((CLOCK.info().provided, CLOCK.info().has_factory), (true, true));
    assert_eq!(clock().now(), 1);
    let held = clock();
    CLOCK.replace(Box::new(At(2))).unwrap();
    assert_eq!((held.now(), clock().now(), Ref::generation(&clock())), (1, 2, 2));
    CLOCK.invalidate();
    assert_eq!(clock().now(), 1, "the body again");
    CLOCK.invalidate();
    CLOCK.provide(Box::new(At(3))).unwrap();
    assert_eq!(clock().now(), 3);
}

#[test]
fn v1_in_all_kinds_of_functions() {
    type Maybe<T> = Result<T, Boom>;

    #[runtime_cell(provided)]
    fn fallible() -> Result<u8, Boom>;
    #[runtime_cell(provided, fallible)]
    pub(crate) fn aliased() -> Maybe<u8>;
    #[runtime_cell(provided, infallible)]
    fn outcome() -> Result<u8, u8>;
    #[runtime_cell(provided, permanent)]
    fn fixed() -> u8;
    #[runtime_cell(provided, permanent)]
    fn maybe_fixed() -> Result<u8, BoxError>;
    #[runtime_cell(provided)]
    async fn waited() -> u8;
    #[runtime_cell(provided)]
    async fn maybe_waited() -> Result<u8, Boom>;

    assert!(fallible().is_err_and(|error| error.is_not_provided()));
    assert!(aliased().is_err_and(|error| error.is_not_provided()));
    assert!(maybe_fixed().is_err_and(|error| error.is_not_provided()));
    assert!(pollster::block_on(maybe_waited()).is_err_and(|error| error.is_not_provided()));
    FALLIBLE.provide(1).unwrap();
    ALIASED.provide(2).unwrap();
    OUTCOME.provide(Err(3)).unwrap();
    FIXED.provide(4).unwrap();
    MAYBE_FIXED.provide(5).unwrap();
    WAITED.provide(6).unwrap();
    MAYBE_WAITED.provide(7).unwrap();
    assert_eq!((*fallible().unwrap(), *aliased().unwrap(), *outcome()), (1, 2, Err(3)));
    let fixed: &'static u8 = fixed();
    assert_eq!((*fixed, *maybe_fixed().unwrap()), (4, 5));
    assert_eq!((*pollster::block_on(waited()), *pollster::block_on(maybe_waited()).unwrap()), (6, 7));
}

#[test]
fn v1_a_permanent_value_is_provided_once() {
    #[runtime_cell(provided, permanent)]
    fn root() -> String;

    assert_eq!(
        message(&*panic_of(|| root().len())),
        "cell `root`: no value was provided; call `ROOT.provide(..)` first"
    );
    ROOT.provide("/".to_owned()).unwrap();
    let refused = ROOT.provide("/tmp".to_owned()).unwrap_err();
    assert_eq!((refused.refusal(), refused.into_value().as_str()), (ProvideRefusal::Ready, "/tmp"));
    assert_eq!((root().as_str(), ROOT.generation()), ("/", Some(1)));
}

#[test]
fn v2_without_a_value_the_accessor_panics_with_the_call_that_is_missing() {
    #[runtime_cell(provided)]
    fn args() -> u8;
    #[runtime_cell(provided, name = "arguments", cell = GIVEN)]
    fn renamed() -> u8;

    assert_eq!(message(&*panic_of(|| *args())), MISSING);
    let Err(Error::Unavailable(UnavailableError::NotProvided { cell: "args", ident: "ARGS", .. })) =
        ARGS.try_get()
    else {
        panic!("another answer");
    };
    let error = GIVEN.try_get().unwrap_err();
    assert_eq!(error.to_string(), "cell `arguments`: no value was provided; call `GIVEN.provide(..)` first");
    assert!(error.is_unavailable() && error.is_not_provided() && error.retry_after().is_none());
    assert_eq!((error.cell(), std::io::Error::from(error).kind()), ("arguments", std::io::ErrorKind::Other));
    assert!(matches!(panic_of(|| drop(renamed())), _));
    assert_eq!((ARGS.state(), ARGS.snapshot().last_error), (State::Empty, None), "no flight has begun");
}

#[test]
fn v2_dependents_fail_with_that_as_the_cause_and_do_not_cool_down() {
    static RUNS: Count = Count::zero();
    #[runtime_cell(provided)]
    fn args() -> u8;
    #[runtime_cell(cooldown = "1h")]
    fn injected(args: &u8) -> Result<u8, Boom> {
        Ok(*args)
    }
    #[runtime_cell(cooldown = "1h")]
    fn called() -> Result<u8, BoxError> {
        Ok(*ARGS.try_get()?)
    }
    #[runtime_cell(cooldown = "1h")]
    fn panicking() -> Result<u8, Boom> {
        RUNS.up();
        Ok(*args())
    }
    #[runtime_cell]
    fn infallible(args: &u8) -> u8 {
        *args
    }
    #[runtime_cell(cooldown = "1h")]
    fn far() -> Result<u8, Boom> {
        Ok(*infallible())
    }
    #[runtime_cell(cooldown = "1h")]
    fn farther() -> Result<u8, BoxError> {
        Ok(*panicking()?)
    }

    for dependent in [injected, called] {
        let error = dependent().unwrap_err();
        assert!(matches!(error, Error::Lifecycle(LifecycleError::Dependency { .. })), "{error}");
        assert!(error.is_unavailable());
        assert_eq!(error.root_cause().to_string(), MISSING);
    }
    assert_eq!(message(&*panic_of(panicking)), MISSING);
    assert_eq!(message(&*panic_of(farther)), MISSING);
    assert_eq!(
        message(&*panic_of(|| *infallible())),
        format!("cell `infallible`: a dependency failed: {MISSING}")
    );
    assert_eq!(message(&*panic_of(far)), format!("cell `infallible`: a dependency failed: {MISSING}"));
    assert_eq!((PANICKING.state(), RUNS.get()), (State::Failed, 2));
    ARGS.provide(7).unwrap();
    for dependent in [injected, called, panicking, far, farther] {
        assert_eq!(*dependent().expect("no cooldown"), 7);
    }
    assert_eq!(*infallible(), 7);
}

#[test]
fn v2_who_waits_for_a_factory_that_panics_for_it_is_told_so() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(provided)]
    fn args() -> u8;
    #[runtime_cell(cooldown = "1h")]
    fn panicking() -> Result<u8, Boom> {
        STAGE.pause();
        Ok(*args())
    }
    #[runtime_cell(cooldown = "1h")]
    fn waiting(panicking: &u8) -> Result<u8, Boom> {
        Ok(*panicking)
    }

    let initializer = spawn(|| message(&*panic_of(panicking)) == MISSING);
    STAGE.reached();
    let waiter = spawn(|| waiting().map(|lease| *lease).unwrap_err());
    eventually("a waiter", || PANICKING.snapshot().waiters == 1);
    STAGE.release();
    assert!(initializer.join());
    let error = waiter.join();
    assert!(error.is_unavailable() && error.root_cause().to_string() == MISSING, "{error:#}");
    let chain =
        format!("cell `waiting`: a dependency failed: cell `panicking`: the factory panicked: {MISSING}");
    assert_eq!(format!("{error:#}"), chain);
    ARGS.provide(1).unwrap();
    assert_eq!(*waiting().expect("no cooldown"), 1);
}

/// A panic of the program's own is a failure of the factory, whatever it got from cells before.
#[test]
fn v2_a_panic_of_its_own_starts_a_cooldown() {
    #[runtime_cell(provided)]
    fn args() -> u8;
    #[runtime_cell(cooldown = "1h")]
    fn careless() -> Result<u8, Boom> {
        assert!(ARGS.try_get().is_ok(), "no arguments");
        Ok(1)
    }

    assert_eq!(message(&*panic_of(careless)), "no arguments");
    assert!(careless().is_err_and(|error| error.is_cooldown()));
}

#[runtime_cell(provided, eager)]
fn host_handle() -> u8;

#[runtime_cell(eager)]
fn built_on_it(host_handle: &u8) -> u8 {
    *host_handle
}

#[test]
fn v2_a_warm_up_reports_it_and_the_graph_marks_it() {
    alone(|| {
        let report = cells::warm_up();
        let of = |name: &str| report.cells.iter().find(|cell| cell.info.name == name).expect("it is eager");
        assert_eq!(of("host_handle").outcome, WarmUpOutcome::Failed);
        let error = of("host_handle").error.as_ref().expect("why");
        assert_eq!(
            error.to_string(),
            "cell `host_handle`: no value was provided; call `HOST_HANDLE.provide(..)` first"
        );
        assert_eq!(of("built_on_it").outcome, WarmUpOutcome::Skipped);

        let graph = cells::graph();
        let node = graph.nodes.iter().position(|node| node.name == "host_handle").expect("a node");
        assert!(graph.nodes[node].provided);
        assert!(!graph.nodes.iter().any(|node| node.name == "built_on_it" && node.provided));
        assert_eq!(
            graph.to_dot().matches("peripheries=2").count(),
            graph.nodes.iter().filter(|node| node.provided).count()
        );
        assert!(
            graph.to_mermaid().contains(&format!("c{node}[[\"host_handle\"]]")),
            "{}",
            graph.to_mermaid()
        );

        HOST_HANDLE.provide(3).unwrap();
        assert!(cells::warm_up().is_ok());
        assert_eq!(*built_on_it(), 3);
    });
}

#[runtime_cell(provided, dispose = Counted::dispose)]
fn ended() -> Counted;

#[runtime_cell(provided, permanent)]
fn kept() -> u8;

#[test]
fn v3_close_all_ends_a_value_unless_it_is_permanent() {
    alone(|| {
        ENDED.provide(TALLY.make(1)).unwrap();
        KEPT.provide(9).unwrap();
        assert!(cells::close_all(LONG).is_ok());
        assert_eq!((TALLY.disposed(), ENDED.state()), (vec![1], State::Empty));
        assert_eq!((*kept(), KEPT.is_ready()), (9, true));
        ENDED.provide(TALLY.make(2)).unwrap();
        assert_eq!((ended().id, ENDED.generation()), (2, Some(2)));
        assert_eq!(ENDED.close().status, CloseStatus::Ok);
        assert_eq!(TALLY.disposed(), [1, 2]);
    });
}

#[test]
fn v3_after_a_shutdown_every_value_comes_back() {
    alone(|| {
        ENDED.provide(TALLY.make(1)).unwrap();
        let report = cells::shutdown(LONG);
        assert!(
            report
                .cells
                .iter()
                .any(|cell| cell.info.name == "ended" && cell.outcome == ShutdownOutcome::Disposed)
        );
        for refused in [ENDED.provide(TALLY.make(2)), ENDED.replace(TALLY.make(3))] {
            let error = refused.unwrap_err();
            assert_eq!(error.refusal(), ProvideRefusal::ShutDown);
            assert_eq!(error.to_string(), "cell `ended`: it is shut down");
            assert!(error.into_value().id > 1);
        }
        assert_eq!(KEPT.provide(1).unwrap_err().refusal(), ProvideRefusal::ShutDown);
        assert!(ENDED.try_get().unwrap_err().is_shut_down());
        assert_eq!((TALLY.made(), TALLY.disposed()), (3, vec![1]));
    });
}

#[test]
fn v3_refresh_without_a_body_is_an_error_that_keeps_what_is_there() {
    #[runtime_cell(provided)]
    fn args() -> u8;
    #[runtime_cell(provided)]
    fn bodied() -> u8 {
        1
    }

    assert!(ARGS.refresh().unwrap_err().is_not_provided());
    ARGS.provide(1).unwrap();
    assert!(ARGS.refresh().unwrap_err().is_not_provided());
    assert!(ARGS.refresh_with_dependents().unwrap_err().is_not_provided());
    assert_eq!((*args(), ARGS.state(), ARGS.generation()), (1, State::Ready, Some(1)));
    BODIED.provide(2).unwrap();
    assert_eq!((*bodied(), *BODIED.refresh().unwrap(), *bodied()), (2, 1, 1));
}

#[test]
fn v3_replace_with_dependents_builds_them_on_the_new_value() {
    static RUNS: Count = Count::zero();
    #[runtime_cell(provided)]
    fn level() -> u8;
    #[runtime_cell]
    fn filter(level: &u8) -> Result<u8, Boom> {
        RUNS.up();
        if *level == 13 { Err(Boom(13)) } else { Ok(*level * 2) }
    }
    #[runtime_cell]
    fn unused(level: &u8) -> u8 {
        *level
    }

    LEVEL.provide(1).unwrap();
    assert_eq!(*filter().unwrap(), 2);
    LEVEL.replace_with_dependents(2).unwrap().unwrap();
    assert_eq!((*filter().unwrap(), RUNS.get(), UNUSED.is_ready()), (4, 2, false));
    LEVEL.replace(3).unwrap();
    assert_eq!(*filter().unwrap(), 4, "only the value was replaced");
    let error = LEVEL.replace_with_dependents(13).unwrap().unwrap_err();
    assert_eq!((error.cell(), error.downcast_ref()), ("filter", Some(&Boom(13))));
    assert_eq!((*level(), *filter().unwrap()), (13, 4));
    drop(unused());
}

#[test]
fn v1_a_table_of_cells_knows_who_takes_a_value() {
    #[runtime_cell(provided)]
    fn args() -> u8;
    #[runtime_cell]
    fn other() -> u8 {
        2
    }

    static TABLE: [&dyn CellOf<u8>; 2] = [&ARGS, &OTHER];
    let provided = TABLE.map(|cell| cell.any().info().provided);
    assert_eq!(provided, [true, false]);
    assert!(TABLE[0].try_get().unwrap_err().is_not_provided());
    ARGS.provide(1).unwrap();
    assert_eq!((*TABLE[0].try_get().unwrap(), *TABLE[1].try_get().unwrap()), (1, 2));
    drop((args(), other()));
}

/// Code that has only a reference to what all plain cells have in common.
#[test]
fn v1_without_the_key_a_declared_cell_refuses_at_run_time_too() {
    #[runtime_cell]
    fn built() -> u8 {
        1
    }
    #[runtime_cell(provided)]
    fn open() -> u8;

    for (cell, takes) in [(&**BUILT, false), (&**OPEN, true)] {
        let refused = cell.provide(5).err().map(|error| (error.refusal(), error.into_value()));
        assert_eq!(refused, (!takes).then_some((ProvideRefusal::NotDeclared, 5)));
        let refused = cell.replace(6).err();
        assert_eq!(refused.is_none(), takes);
        if let Some(error) = refused {
            let text = "cell `built`: it takes no value from outside; declare it with the key `provided`";
            assert_eq!((error.to_string(), error.into_value()), (text.to_owned(), 6));
        }
    }
    assert_eq!((*built(), *open()), (1, 6));
}

/// Whoever provides while the process shuts down has the value taken and disposed, or handed back.
#[test]
fn v3_against_a_shutdown_no_value_is_lost() {
    alone(|| {
        let barrier = Arc::new(Barrier::new(5));
        let jobs = [0, 1, 2, 3].map(|nth| {
            let barrier = Arc::clone(&barrier);
            spawn(move || {
                barrier.wait();
                let mut back = 0;
                for id in 0..200 {
                    let value = TALLY.make(id);
                    let refused = if nth % 2 == 0 { ENDED.replace(value) } else { ENDED.provide(value) };
                    if let Err(error) = refused {
                        drop(error.into_value());
                        back += 1;
                    }
                }
                back
            })
        });
        barrier.wait();
        assert!(cells::shutdown(LONG).is_ok());
        let back: usize = jobs.into_iter().map(Job::join).sum();
        assert_eq!(ENDED.state(), State::Closed);
        assert_eq!((TALLY.made(), TALLY.dropped(), TALLY.disposed().len() + back), (800, 800, 800));
    });
}
