//! `#[runtime_cell]` on an `async fn`, and on a plain one that may block.

use cells::{AsyncCell, AsyncFactoryAdjuster, BoxError, BoxFuture, CloseStatus, Ref, runtime_cell};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{io, thread};

fn block_on<F: Future>(future: F) -> F::Output {
    pollster::block_on(future)
}

fn on_tokio<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn m1_the_accessor_of_an_async_factory_is_async() {
    type Opened<T> = Result<T, BoxError>;

    #[runtime_cell]
    async fn plain() -> u8 {
        std::future::ready(1).await
    }
    #[runtime_cell]
    async fn io_result() -> io::Result<u8> {
        Ok(2)
    }
    #[runtime_cell(fallible)]
    async fn alias() -> Opened<u8> {
        Ok(3)
    }

    fn is_task<T>(future: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> {
        future
    }
    let lease: Ref<'static, u8> = block_on(is_task(plain()));
    let result: Result<Ref<'static, u8>, cells::Error> = block_on(is_task(io_result()));
    assert_eq!((*lease, *result.unwrap(), *block_on(alias()).unwrap()), (1, 2, 3));
    assert_eq!(*PLAIN.try_get_ready().unwrap(), 1);
    assert_eq!((PLAIN.info().fallible, IO_RESULT.info().fallible), (false, true));
}

#[test]
fn m6_an_async_factory_that_calls_its_own_name_meets_the_cell() {
    #[runtime_cell]
    async fn circular() -> Result<u8, BoxError> {
        Ok(*circular().await? + 1)
    }

    let error = block_on(circular()).unwrap_err();
    let cause = error.downcast_ref::<cells::Error>().expect("the factory failed with the accessor's error");
    assert!(cause.is_reentrant(), "{cause}");
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

    assert_eq!(*block_on(search()).unwrap(), "search in store of settings with settings");
    let kept = SETTINGS.get();
    assert_eq!(block_on(build_search("nothing", kept)).unwrap(), "search in nothing with settings");
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

    let error = block_on(dependent()).unwrap_err();
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

    assert_eq!(*block_on(top()), 3);
}

#[test]
fn m4_a_disposer_of_an_async_cell_may_be_async() {
    static SHUT: AtomicUsize = AtomicUsize::new(0);

    fn at_once(_: u8) {
        SHUT.fetch_add(1, Ordering::Relaxed);
    }
    async fn later(_: u8) -> Result<(), BoxError> {
        std::future::ready(()).await;
        SHUT.fetch_add(10, Ordering::Relaxed);
        Err("too late".into())
    }

    #[runtime_cell(dispose = at_once)]
    async fn plain() -> u8 {
        1
    }
    #[runtime_cell(dispose = later)]
    async fn task() -> u8 {
        1
    }

    block_on(async {
        drop((plain().await, task().await));
        assert_eq!(PLAIN.close().await.status, CloseStatus::Ok);
        assert_eq!(TASK.close().await.status, CloseStatus::Error);
    });
    assert_eq!(SHUT.load(Ordering::Relaxed), 11);
    assert_eq!(TASK.info().disposer, "later");
}

#[test]
fn m4_an_adjuster_of_an_async_cell_is_async() {
    struct Doubling;

    impl AsyncFactoryAdjuster<u8> for Doubling {
        fn adjust<'a>(
            &'a self,
            _: &'a str,
            factory: &'a mut (dyn FnMut() -> BoxFuture<'static, Result<u8, BoxError>> + Send),
        ) -> BoxFuture<'a, Result<u8, BoxError>> {
            Box::pin(async { Ok(factory().await? * 2) })
        }
    }

    #[runtime_cell(adjuster = Doubling)]
    async fn doubled() -> u8 {
        21
    }

    assert_eq!(*block_on(doubled()), 42);
}

#[test]
fn m4_a_blocking_factory_runs_where_it_may_block() {
    type Blocked = Result<(u8, thread::ThreadId), BoxError>;

    #[runtime_cell]
    fn base() -> u8 {
        1
    }
    #[runtime_cell]
    async fn kept() -> u8 {
        2
    }
    #[runtime_cell(blocking, fallible, factory = build_blocked)]
    fn blocked(base: &u8, kept: Ref<'static, u8>) -> Blocked {
        Ok((base + *kept, thread::current().id()))
    }
    #[runtime_cell(blocking, detached)]
    fn alone() -> thread::ThreadId {
        thread::current().id()
    }

    let build: fn(&u8, Ref<'static, u8>) -> Blocked = build_blocked;
    on_tokio(async {
        let (sum, thread) = *blocked().await.unwrap();
        assert_eq!(sum, 3);
        assert_ne!(thread, thread::current().id());
        assert_ne!(*alone().await, thread::current().id());
        assert_eq!(build(&4, kept().await).unwrap().0, 6);
    });
}

#[test]
fn m4_tokios_keys_reach_the_runtime() {
    use cells::DeclaredAsync;

    #[runtime_cell(detached)]
    async fn detached() -> u8 {
        1
    }
    #[runtime_cell(runtime = "own")]
    async fn own() -> u8 {
        2
    }

    const fn keys<D: DeclaredAsync<Payload = u8>>(_: &AsyncCell<u8, D>) -> (bool, bool) {
        (D::DETACHED, D::OWN_RUNTIME)
    }
    assert_eq!((keys(&DETACHED), keys(&OWN)), ((true, false), (false, true)));
    on_tokio(async { assert_eq!((*detached().await, *own().await), (1, 2)) });
}
