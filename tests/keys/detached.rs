//! `detached`: the factory of an `async fn` goes on without the caller that started it.

use cells::{State, runtime_cell};
use cells_test_support::{Boom, Stage, current_thread, eventually, multi_thread};
use std::sync::LazyLock;

#[test]
fn m4_a_detached_factory_outlives_its_caller() {
    static STAGE: LazyLock<&Stage> = LazyLock::new(Stage::new);

    #[runtime_cell(detached)]
    async fn detached() -> Result<u8, Boom> {
        STAGE.pause_async().await;
        Ok(1)
    }

    let runtime = multi_thread();
    let caller = runtime.spawn(detached());
    STAGE.reached();
    caller.abort();
    assert!(runtime.block_on(caller).is_err());
    assert_eq!(DETACHED.state(), State::Initializing);
    STAGE.release();
    eventually("the payload", || DETACHED.is_ready());
}

#[test]
fn m4_without_detached_the_factory_ends_with_its_caller() {
    static STAGE: LazyLock<&Stage> = LazyLock::new(Stage::new);

    #[runtime_cell]
    async fn attached() -> Result<u8, Boom> {
        STAGE.pause_async().await;
        Ok(1)
    }

    let runtime = multi_thread();
    let caller = runtime.spawn(attached());
    STAGE.reached();
    caller.abort();
    assert!(runtime.block_on(caller).is_err());
    assert_eq!(ATTACHED.state(), State::Empty);
    STAGE.release();
    assert_eq!(current_thread().block_on(attached()).map(|lease| *lease).ok(), Some(1));
}
