//! Processes that fork at any moment, and go on in both.

use super::payload::{AT, Payload, all_disposed};
use cells::{CloseStatus, RuntimeCell, runtime_cell};
use cells_test_support::{Boom, LONG, Stage, eventually, leak, multi_thread, spawn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

/// Runs `run` in a forked child; fails unless it ends well.
fn in_child(run: impl FnOnce()) {
    in_child_beside(run, |_| ());
}

/// The same, while the parent does something, given the child's number.
pub(super) fn in_child_beside(run: impl FnOnce(), meanwhile: impl FnOnce(i32)) {
    // SAFETY: the threads that do not exist in the child wait at a stage, and hold no lock of this program there.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        let code = i32::from(catch_unwind(AssertUnwindSafe(run)).is_err());
        // SAFETY: it does not return, and runs no code of this program.
        unsafe { libc::_exit(code) };
    }
    meanwhile(child);
    wait_for(child);
}

fn wait_for(child: i32) {
    let mut status = 0;
    // SAFETY: `status` is a local that the call may write.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!((waited, status), (child, 0), "the child failed");
}

#[runtime_cell(dispose = Payload::dispose)]
fn plain() -> Payload {
    AT.pause();
    Payload::make()
}

#[runtime_cell(dispose = Payload::dispose, wait_timeout = "300ms")]
fn limited() -> Result<Payload, Boom> {
    AT.pause();
    Ok(Payload::make())
}

#[runtime_cell(permanent)]
fn fixed() -> u8 {
    AT.pause();
    1
}

#[runtime_cell(dispose = Payload::dispose)]
async fn task() -> Payload {
    AT.pause();
    Payload::make()
}

/// Gets, refreshes and closes.
fn use_all() {
    for _ in 0..2 {
        drop(plain());
        drop(PLAIN.refresh().expect("a payload"));
        drop(limited().expect("a payload"));
        assert_eq!(*fixed(), 1);
        pollster::block_on(async { drop(task().await) });
        assert_eq!(PLAIN.close().status, CloseStatus::Ok);
        assert_eq!(pollster::block_on(TASK.close()).status, CloseStatus::Ok);
        let report = cells::close_all(LONG);
        assert!(report.is_ok(), "{report}");
    }
    all_disposed();
}

pub(crate) fn a_child_forked_before_any_use_has_cells_of_its_own() {
    in_child(use_all);
    use_all();
}

pub(crate) fn a_child_uses_and_closes_what_its_parent_built() {
    use_all();
    drop((plain(), limited().expect("a payload")));
    in_child(|| {
        assert!(PLAIN.is_ready() && LIMITED.is_ready());
        use_all();
    });
    assert!(PLAIN.is_ready() && LIMITED.is_ready());
    use_all();
}

/// The id of a child that a factory or disposer forked.
static CHILD: AtomicU32 = AtomicU32::new(0);

/// Forks, and returns in both processes.
fn fork() {
    // SAFETY: there is no other thread.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork failed");
    CHILD.store(child.cast_unsigned(), SeqCst);
}

/// The end of what was forked: the child ends here, and the parent waits for it.
fn join() {
    match CHILD.load(SeqCst).cast_signed() {
        // SAFETY: it does not return, and runs no code of this program.
        0 => unsafe { libc::_exit(0) },
        child => wait_for(child),
    }
}

pub(crate) fn a_child_forked_inside_a_factory_finishes_it() {
    #[runtime_cell(dispose = Payload::dispose)]
    fn forking() -> Payload {
        drop(plain());
        fork();
        drop(limited());
        Payload::make()
    }
    drop(forking());
    assert_eq!(FORKING.close().status, CloseStatus::Ok);
    assert!(cells::all().iter().any(|cell| cell.info().name == "forking" && cell.observed().len() == 2));
    use_all();
    join();
}

pub(crate) fn a_child_forked_inside_a_disposer_finishes_it() {
    fn dispose(payload: Payload) {
        fork();
        drop(plain());
        let _ = payload.dispose();
    }
    #[runtime_cell(dispose = dispose)]
    fn forking() -> Payload {
        Payload::make()
    }
    drop(forking());
    assert_eq!(FORKING.close().status, CloseStatus::Ok);
    use_all();
    join();
}

pub(crate) fn a_child_makes_a_runtime_of_its_own() {
    let built = |runtime: &tokio::runtime::Runtime| {
        runtime.block_on(async {
            drop(task().await);
            assert!(TASK.is_ready());
        });
    };
    let runtime = multi_thread();
    built(&runtime);
    runtime.block_on(async { assert_eq!(TASK.close().await.status, CloseStatus::Ok) });
    // A runtime's threads are not in the child, so it ends first.
    drop(runtime);
    in_child(|| {
        built(&multi_thread());
        use_all();
    });
    built(&multi_thread());
    use_all();
}

pub(crate) fn a_child_warms_up_and_shuts_down() {
    assert!(cells::warm_up().is_ok());
    in_child(|| {
        assert!(cells::close_all(LONG).is_ok() && cells::warm_up().is_ok());
        let report = cells::shutdown(LONG);
        assert!(report.is_ok(), "{report}");
        assert!(limited().is_err_and(|error| error.is_shut_down()));
    });
    assert!(limited().is_ok(), "a child's shutdown is not its parent's");
    assert!(cells::shutdown(LONG).is_ok());
}

/// A flight of another thread is under way at the fork; the child runs `child`.
fn during_a_flight<R: Send + 'static>(get: fn() -> R, child: fn()) {
    let stage = AT.set();
    let flight = spawn(get);
    stage.reached();
    in_child(child);
    stage.release();
    drop(flight.join());
    use_all();
}

pub(crate) fn x21_a_child_gets_a_cell_that_another_thread_is_building() {
    during_a_flight(plain, || {
        drop(plain());
        assert_eq!(PLAIN.close().status, CloseStatus::Ok);
        use_all();
    });
}

pub(crate) fn x21_a_child_gets_a_cell_with_a_limit_that_another_thread_is_building() {
    during_a_flight(limited, || {
        drop(limited().expect("nobody builds it in this process"));
        assert_eq!(LIMITED.close().status, CloseStatus::Ok);
        use_all();
    });
}

pub(crate) fn x21_a_child_gets_a_permanent_cell_that_another_thread_is_building() {
    during_a_flight(fixed, || {
        assert_eq!(*fixed(), 1);
        use_all();
    });
}

pub(crate) fn x21_a_child_gets_an_async_cell_that_another_thread_is_building() {
    let get = || pollster::block_on(async { drop(task().await) });
    during_a_flight(get, || {
        pollster::block_on(async { drop(task().await) });
        use_all();
    });
}

pub(crate) fn x21_a_child_closes_and_drains_a_cell_that_another_thread_is_building() {
    during_a_flight(plain, || {
        assert_ne!(PLAIN.close_and_drain(LONG).status, CloseStatus::Draining);
        use_all();
    });
}

pub(crate) fn x21_a_child_shuts_down_while_another_thread_is_building() {
    during_a_flight(plain, || {
        drop(limited());
        let _ = cells::shutdown(LONG);
        assert!(!LIMITED.is_ready());
    });
}

/// A caller that waits in vain for a flight, on no executor that has timers; `first` runs before it waits.
pub(crate) fn gives_up(first: impl FnOnce()) {
    let cell = leak(RuntimeCell::<u8>::new("slow").wait_timeout(Duration::from_millis(20)));
    let stage = Stage::new();
    let flight = spawn(|| {
        let built = cell.get_or_initialize(|| {
            stage.pause();
            Ok::<_, Boom>(1)
        });
        assert!(built.is_ok());
    });
    stage.reached();
    first();
    let waited = pollster::block_on(cell.get_or_initialize_async(|| async { Ok::<_, Boom>(2) }));
    assert!(waited.is_err_and(|error| error.is_timeout()));
    stage.release();
    flight.join();
}

pub(crate) fn x21_a_limit_ends_a_wait_in_the_child_of_a_process_with_a_timer() {
    let parent = process::id();
    gives_up(|| ());
    in_child(|| {
        assert_ne!(process::id(), parent);
        gives_up(|| ());
        gives_up(|| ());
    });
    gives_up(|| ());
    eventually("the timer goes on", || true);
}
