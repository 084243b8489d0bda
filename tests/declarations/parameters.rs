//! A factory's parameters: the cells it is given. Mistakes and circles are in `ui`.

use cells::{BoxError, CloseStatus, DependencyKind, Ref, runtime_cell};
use std::error::Error as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fmt, num};

#[test]
fn p1_a_parameter_names_the_cell_it_comes_from() {
    #[runtime_cell]
    fn store() -> String {
        "store".to_owned()
    }
    #[runtime_cell(cell = CHOSEN)]
    fn named_otherwise() -> u8 {
        2
    }
    #[runtime_cell]
    fn r#type() -> u8 {
        3
    }
    #[runtime_cell]
    fn search_index() -> u8 {
        4
    }
    #[allow(non_snake_case, reason = "the parameter tests the rule for names in camel case")]
    #[runtime_cell]
    fn search(store: &str, chosen: &u8, r#type: &u8, searchIndex: &u8) -> String {
        format!("{store} {chosen} {type} {searchIndex}")
    }

    assert_eq!(*search(), "store 2 3 4");
}

mod stores {
    use cells::runtime_cell;

    #[runtime_cell]
    pub(super) fn near() -> Vec<u8> {
        vec![1, 2]
    }

    #[runtime_cell(cell = lowercase)]
    #[allow(non_upper_case_globals, reason = "tests a static in lower case")]
    pub(super) fn far() -> u8 {
        3
    }
}

#[test]
fn p1_from_names_another_cell() {
    use stores::NEAR;

    #[runtime_cell]
    fn sum(#[from(NEAR)] some: &[u8], #[from(crate::parameters::stores::lowercase)] one: &u8) -> u8 {
        some.iter().sum::<u8>() + one
    }

    assert_eq!(*sum(), 6);
}

#[test]
fn p1_a_reference_is_lent_while_the_factory_runs() {
    #[runtime_cell]
    fn lent() -> u8 {
        1
    }
    #[runtime_cell]
    fn borrower(lent: &u8) -> u8 {
        assert_eq!(LENT.close().status, CloseStatus::Draining);
        lent + 1
    }

    assert_eq!(*borrower(), 2);
    assert_eq!(LENT.snapshot().draining, 0);
}

#[test]
fn p1_a_reference_coerces_as_everywhere() {
    #[runtime_cell]
    fn text() -> String {
        "text".to_owned()
    }
    #[runtime_cell]
    fn numbers() -> Vec<u8> {
        vec![1, 2]
    }
    #[runtime_cell]
    fn shown(text: &str, numbers: &[u8], #[from(TEXT_AGAIN)] again: &(dyn fmt::Display + Sync)) -> String {
        format!("{text}{numbers:?}{again}")
    }
    #[runtime_cell]
    fn text_again() -> String {
        "again".to_owned()
    }

    assert_eq!(*shown(), "text[1, 2]again");
}

static CLOSED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

struct Named(&'static str);

impl Drop for Named {
    fn drop(&mut self) {
        CLOSED.lock().unwrap().push(self.0);
    }
}

#[test]
fn p1_a_lease_in_the_payload_keeps_the_dependency_from_being_disposed_first() {
    struct Index {
        store: Ref<'static, Named>,
        _own: Named,
    }

    #[runtime_cell]
    fn store() -> Named {
        Named("store")
    }
    #[runtime_cell]
    fn index(store: Ref<'static, Named>) -> Index {
        Index { store, _own: Named("index") }
    }

    let index = index();
    assert_eq!(STORE.close().status, CloseStatus::Draining);
    assert_eq!(index.store.0, "store");
    assert_eq!(*CLOSED.lock().unwrap(), [""; 0]);
    drop(index);
    assert_eq!(*CLOSED.lock().unwrap(), [""; 0]);
    assert_eq!(INDEX.close().status, CloseStatus::Ok);
    let closed = CLOSED.lock().unwrap();
    assert!(closed.contains(&"index") && closed.contains(&"store"), "{closed:?}");
}

#[test]
fn p1_dependencies_are_built_once_and_in_order() {
    static BUILT: Mutex<Vec<&str>> = Mutex::new(Vec::new());

    #[runtime_cell]
    fn first() -> u8 {
        BUILT.lock().unwrap().push("first");
        1
    }
    #[runtime_cell]
    fn second(first: &u8) -> u8 {
        BUILT.lock().unwrap().push("second");
        first + 1
    }
    #[runtime_cell]
    fn third(second: &u8, first: &u8) -> u8 {
        BUILT.lock().unwrap().push("third");
        second + first
    }

    assert_eq!(*third(), 3);
    assert_eq!(*BUILT.lock().unwrap(), ["first", "second", "third"]);
}

mod chain {
    use cells::{BoxError, runtime_cell};
    use std::num::ParseIntError;

    #[runtime_cell]
    pub(super) fn settings() -> Result<u8, ParseIntError> {
        "none".parse()
    }

    #[runtime_cell]
    pub(super) fn store(settings: &u8) -> Result<u8, BoxError> {
        Ok(*settings)
    }

    #[runtime_cell]
    pub(super) fn search(store: &u8) -> Result<u8, BoxError> {
        Ok(*store)
    }
}

#[test]
fn p2_a_dependency_that_fails_fails_the_dependent() {
    let error = chain::search().unwrap_err();
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
    }
    let chain = texts.join(": ");
    let mut rest = chain.as_str();
    for name in ["search", "store", "settings", "invalid digit"] {
        let found = rest.find(name).unwrap_or_else(|| panic!("no `{name}` in `{rest}` of `{chain}`"));
        rest = &rest[found + name.len()..];
    }
}

#[test]
fn p2_the_original_error_is_found() {
    let error = chain::search().unwrap_err();
    assert!(error.downcast_ref::<num::ParseIntError>().is_some(), "{error:?}");
}

#[test]
fn p2_no_factory_runs_after_a_dependency_that_failed() {
    static RAN: AtomicUsize = AtomicUsize::new(0);

    #[runtime_cell]
    fn broken() -> Result<u8, BoxError> {
        Err("broken".into())
    }
    #[runtime_cell]
    fn unasked() -> u8 {
        RAN.fetch_add(1, Ordering::Relaxed);
        1
    }
    #[runtime_cell]
    fn dependent(broken: &u8, unasked: &u8) -> Result<u8, BoxError> {
        RAN.fetch_add(1, Ordering::Relaxed);
        Ok(broken + unasked)
    }

    assert!(dependent().is_err());
    assert_eq!(RAN.load(Ordering::Relaxed), 0);
}

mod shop {
    use cells::runtime_cell;

    #[runtime_cell]
    pub(super) fn ground() -> u8 {
        1
    }

    #[runtime_cell(eager)]
    pub(super) fn shelf(ground: &u8) -> u8 {
        *ground
    }

    #[runtime_cell(after = [SHELF, self::GROUND, cells_tests_renamed::NUMBER])]
    pub(super) fn sign() -> u8 {
        1
    }

    #[runtime_cell]
    pub(super) fn abroad(#[from(cells_tests_renamed::NUMBER)] number: &u8) -> u8 {
        *number
    }
}

#[test]
fn p3_the_graph_is_known_when_it_is_compiled() {
    const SHELF: &cells::CellInfo = {
        const fn info<D: cells::Declared<u8>>(
            _: &cells::CellStatic<cells::StaticCell<u8, D>>,
        ) -> &'static cells::CellInfo {
            D::INFO
        }
        info(&shop::SHELF)
    };
    const { assert!(SHELF.eager && SHELF.dependencies.len() == 1) };

    let edges = |info: &'static cells::CellInfo| {
        let edges = info.dependencies.iter().map(|dependency| (dependency.cell.name, dependency.kind));
        edges.collect::<Vec<_>>()
    };
    assert_eq!(edges(SHELF), [("ground", DependencyKind::Injected)]);
    let after = ["shelf", "ground", "number"].map(|name| (name, DependencyKind::After));
    assert_eq!(edges(shop::SIGN.info()), after);
    assert!(!shop::SIGN.info().eager && edges(shop::GROUND.info()).is_empty());
    drop((shop::ground(), shop::shelf(), shop::sign()));
}

#[test]
fn p3_dependencies_cross_crates() {
    assert_eq!(*shop::abroad(), 1);
    let graph = cells::graph();
    let node = |module: &str, name: &str| {
        let found = graph.nodes.iter().position(|node| (node.module_path, node.name) == (module, name));
        found.unwrap_or_else(|| panic!("{module}::{name} is registered"))
    };
    let (abroad, number) =
        (node(concat!(module_path!(), "::shop"), "abroad"), node("cells_tests_renamed", "number"));
    let edge = graph.edges.iter().find(|edge| (edge.from, edge.to) == (abroad, number));
    assert_eq!(edge.map(|edge| edge.kind), Some(DependencyKind::Injected));
}

#[test]
fn p3_every_declaration_registers_itself_once() {
    #[cfg(any())]
    #[runtime_cell]
    fn absent_from_the_registry() -> NoSuchType {
        1
    }
    #[runtime_cell(name = "registered in a function")]
    fn untouched() -> u8 {
        1
    }

    let named = |name: &str| cells::all().iter().filter(|cell| cell.info().name == name).count();
    assert_eq!((named("registered in a function"), named("absent_from_the_registry")), (1, 0));
    assert_eq!(*untouched(), 1);
}

#[test]
fn p11_an_infallible_cell_keeps_its_promise_with_dependencies() {
    #[runtime_cell]
    fn base() -> u8 {
        1
    }
    #[runtime_cell]
    fn lent(base: &u8) -> u8 {
        base + 1
    }
    #[runtime_cell]
    fn handed(lent: Ref<'static, u8>) -> Ref<'static, u8> {
        lent
    }

    let _: fn() -> Ref<'static, Ref<'static, u8>> = handed;
    assert_eq!(**handed(), 2);
    let infos = [BASE.info(), LENT.info(), HANDED.info()];
    assert!(infos.iter().all(|info| !info.fallible && info.wait_timeout.is_none()));
}

#[test]
fn p11_a_fallible_cell_may_depend_on_an_infallible_one() {
    #[runtime_cell]
    fn sure() -> u8 {
        1
    }
    #[runtime_cell(max_waiters = 1, wait_timeout = "1s")]
    fn unsure(sure: &u8) -> Result<u8, BoxError> {
        Ok(*sure)
    }

    assert_eq!(*unsure().unwrap(), 1);
}

#[test]
fn p1_async_factories_depend_on_cells_of_both_kinds() {
    #[runtime_cell]
    fn settings() -> String {
        "settings".to_owned()
    }
    #[runtime_cell]
    async fn store(settings: &str) -> Result<String, BoxError> {
        Ok(format!("store of {settings}"))
    }
    #[runtime_cell(factory = build_search)]
    async fn search(store: &str, #[from(SETTINGS)] kept: Ref<'static, String>) -> Result<String, BoxError> {
        std::future::ready(()).await;
        Ok(format!("search in {store} with {kept}"))
    }

    assert_eq!(*pollster::block_on(search()).unwrap(), "search in store of settings with settings");
    let kept = SETTINGS.get();
    assert_eq!(pollster::block_on(build_search("nothing", kept)).unwrap(), "search in nothing with settings");
    let names: Vec<_> = SEARCH.info().dependencies.iter().map(|dependency| dependency.cell.name).collect();
    assert_eq!(names, ["store", "settings"]);
}

#[test]
fn p2_a_dependency_that_fails_fails_the_async_dependent() {
    #[runtime_cell]
    async fn broken() -> Result<u8, std::num::ParseIntError> {
        "none".parse()
    }
    #[runtime_cell]
    async fn dependent(broken: &u8) -> Result<u8, BoxError> {
        Ok(*broken)
    }

    let error = pollster::block_on(dependent()).unwrap_err();
    assert!(error.downcast_ref::<std::num::ParseIntError>().is_some(), "{error:?}");
}

#[test]
fn p11_an_infallible_async_cell_has_no_error() {
    #[runtime_cell]
    fn base() -> u8 {
        1
    }
    #[runtime_cell]
    async fn middle(base: &u8) -> u8 {
        base + 1
    }
    #[runtime_cell]
    async fn top(middle: Ref<'static, u8>) -> u8 {
        *middle + 1
    }

    assert_eq!(*pollster::block_on(top()), 3);
}

#[test]
fn a_parameter_may_have_the_functions_name() {
    #[runtime_cell]
    fn base() -> u8 {
        1
    }
    #[runtime_cell]
    fn derived(#[from(BASE)] derived: &u8) -> u8 {
        *derived + 1
    }
    #[runtime_cell]
    async fn awaited(#[from(BASE)] awaited: Ref<'static, u8>) -> u8 {
        *awaited + 2
    }

    assert_eq!((*derived(), *pollster::block_on(awaited())), (2, 3));
}

mod objects {
    use cells::runtime_cell;
    use std::sync::Arc;

    pub(super) trait Clock: Send + Sync {
        fn hour(&self) -> u8;
    }

    pub(super) struct Fixed(pub(super) u8);

    impl Clock for Fixed {
        fn hour(&self) -> u8 {
            self.0
        }
    }

    #[runtime_cell]
    pub(super) fn boxed() -> Box<dyn Clock> {
        Box::new(Fixed(1))
    }

    #[runtime_cell(permanent)]
    pub(super) fn shared() -> Arc<dyn Clock + Send + Sync> {
        Arc::new(Fixed(2))
    }

    #[runtime_cell]
    pub(super) fn itself() -> Fixed {
        Fixed(3)
    }
}

#[test]
fn y19_a_trait_object_is_lent_from_whatever_dereferences_to_it() {
    use objects::{BOXED, Clock, ITSELF, SHARED};

    #[runtime_cell]
    fn plain(
        #[from(BOXED)] boxed: &dyn Clock,
        #[from(SHARED)] shared: &(dyn Clock + Send + Sync),
        #[from(ITSELF)] itself: &dyn Clock,
    ) -> u8 {
        100 * boxed.hour() + 10 * shared.hour() + itself.hour()
    }

    #[runtime_cell]
    async fn awaited(#[from(BOXED)] boxed: &dyn Clock, #[from(ITSELF)] itself: &dyn Clock) -> u8 {
        std::future::ready(()).await;
        10 * boxed.hour() + itself.hour()
    }

    assert_eq!(*plain(), 123);
    assert_eq!(*pollster::block_on(awaited()), 13);
}
