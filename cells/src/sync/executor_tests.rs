//! Which threads drive a runtime alone.

use super::driving::alone;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, block_in_place, spawn, spawn_blocking, spawn_local};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn workers(n: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(n).enable_all().build().expect("a runtime")
}

#[test]
fn x36_a_runtime_of_one_thread_is_driven_by_its_block_on_and_its_tasks() {
    let runtime = current_thread();
    let id = Some(runtime.handle().id());
    assert_eq!(runtime.block_on(async { alone() }), id);
    assert_eq!(runtime.block_on(async { spawn(async { alone() }).await }).expect("it ends"), id);
    assert_eq!(LocalSet::new().block_on(&runtime, async { alone() }), id);
    let local = LocalSet::new().block_on(&runtime, async { spawn_local(async { alone() }).await });
    assert_eq!(local.expect("it ends"), id);
    assert_eq!(runtime.block_on(async { (alone(), alone()).1 }), id, "however often it is asked");
}

#[test]
fn x36_threads_beside_it_do_not_drive_it() {
    let runtime = current_thread();
    assert_eq!(alone(), None, "outside of any runtime");
    let entered = runtime.enter();
    assert_eq!(alone(), None, "the handle alone");
    drop(entered);
    assert_eq!(runtime.block_on(async { spawn_blocking(alone).await }).expect("it ends"), None);
    let handle = runtime.handle().clone();
    let other = runtime.block_on(async {
        std::thread::spawn(move || {
            let _entered = handle.enter();
            alone()
        })
        .join()
    });
    assert_eq!(other.expect("it ends"), None);
}

#[test]
fn x36_a_worker_drives_its_runtime_alone_if_there_is_no_other() {
    let one = workers(1);
    let id = Some(one.handle().id());
    assert_eq!(one.block_on(async { alone() }), None, "the thread of `block_on` is no worker");
    assert_eq!(one.block_on(one.spawn(async { alone() })).expect("it ends"), id);
    let elsewhere = one.block_on(one.spawn(async { block_in_place(alone) }));
    assert_eq!(elsewhere.expect("it ends"), None, "another thread works meanwhile");
    let two = workers(2);
    assert_eq!(two.block_on(two.spawn(async { alone() })).expect("it ends"), None);
}
