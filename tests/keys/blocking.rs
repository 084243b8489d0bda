//! `blocking`: a plain function that may block, called from tasks.

use cells::{BoxError, Ref, runtime_cell};
use cells_test_support::multi_thread;
use std::thread;

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
    #[allow(clippy::unnecessary_wraps, reason = "it need not fail here")]
    #[runtime_cell(blocking, fallible, factory = build_blocked)]
    fn blocked(base: &u8, kept: Ref<'static, u8>) -> Blocked {
        Ok((base + *kept, thread::current().id()))
    }
    #[runtime_cell(blocking, detached)]
    fn alone() -> thread::ThreadId {
        thread::current().id()
    }

    let build: fn(&u8, Ref<'static, u8>) -> Blocked = build_blocked;
    multi_thread().block_on(async {
        let (sum, thread) = *blocked().await.unwrap();
        assert_eq!(sum, 3);
        assert_ne!(thread, thread::current().id());
        assert_ne!(*alone().await, thread::current().id());
        assert_eq!(build(&4, kept().await).unwrap().0, 6);
    });
}
