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
    use cells::{CloseStatus, Error, ReadPath, Ref, RuntimeCell, read_path};
    use std::future::{Future, pending};
    use std::panic::catch_unwind;
    use std::pin::pin;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::{Context, Waker};
    use std::thread;
    use std::time::Duration;

    static ONE: RuntimeCell<Payload> = RuntimeCell::new("one");
    static TWO: RuntimeCell<Payload> = RuntimeCell::new("two");
    static THREE: RuntimeCell<Payload> = RuntimeCell::new("three");
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

    /// Waits for a flight that does not go on, in a task with a time limit.
    fn waits_in_vain() {
        static SLOW: RuntimeCell<Payload> = RuntimeCell::new("slow").wait_timeout(Duration::from_millis(20));
        let mut flight = pin!(SLOW.get_or_initialize_async(pending::<Result<Payload, Error>>));
        assert!(flight.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let waiter = SLOW.get_or_initialize_async(async || Ok::<_, Error>(Payload(7)));
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

    fn x21_a_limit_holds_in_a_child() {
        within_a_minute(waits_in_vain);
        part("a limit in a child", || {
            within_a_minute(waits_in_vain);
            part("a limit in a grandchild", || within_a_minute(waits_in_vain));
            within_a_minute(waits_in_vain);
        });
        within_a_minute(waits_in_vain);
    }

    pub(super) fn main() {
        part("membarrier denied from the start", || {
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

        part("membarrier denied later", || {
            let path = read_path();
            let before = ends();
            drop(get(&ONE));
            deny_membarrier();
            let closed = ONE.close().status;
            if path == ReadPath::Fences {
                return assert_eq!(closed, CloseStatus::Ok);
            }
            // Nobody can tell whether a lease is out, so the payload is never disposed; the cell works as before.
            assert_eq!((closed, ends()), (CloseStatus::Draining, before));
            drop(get(&ONE));
            assert_eq!((ONE.close().status, ends()), (CloseStatus::Draining, before));
        });

        x21_a_limit_holds_in_a_child();
    }
}
