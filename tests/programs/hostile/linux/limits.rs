//! Processes that may have little: small stacks, no threads, no memory, no `membarrier(2)`.

use super::forks::gives_up;
use super::payload::{Payload, all_disposed};
use cells::{BoxError, CloseStatus, ReadPath, RuntimeCell, read_path, runtime_cell};
use cells_test_support::{Boom, LONG, Stage, eventually, leak, spawn};
use std::sync::Barrier;
use std::thread;

#[runtime_cell(eager, dispose = Payload::dispose)]
fn base() -> Payload {
    Payload::make()
}

#[runtime_cell(eager, dispose = Payload::dispose)]
fn middle(base: &Payload) -> Result<Payload, Boom> {
    let _ = base;
    Ok(Payload::make())
}

#[runtime_cell(eager, dispose = Payload::dispose)]
async fn top(middle: &Payload) -> Result<Payload, BoxError> {
    let _ = middle;
    Ok(Payload::make())
}

#[runtime_cell(eager, permanent)]
fn fixed() -> u8 {
    1
}

/// Gets, refreshes and closes.
fn use_all() {
    drop(middle().expect("a payload"));
    drop(MIDDLE.refresh().expect("a payload"));
    pollster::block_on(async { drop(top().await.expect("a payload")) });
    BASE.invalidate_with_dependents();
    drop(middle().expect("a payload"));
    drop(BASE.refresh_with_dependents().expect("a payload"));
    assert_eq!(*fixed(), 1);
    assert_eq!(MIDDLE.close().status, CloseStatus::Ok);
    assert_ne!(BASE.close_and_drain(LONG).status, CloseStatus::Draining);
}

pub(crate) fn threads_with_small_stacks_get_wait_refresh_and_close() {
    // Unoptimized code takes several times as much.
    let stack = if cfg!(debug_assertions) { 256 } else { 64 } << 10;
    let small = || thread::Builder::new().stack_size(stack);
    for _ in 0..20 {
        let user = small().spawn(use_all).expect("a thread");
        user.join().expect("it fits");
    }
    let cell =
        leak(RuntimeCell::<Payload>::new("waited for").disposer(cells::Disposer::with(Payload::dispose)));
    let stage = Stage::new();
    let get = || {
        cell.get_or_initialize(|| {
            stage.pause();
            Ok::<_, Boom>(Payload::make())
        })
        .map(drop)
    };
    let flight = small().spawn(get).expect("a thread");
    stage.reached();
    let waiters: Vec<_> = (0..20).map(|_| small().spawn(get).expect("a thread")).collect();
    eventually("the waiters", || cell.snapshot().waiters == 20);
    stage.release();
    for waiter in waiters.into_iter().chain([flight]) {
        waiter.join().expect("it fits").expect("a payload");
    }
    let _ = cell.close();
    assert!(cells::close_all(LONG).is_ok());
    all_disposed();
}

/// Limits a resource of this process to `value`.
fn limit(resource: libc::__rlimit_resource_t, value: u64) {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the call reads a local.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0, "the limit is not accepted");
}

/// Gives up being root, for whom there is no limit of threads.
fn be_nobody() {
    // SAFETY: neither call takes a pointer.
    unsafe {
        if libc::geteuid() == 0 {
            assert_eq!(libc::setuid(65_534), 0, "it gives up being root");
        }
    }
}

/// From here on this process cannot start a thread.
fn no_more_threads() {
    be_nobody();
    limit(libc::RLIMIT_NPROC, 0);
    assert!(thread::Builder::new().spawn(|| ()).is_err(), "a thread was started");
}

/// This process cannot start a thread until the limit that is returned is [lifted](allow_threads).
pub(super) fn no_more_threads_for_now() -> libc::rlimit {
    be_nobody();
    let mut before = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the calls access locals.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NPROC, &raw mut before), 0);
        let none = libc::rlimit { rlim_cur: 0, ..before };
        assert_eq!(libc::setrlimit(libc::RLIMIT_NPROC, &raw const none), 0, "the limit is not accepted");
    }
    assert!(thread::Builder::new().spawn(|| ()).is_err(), "a thread was started");
    before
}

pub(super) fn allow_threads(limit: libc::rlimit) {
    // SAFETY: the call reads a local.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit) }, 0);
}

pub(crate) fn no_thread_can_be_started_for_a_warm_up_or_a_shutdown() {
    no_more_threads();
    for _ in 0..2 {
        let report = cells::warm_up();
        assert!(report.is_ok(), "{report}");
        assert!(BASE.is_ready() && MIDDLE.is_ready() && TOP.is_ready() && FIXED.is_ready());
        let report = cells::close_all(LONG);
        assert!(report.is_ok(), "{report}");
    }
    use_all();
    assert!(cells::warm_up().is_ok());
    let report = cells::shutdown(LONG);
    assert!(report.is_ok(), "{report}");
    all_disposed();
}

pub(crate) fn a_task_waits_with_a_limit_where_no_thread_can_be_started() {
    gives_up(no_more_threads);
}

pub(crate) fn memory_is_too_short_for_threads() {
    use_all();
    let pages: u64 = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|sizes| sizes.split(' ').next()?.parse().ok())
        .expect("the size of this process");
    // SAFETY: the call takes no pointer.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.cast_unsigned();
    // A thread's stack does not fit, and cells do.
    limit(libc::RLIMIT_AS, pages * page + (1 << 20));
    let started = thread::Builder::new().stack_size(16 << 20).spawn(|| ());
    assert!(started.is_err(), "a thread was started");
    let report = cells::warm_up();
    assert!(report.is_ok(), "{report}");
    use_all();
    let report = cells::shutdown(LONG);
    assert!(report.is_ok(), "{report}");
    all_disposed();
}

/// From here on the kernel denies `membarrier` to this process.
fn deny_membarrier() {
    let deny = libc::EPERM.cast_unsigned() | libc::SECCOMP_RET_ERRNO;
    let call = u32::try_from(libc::SYS_membarrier).expect("a small number");
    let statement = |code, k| libc::sock_filter { code, jt: 0, jf: 0, k };
    let (load, jump, answer) = (0x20, 0x15, 0x06);
    let mut filter = [
        statement(load, 0),
        libc::sock_filter { code: jump, jt: 0, jf: 1, k: call },
        statement(answer, deny),
        statement(answer, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // SAFETY: the calls only read the program, which lives until they return.
    let denied = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    assert!(denied, "the kernel accepts no filter");
}

pub(crate) fn membarrier_is_denied_from_the_start() {
    deny_membarrier();
    assert_eq!(read_path(), ReadPath::Fences);
    use_all();
    let barrier = leak(Barrier::new(3));
    let threads = [(); 2].map(|()| {
        spawn(|| {
            let lease = middle().expect("a payload");
            barrier.wait();
            barrier.wait();
            drop(lease);
        })
    });
    barrier.wait();
    assert_eq!(MIDDLE.close().status, CloseStatus::Draining);
    barrier.wait();
    for thread in threads {
        thread.join();
    }
    let report = cells::shutdown(LONG);
    assert!(report.is_ok(), "{report}");
    assert_eq!(read_path(), ReadPath::Fences);
    all_disposed();
}

/// What the first read after a build costs must not include the milliseconds in which the kernel grants `membarrier`.
pub(crate) fn r7_a_build_and_no_read_chooses_the_read_path() {
    drop(base());
    deny_membarrier();
    assert_eq!(read_path(), ReadPath::Membarrier, "it was granted before");
}
