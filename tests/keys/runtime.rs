//! `runtime = "own"`: a payload for each tokio runtime.

use cells::runtime_cell;
use cells_test_support::current_thread;
use tokio::runtime::{Handle, Id};

#[test]
fn m4_own_gives_each_runtime_its_payload() {
    #[runtime_cell(runtime = "own")]
    async fn own() -> Id {
        Handle::current().id()
    }
    #[runtime_cell]
    async fn shared() -> Id {
        Handle::current().id()
    }

    let (first, second) = (current_thread(), current_thread());
    let get = async || (*own().await, *shared().await);
    let (one, two) = (first.block_on(get()), second.block_on(get()));
    assert_eq!((one.0, two.0), (first.handle().id(), second.handle().id()));
    assert_eq!((one.1, two.1), (one.0, one.0), "without the key, whoever comes first builds it for all");
}
