//! Closing and refreshing a cell together with its dependents.

use cells::{AnyCell, BoxError, Ref, State, runtime_cell};
use cells_test_support::{Count, Stage, lock, spawn};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// The disposed payloads, in order.
type Log = Mutex<Vec<(&'static str, u64)>>;

#[test]
fn p9_dependents_are_disposed_first_and_the_cell_last() {
    static LOG: Log = Mutex::new(Vec::new());
    struct Node(&'static str);
    fn dispose(Node(name): Node) {
        lock(&LOG).push((name, 0));
    }

    #[runtime_cell(dispose = dispose)]
    fn base() -> Node {
        Node("base")
    }
    #[runtime_cell(dispose = dispose)]
    fn lent(base: &Node) -> Node {
        assert_eq!(base.0, "base");
        Node("lent")
    }
    #[runtime_cell(dispose = dispose)]
    fn called() -> Node {
        let _ = lent();
        Node("called")
    }
    #[runtime_cell(dispose = dispose)]
    fn top(called: Ref<'static, Node>, #[from(BASE)] direct: &Node) -> Node {
        assert_eq!((called.0, direct.0), ("called", "base"));
        Node("top")
    }
    #[runtime_cell(dispose = dispose, after = [BASE])]
    fn later() -> Node {
        Node("later")
    }

    drop((top(), later()));
    BASE.invalidate_with_dependents();
    let order: Vec<_> = lock(&LOG).iter().map(|(name, _)| *name).collect();
    assert_eq!(order, ["top", "called", "lent", "base"]);
    assert!(LATER.is_ready(), "it only came after");
    for state in [BASE.state(), LENT.state(), CALLED.state(), TOP.state()] {
        assert_eq!(state, State::Empty);
    }

    // And back.
    drop(top());
    lock(&LOG).clear();
    CALLED.invalidate_with_dependents();
    assert_eq!(lock(&LOG).iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["top", "called"]);
    assert!(BASE.is_ready() && LENT.is_ready());
}

#[test]
fn p9_a_plain_invalidate_stays_alone() {
    #[runtime_cell]
    fn base() -> u32 {
        1
    }
    #[runtime_cell]
    fn user(base: &u32) -> u32 {
        *base
    }

    drop(user());
    BASE.invalidate();
    assert_eq!((BASE.generation(), USER.generation()), (None, Some(1)));
    drop(BASE.refresh());
    assert_eq!((BASE.generation(), USER.generation()), (Some(2), Some(1)));
}

#[test]
fn p9_a_dependent_that_is_built_again_meanwhile_is_built_on_new_payloads() {
    static BASES: AtomicU64 = AtomicU64::new(0);
    static REBUILT: Mutex<Option<u64>> = Mutex::new(None);

    #[runtime_cell]
    fn base() -> u64 {
        BASES.fetch_add(1, SeqCst)
    }
    #[runtime_cell]
    fn middle(base: &u64) -> u64 {
        *base
    }
    #[runtime_cell(dispose = ask_again)]
    fn top(middle: &u64) -> u64 {
        *middle
    }
    // As any reader might at this point.
    fn ask_again(payload: u64) {
        lock(&REBUILT).get_or_insert_with(|| if payload == 0 { *top() } else { payload });
    }

    assert_eq!(*top(), 0);
    BASE.invalidate_with_dependents();
    assert_eq!(*lock(&REBUILT), Some(1));
    assert_eq!((*base(), *middle(), *top()), (1, 1, 1), "nothing is left of the old payload");
}

#[test]
fn p9_a_dependent_that_is_being_built_is_built_again() {
    static STAGE: Mutex<Option<&'static Stage>> = Mutex::new(None);
    static BASES: AtomicU64 = AtomicU64::new(0);

    #[runtime_cell]
    fn base() -> u64 {
        BASES.fetch_add(1, SeqCst)
    }
    #[runtime_cell]
    fn user(base: &u64) -> u64 {
        if let Some(stage) = lock(&STAGE).take() {
            stage.pause();
        }
        *base
    }

    let stage = Stage::new();
    *lock(&STAGE) = Some(stage);
    let initializer = spawn(user);
    stage.reached();
    BASE.invalidate_with_dependents();
    stage.release();
    assert_eq!(*initializer.join(), 1, "not the old adjuster's result");
}

#[test]
fn p9_a_refresh_builds_each_dependent_after_what_it_depends_on_and_before_its_swap() {
    static LOG: Log = Mutex::new(Vec::new());
    fn published(name: &str) -> Option<u64> {
        let here = |cell: &AnyCell| cell.info().name == name;
        cells::all().iter().find(|cell| here(cell)).and_then(|cell| cell.snapshot().generation)
    }
    /// The payloads that are published while a factory runs.
    fn look(name: &'static str) {
        lock(&LOG).push((name, published(name).unwrap_or_default()));
    }

    #[runtime_cell(name = "p9 base")]
    fn base() -> u64 {
        look("p9 base");
        0
    }
    #[runtime_cell(name = "p9 called")]
    fn called() -> u64 {
        look("p9 called");
        Ref::generation(&base())
    }
    #[runtime_cell(name = "p9 top")]
    fn top(called: Ref<'static, u64>) -> (u64, u64) {
        look("p9 top");
        (*called, Ref::generation(&called))
    }
    #[runtime_cell(name = "p9 absent")]
    fn absent(base: &u64) -> u64 {
        look("p9 absent");
        *base
    }

    assert_eq!(*top(), (1, 1));
    drop(absent());
    ABSENT.invalidate();
    lock(&LOG).clear();
    let fresh = BASE.refresh_with_dependents().expect("nothing fails");
    assert_eq!(Ref::generation(&fresh), 2);
    assert_eq!(*lock(&LOG), [("p9 base", 1), ("p9 called", 1), ("p9 top", 1)], "the old ones stay meanwhile");
    assert_eq!((TOP.generation(), ABSENT.generation()), (Some(2), None), "a missing payload is not built");
    assert_eq!(*top(), (2, 2));
}

#[test]
fn p9_what_depends_on_a_failed_refresh_keeps_its_payload() {
    static FAILS: AtomicBool = AtomicBool::new(false);
    static TOPS: Count = Count::zero();

    #[runtime_cell]
    fn base() -> u32 {
        1
    }
    #[runtime_cell]
    fn broken(base: &u32) -> Result<u32, BoxError> {
        if FAILS.load(SeqCst) { Err("broken".into()) } else { Ok(*base) }
    }
    #[runtime_cell]
    fn top(broken: &u32) -> Result<u32, BoxError> {
        TOPS.up();
        Ok(*broken)
    }
    #[runtime_cell]
    fn sound(base: &u32) -> u32 {
        *base
    }

    drop((top(), sound()));
    FAILS.store(true, SeqCst);
    let error = BASE.refresh_with_dependents().expect_err("a dependent fails");
    assert_eq!((error.cell(), error.root_cause().to_string()), ("broken", "broken".to_owned()));
    assert_eq!((BASE.generation(), SOUND.generation()), (Some(2), Some(2)));
    assert_eq!((BROKEN.generation(), TOP.generation(), TOPS.get()), (Some(1), Some(1), 1));
}

#[test]
fn p9_a_cell_whose_own_refresh_fails_leaves_its_dependents_alone() {
    static FAILS: AtomicBool = AtomicBool::new(false);

    #[runtime_cell]
    fn base() -> Result<u32, BoxError> {
        if FAILS.load(SeqCst) { Err("broken".into()) } else { Ok(1) }
    }
    #[runtime_cell]
    fn user(base: &u32) -> Result<u32, BoxError> {
        Ok(*base)
    }

    drop(user());
    FAILS.store(true, SeqCst);
    assert!(BASE.refresh_with_dependents().is_err());
    assert_eq!((BASE.generation(), USER.generation()), (Some(1), Some(1)));
}
