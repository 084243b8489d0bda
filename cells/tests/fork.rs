//! Cells in a child process, and where the kernel denies `membarrier(2)`. Without a test harness, because only the
//! child of a process with one thread may do as it pleases.

#![cfg_attr(target_os = "linux", expect(unsafe_code, reason = "it calls fork and seccomp"))]

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: for Linux only");
}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use cells::{
        BoxError, CloseStatus, Disposer, Error, ReadPath, Ref, RuntimeCell, State, read_path, runtime_cell,
        use_fences,
    };
    use std::future::{Future, pending};
    use std::panic::catch_unwind;
    use std::pin::pin;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::task::{Context, Waker};
    use std::thread;
    use std::time::Duration;

    static ONE: RuntimeCell<Payload> = RuntimeCell::new("one");
    static TWO: RuntimeCell<Payload> = RuntimeCell::new("two");
    static THREE: RuntimeCell<Payload> = RuntimeCell::new("three");
    /// Forks in its disposer.
    static FORKS: RuntimeCell<Payload> = RuntimeCell::new("forks").disposer(Disposer::with(fork_in_disposer));
    static ENDS: AtomicU64 = AtomicU64::new(0);

    struct Payload(u64);

    impl Drop for Payload {
        fn drop(&mut self) {
            ENDS.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn get(cell: &'static RuntimeCell<Payload>) -> Ref<'static, Payload> {
        let lease =
            cell.get_or_initialize(|| Ok::<_, Error>(Payload(7))).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(lease.0, 7);
        lease
    }

    fn ends() -> u64 {
        ENDS.load(Ordering::SeqCst)
    }

    /// Runs one part of the test in a child process.
    fn part(name: &str, run: fn()) {
        // SAFETY: all other threads have ended or wait at a barrier, and hold no lock that the child needs.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "fork failed");
        if child == 0 {
            let status = i32::from(catch_unwind(run).is_err());
            // SAFETY: it does not return, and runs no code of this program.
            unsafe { libc::_exit(status) };
        }
        let mut status = 0;
        // SAFETY: `status` is a local that the call may write.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!((waited, status), (child, 0), "{name}");
        println!("{name}: ok");
    }

    /// The same where the kernel can deny a call: an emulator may not let a process deny itself what it needs.
    fn part_with_denial(name: &str, run: fn()) {
        // SAFETY: no filter is at that address, so none is set; the kernel says whether it would read one (`prctl(2)`).
        let answer = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, 0, 0, 0) };
        let error = std::io::Error::last_os_error();
        if answer == -1 && error.raw_os_error() == Some(libc::EFAULT) {
            part(name, run);
        } else {
            println!("{name}: skipped, because the kernel accepts no filter of calls: {error}");
        }
    }

    /// From here on the kernel denies `membarrier` to this process.
    fn deny_membarrier() {
        let deny = u32::try_from(libc::EPERM).unwrap_or(1) | libc::SECCOMP_RET_ERRNO;
        let call = u32::try_from(libc::SYS_membarrier).unwrap_or(u32::MAX);
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

    /// Reads and closes, as the first use of cells in the process or after other threads have used them.
    fn read_and_close() {
        let before = ends();
        let (first, second) = (get(&ONE), get(&ONE));
        drop(first);
        assert_eq!(ONE.close().status, CloseStatus::Draining);
        drop(second);
        assert_eq!(ends(), before + 1);
        drop(get(&ONE));
        assert_eq!(ONE.close().status, CloseStatus::Ok);
        thread::scope(|scope| {
            let lease = get(&ONE);
            // Joined, because a scope does not wait for its threads' destructors.
            for thread in [scope.spawn(|| drop(get(&ONE))), scope.spawn(move || drop(lease))] {
                thread.join().expect("no panic");
            }
        });
        assert_eq!(ONE.close().status, CloseStatus::Ok);
        assert_eq!(ends(), before + 3);
    }

    /// Reads on threads old and new, while one closes: every payload is disposed once, and none is used afterwards.
    fn storm() {
        let before = ends();
        let (reads, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let read = || {
            while !stop.load(Ordering::SeqCst) {
                if let Some(lease) = TWO.peek() {
                    assert_eq!(lease.0, 7);
                    reads.fetch_add(1, Ordering::SeqCst);
                    drop(Ref::clone(&lease));
                }
            }
        };
        let mut built = 0;
        thread::scope(|scope| {
            let readers = [scope.spawn(read), scope.spawn(read)];
            while built < 3_000 || reads.load(Ordering::SeqCst) < 3_000 {
                // This thread has its table from before.
                for _ in 0..10 {
                    drop(get(&TWO));
                }
                built += 1;
                assert!(matches!(
                    TWO.close().status,
                    CloseStatus::Ok | CloseStatus::Draining | CloseStatus::Disposing
                ));
            }
            stop.store(true, Ordering::SeqCst);
            // Joined, because a scope does not wait for its threads' destructors.
            for reader in readers {
                reader.join().expect("no panic");
            }
        });
        assert_eq!(ends() - before, built);
    }

    /// What was published before is lost, which is told once; what is published later is as always.
    fn x22_membarrier_denied_later() {
        let path = read_path();
        let told = log::errors();
        let before = ends();
        let (kept, lost) = (get(&ONE), get(&TWO));
        drop((get(&ONE), lost));
        drop(get(&THREE));
        deny_membarrier();
        if path == ReadPath::Fences {
            drop(kept);
            assert_eq!((ONE.close().status, ends(), log::errors()), (CloseStatus::Ok, before + 1, told));
            return;
        }
        // Nobody can tell whether a lease is out, so these payloads are never disposed.
        assert_eq!((TWO.close().status, read_path()), (CloseStatus::Draining, ReadPath::Fences));
        assert_eq!(ONE.close().status, CloseStatus::Draining);
        assert!(THREE.refresh(|| Ok::<_, Error>(Payload(7))).is_ok());
        drop(kept);
        assert_eq!((ends(), log::errors()), (before, told + u64::from(cfg!(feature = "tracing"))));
        read_and_close();
        let before = ends();
        assert_eq!((THREE.close().status, ends()), (CloseStatus::Ok, before + 1));
        storm();
        assert_eq!(log::errors(), told + u64::from(cfg!(feature = "tracing")));
        // A child of this one goes on in the same way.
        part("    its child", read_and_close);
        assert!(!use_fences(), "the lost payloads still need the call");
    }

    /// What was published before is closed as always, as long as the kernel grants the call.
    fn x22_fences_after_reads() {
        let from_the_start = read_path() == ReadPath::Fences;
        let before = ends();
        let (one, two) = (get(&ONE), get(&TWO));
        assert_eq!(use_fences(), from_the_start);
        assert_eq!(read_path(), ReadPath::Fences);
        drop((get(&ONE), one));
        assert_eq!((ONE.close().status, ends()), (CloseStatus::Ok, before + 1));
        assert_eq!((TWO.close().status, ends()), (CloseStatus::Draining, before + 1));
        drop(two);
        assert_eq!(ends(), before + 2);
        deny_membarrier();
        read_and_close();
        storm();
        assert_eq!(log::errors(), 0);
    }

    #[expect(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "a disposer's signature")]
    fn fork_in_disposer(payload: Payload) -> Result<(), BoxError> {
        if payload.0 == 7 {
            part("    in a disposer", || {
                read_and_close();
                // The cell that is being closed, too.
                assert!(FORKS.peek().is_none());
                let again = FORKS.get_or_initialize(|| Ok::<_, Error>(Payload(8)));
                drop(again.unwrap_or_else(|error| panic!("{error}")));
                assert_eq!(FORKS.close().status, CloseStatus::Ok);
            });
        }
        Ok(())
    }

    fn a_fork_at_every_stage_of_a_close() {
        drop(get(&FORKS));
        assert_eq!(FORKS.close().status, CloseStatus::Ok);
        let last = get(&FORKS);
        assert_eq!(FORKS.close().status, CloseStatus::Draining);
        drop(last);

        // Leases and a drain: the child has both, and so has the parent.
        let (kept, drained) = (get(&ONE), get(&TWO));
        let clone = Ref::clone(&drained);
        assert_eq!(TWO.close().status, CloseStatus::Draining);
        let before = ends();
        let end = || {
            drop(drained);
            drop(get(&TWO));
            assert_eq!((TWO.close().status, ends()), (CloseStatus::Ok, before + 1));
            drop(clone);
            assert_eq!(ends(), before + 2);
            assert_eq!(ONE.close().status, CloseStatus::Draining);
            drop(kept);
            assert_eq!(ends(), before + 3);
        };
        let child = {
            // SAFETY: this process has one thread.
            unsafe { libc::fork() }
        };
        assert!(child >= 0, "fork failed");
        if child == 0 {
            let status = i32::from(catch_unwind(std::panic::AssertUnwindSafe(end)).is_err());
            // SAFETY: it does not return, and runs no code of this program.
            unsafe { libc::_exit(status) };
        }
        let mut status = 0;
        // SAFETY: `status` is a local that the call may write.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!((waited, status), (child, 0), "leases and a drain");
        end();

        // Other threads of the parent hold leases and wait in thread-locals; the child has neither.
        let barrier = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let lease = get(&THREE);
                    barrier.wait();
                    barrier.wait();
                    drop(lease);
                });
            }
            barrier.wait();
            part("    leases of other threads", || {
                let before = ends();
                assert_eq!(THREE.close().status, CloseStatus::Draining);
                drop(get(&THREE));
                assert_eq!((THREE.close().status, ends()), (CloseStatus::Ok, before + 1));
                storm();
            });
            barrier.wait();
        });
        assert_ne!(THREE.close_and_drain(std::time::Duration::from_secs(60)).status, CloseStatus::Draining);
    }

    /// Counts the errors that the library logs.
    #[cfg(feature = "tracing")]
    mod log {
        use std::sync::atomic::{AtomicU64, Ordering};
        use tracing::span::{Attributes, Id, Record};
        use tracing::{Event, Level, Metadata, Subscriber};

        static ERRORS: AtomicU64 = AtomicU64::new(0);

        struct Errors;

        impl Subscriber for Errors {
            fn enabled(&self, metadata: &Metadata<'_>) -> bool {
                metadata.target() == "cells" && *metadata.level() == Level::ERROR
            }
            fn new_span(&self, _: &Attributes<'_>) -> Id {
                Id::from_u64(1)
            }
            fn record(&self, _: &Id, _: &Record<'_>) {}
            fn record_follows_from(&self, _: &Id, _: &Id) {}
            fn event(&self, event: &Event<'_>) {
                assert_eq!(event.metadata().name(), "runtime_cells_membarrier_denied");
                ERRORS.fetch_add(1, Ordering::SeqCst);
            }
            fn enter(&self, _: &Id) {}
            fn exit(&self, _: &Id) {}
        }

        pub(super) fn start() {
            assert!(tracing::subscriber::set_global_default(Errors).is_ok());
        }

        pub(super) fn errors() -> u64 {
            ERRORS.load(Ordering::SeqCst)
        }
    }

    #[cfg(not(feature = "tracing"))]
    mod log {
        pub(super) fn start() {}

        pub(super) fn errors() -> u64 {
            0
        }
    }

    /// Waits for a flight that does not go on, in a task with a time limit.
    fn waits_in_vain() {
        static STUCK: RuntimeCell<Payload> =
            RuntimeCell::new("stuck").wait_timeout(Duration::from_millis(20));
        let mut flight = pin!(STUCK.get_or_initialize_async(pending::<Result<Payload, Error>>));
        assert!(flight.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let waiter = STUCK.get_or_initialize_async(async || Ok::<_, Error>(Payload(7)));
        assert!(pollster::block_on(waiter).is_err_and(|error| error.is_timeout()));
    }

    /// Ends the process if that takes too long: a thread that hangs cannot fail the test.
    fn within_a_minute(run: fn()) {
        // SAFETY: it only sets a timer of the process, whose signal ends the process.
        unsafe { libc::alarm(60) };
        run();
        // SAFETY: as above.
        unsafe { libc::alarm(0) };
    }

    /// In each of a row of children: what a sleeping thread leaves behind in a table of the process would sooner or later be
    /// where a thread of the child looks.
    fn x21_a_limit_holds_in_a_child() {
        static CHILDREN: AtomicU64 = AtomicU64::new(30);
        within_a_minute(waits_in_vain);
        if CHILDREN.fetch_sub(1, Ordering::SeqCst) > 0 {
            part("a limit in a child", x21_a_limit_holds_in_a_child);
        }
        within_a_minute(waits_in_vain);
    }

    static SLOW: RuntimeCell<Payload> = RuntimeCell::new("slow").wait_timeout(Duration::from_secs(50));
    static CAUSED: RuntimeCell<Payload> = RuntimeCell::new("caused");

    /// A child gets, closes and drains a cell whose factory runs on a thread of its parent.
    fn gets_what_another_process_builds() {
        assert!(!SLOW.is_ready());
        assert_eq!((SLOW.state(), SLOW.snapshot().waiters), (State::Empty, 0));
        assert!(SLOW.get_or_initialize(|| Ok::<_, Error>(Payload(7))).is_ok_and(|lease| lease.0 == 7));
        let before = ends();
        assert_eq!((SLOW.close_and_drain(Duration::MAX).status, ends()), (CloseStatus::Ok, before + 1));
        let task = SLOW.get_or_initialize_async(async || Ok::<_, Error>(Payload(7)));
        assert!(pollster::block_on(task).is_ok());
        assert_eq!(SLOW.close().status, CloseStatus::Ok);
    }

    fn x21_a_child_builds_what_its_parents_threads_build() {
        let barrier = &Barrier::new(2);
        thread::scope(|scope| {
            let build = || {
                barrier.wait();
                barrier.wait();
                Ok::<_, Error>(Payload(7))
            };
            scope.spawn(move || drop(SLOW.get_or_initialize(build)));
            barrier.wait();
            part("during a flight", || within_a_minute(gets_what_another_process_builds));
            // Closed first, and then asked; and seeded.
            part("during a flight, closed", || {
                assert_eq!(SLOW.close_and_drain(Duration::MAX).status, CloseStatus::Noop);
                within_a_minute(gets_what_another_process_builds);
                let _permit = cells::testing::allow_seeding();
                assert!(SLOW.seed(Payload(7)).is_ok());
                assert_eq!(SLOW.close().status, CloseStatus::Ok);
            });
            part("during a flight, replaced", || {
                assert!(SLOW.replace(Payload(7)).is_ok() && SLOW.replace(Payload(8)).is_ok());
                assert_eq!(SLOW.close().status, CloseStatus::Ok);
            });
            part("during a flight, provided", || {
                assert!(SLOW.provide(Payload(7)).is_ok());
                assert_eq!(SLOW.close().status, CloseStatus::Ok);
                within_a_minute(gets_what_another_process_builds);
            });
            // The parent's flight goes on.
            assert_eq!(SLOW.state(), State::Initializing);
            barrier.wait();
        });
        assert_eq!(SLOW.close().status, CloseStatus::Ok);
    }

    fn x21_a_child_goes_on_with_the_factory_that_forked() {
        let built = CAUSED.get_or_initialize(|| {
            part("inside a factory", || {
                // The thread that runs the factory is in the child, and still cannot wait for itself.
                let again = CAUSED.get_or_initialize(|| Ok::<_, Error>(Payload(7)));
                assert!(again.is_err_and(|error| error.is_reentrant()));
                within_a_minute(read_and_close);
            });
            Ok::<_, Error>(Payload(7))
        });
        drop(built.unwrap_or_else(|error| panic!("{error}")));
        assert_eq!(CAUSED.close().status, CloseStatus::Ok);
    }

    #[runtime_cell(expires = "1s")]
    fn ends_by_age() -> Payload {
        Payload(7)
    }

    #[runtime_cell(fresh = "1s")]
    fn refreshed_by_age() -> Payload {
        Payload(7)
    }

    /// The alarms that would shut the fast path ring in the parent alone.
    fn f2_a_child_does_not_keep_what_its_parent_would_not() {
        let read = || (Ref::generation(&ends_by_age()), Ref::generation(&refreshed_by_age()));
        let _ = (ENDS_BY_AGE.close(), REFRESHED_BY_AGE.close());
        let before = read();
        assert_eq!(read(), before);
        part("payloads that age", || {
            within_a_minute(|| {
                let read = || (Ref::generation(&ends_by_age()), Ref::generation(&refreshed_by_age()));
                let inherited = read();
                let both_newer = |(ended, refreshed)| ended > inherited.0 && refreshed > inherited.1;
                // The second time it is the child's own.
                while !both_newer(read()) {
                    thread::yield_now();
                }
                let own = read();
                while read().0 <= own.0 {
                    thread::yield_now();
                }
            });
        });
    }

    pub(super) fn main() {
        log::start();
        part_with_denial("membarrier denied from the start", || {
            deny_membarrier();
            read_and_close();
            assert_eq!(read_path(), ReadPath::Fences);
        });
        part_with_denial("fences before the first read", || {
            assert!(use_fences() && use_fences());
            deny_membarrier();
            read_and_close();
            assert_eq!(read_path(), ReadPath::Fences);
        });
        read_and_close();
        println!("read path: {:?}", read_path());
        part("a child of one thread", read_and_close);

        let two = get(&TWO);
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                let _three = get(&THREE);
                barrier.wait();
                barrier.wait();
            });
            barrier.wait();
            part("a child of two threads", || {
                read_and_close();
                // The child's only thread holds the lease on `TWO`. The thread that holds the one on `THREE` does not
                // exist here, so that lease is as good as forgotten.
                assert_eq!(
                    (TWO.close().status, THREE.close().status),
                    (CloseStatus::Draining, CloseStatus::Draining)
                );
                drop(get(&THREE));
                assert_eq!(THREE.close().status, CloseStatus::Ok);
            });
            part("a grandchild", || part("its parent", read_and_close));
            barrier.wait();
        });
        assert_eq!(TWO.close().status, CloseStatus::Draining);
        let before = ends();
        drop(two);
        assert_eq!((THREE.close().status, ends()), (CloseStatus::Ok, before + 2));

        part_with_denial("membarrier denied later", x22_membarrier_denied_later);
        part_with_denial("fences after reads", x22_fences_after_reads);
        part("a fork at every stage of a close", a_fork_at_every_stage_of_a_close);

        x21_a_limit_holds_in_a_child();
        f2_a_child_does_not_keep_what_its_parent_would_not();
        x21_a_child_builds_what_its_parents_threads_build();
        x21_a_child_goes_on_with_the_factory_that_forked();
    }
}
