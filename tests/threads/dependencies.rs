//! Observed dependencies: accessors that a factory calls itself.

use cells::{AnyCell, BoxError, CellInfo, DependencyKind, RuntimeCell, runtime_cell};

fn listed(info: &'static CellInfo) -> AnyCell {
    let all = cells::all().into_iter();
    all.into_iter().find(|cell| std::ptr::eq(cell.info(), info)).expect("every declared cell is listed")
}

fn observed(info: &'static CellInfo) -> Vec<&'static str> {
    listed(info).observed().iter().map(|info| info.name).collect()
}

/// The kinds of edges that the graph has from one cell to another.
fn edges(from: &'static CellInfo, to: &'static CellInfo) -> Vec<DependencyKind> {
    let (graph, all) = (cells::graph(), cells::all());
    let at = |info: &'static CellInfo| all.iter().position(|cell| std::ptr::eq(cell.info(), info));
    let (from, to) = (at(from).expect("it is listed"), at(to).expect("it is listed"));
    graph.edges.iter().filter(|edge| (edge.from, edge.to) == (from, to)).map(|edge| edge.kind).collect()
}

#[test]
fn p4_an_accessor_called_in_a_factory_is_an_observed_edge() {
    #[runtime_cell]
    fn base() -> u32 {
        1
    }
    #[runtime_cell]
    fn fallible_base() -> Result<u32, BoxError> {
        Ok(1)
    }
    #[runtime_cell]
    fn user() -> Result<u32, BoxError> {
        Ok(*base() + *fallible_base()?)
    }

    assert!(observed(USER.info()).is_empty());
    let _ = (base(), fallible_base());
    assert!(observed(USER.info()).is_empty(), "a call outside a factory is not observed");
    // Both are ready; a ready read counts as well.
    assert_eq!(*user().unwrap(), 2);
    let mut seen = observed(USER.info());
    seen.sort_unstable();
    assert_eq!(seen, ["base", "fallible_base"]);
    assert_eq!(edges(USER.info(), BASE.info()), [DependencyKind::Observed]);
    assert!(edges(BASE.info(), USER.info()).is_empty());
    USER.invalidate();
    assert_eq!(observed(USER.info()).len(), 2, "an observed dependency stays");
}

#[test]
fn p4_every_way_to_ask_is_observed() {
    #[runtime_cell]
    fn by_get() -> u32 {
        1
    }
    #[runtime_cell]
    fn by_try_get() -> u32 {
        1
    }
    #[runtime_cell]
    fn user() -> Result<u32, BoxError> {
        Ok(*BY_GET.get() + *BY_TRY_GET.try_get()?)
    }

    assert_eq!(*user().unwrap(), 2);
    assert_eq!(observed(USER.info()).len(), 2);
}

#[test]
fn p4_what_is_injected_is_not_observed_too() {
    #[runtime_cell]
    fn base() -> u32 {
        1
    }
    #[runtime_cell]
    fn user(base: &u32) -> u32 {
        base + 1
    }
    #[runtime_cell]
    fn both(base: &u32) -> u32 {
        base + *self::base_again()
    }
    #[runtime_cell(after = [BASE])]
    fn later() -> u32 {
        1
    }

    assert_eq!((*user(), *both(), *later()), (2, 2, 1));
    assert!(observed(USER.info()).is_empty());
    assert_eq!(edges(USER.info(), BASE.info()), [DependencyKind::Injected]);
    assert_eq!(edges(BOTH.info(), BASE.info()), [DependencyKind::Injected], "listed once");
    assert_eq!(edges(BOTH.info(), BASE_AGAIN.info()), [DependencyKind::Observed]);
    assert_eq!(edges(LATER.info(), BASE.info()), [DependencyKind::After]);
}

#[runtime_cell]
fn base_again() -> u32 {
    1
}

#[test]
fn p4_the_innermost_declared_cell_is_the_one_that_depends() {
    #[runtime_cell]
    fn base() -> u32 {
        1
    }
    #[runtime_cell]
    fn middle() -> u32 {
        // A cell that is not declared is between the two.
        let field = RuntimeCell::new("field");
        let lease = field.get_or_initialize(|| Ok::<_, cells::Error>(*base())).expect("nothing fails");
        *lease
    }
    #[runtime_cell]
    fn top() -> u32 {
        *middle()
    }

    assert_eq!(*top(), 1);
    assert_eq!(observed(TOP.info()), ["middle"]);
    assert_eq!(observed(MIDDLE.info()), ["base"]);
    assert!(observed(BASE.info()).is_empty());
}

#[test]
fn p4_a_factory_that_fails_has_used_what_it_asked_for() {
    #[runtime_cell]
    fn broken() -> Result<u32, BoxError> {
        Err("broken".into())
    }
    #[runtime_cell]
    fn user() -> Result<u32, BoxError> {
        Ok(*broken()?)
    }

    let error = user().unwrap_err();
    assert_eq!((error.cell(), error.root_cause().to_string()), ("user", "broken".to_owned()));
    assert_eq!(observed(USER.info()), ["broken"]);
}
