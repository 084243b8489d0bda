//! A latch: threads wait at it until it is opened, once and for good.
//!
//! On Linux it is a futex (`futex(2)`), so that a woken thread takes no lock that the others queue for (target: the
//! last of 64 and of 512 waiters, docs/performance.md). The kernel puts a thread to sleep only if it still finds the
//! latch shut, so a thread that is about to sleep when the latch opens is not missed. One thread alone would take so
//! long to wake many that the first of them would be done before the last is woken. So the opener wakes a few at a time
//! until nobody sleeps, and each thread that slept wakes a few more before it goes on. Nothing depends on that help: if
//! it is late, the opener wakes the rest. Elsewhere the latch is a condition variable, whose lock the woken threads
//! take one after the other.

#[cfg(all(target_os = "linux", not(any(cells_portable, miri))))]
pub(crate) use self::futex::Latch;
#[cfg(not(all(target_os = "linux", not(any(cells_portable, miri)))))]
pub(crate) use self::portable::Latch;

#[cfg(all(target_os = "linux", not(any(cells_portable, miri))))]
mod futex {
    use rustix::thread::futex::{Flags, Timespec, wait, wake};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Instant;

    const SHUT: u32 = 0;
    const OPEN: u32 = 1;

    /// How many threads one call wakes. In the benchmark `release`, 1 is too few, and 2 to 8 make little difference.
    const SOME: u32 = 8;

    pub(crate) struct Latch(AtomicU32);

    impl Latch {
        pub(crate) const fn new() -> Self {
            Self(AtomicU32::new(SHUT))
        }

        pub(crate) fn open(&self) {
            // Release: pairs with the acquire in `wait`.
            self.0.store(OPEN, Ordering::Release);
            while self.wake_some() == SOME as usize {}
        }

        /// Wakes up to `SOME` threads; returns how many.
        fn wake_some(&self) -> usize {
            wake(&self.0, Flags::PRIVATE, SOME).unwrap_or(0)
        }

        /// Sleeps until the latch is open, or until the deadline; returns whether it is open.
        pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
            let mut slept = false;
            // Acquire: pairs with the release in `open`.
            while self.0.load(Ordering::Acquire) == SHUT {
                let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                if left.is_some_and(|left| left.is_zero()) {
                    return false;
                }
                // A time that the kernel cannot represent is as good as no limit.
                let left = left.and_then(|left| Timespec::try_from(left).ok());
                // Whatever the result (woken, timed out, interrupted, already open), the loop looks at the latch
                // itself.
                let _ = wait(&self.0, Flags::PRIVATE, SHUT, left.as_ref());
                slept = true;
            }
            if slept {
                self.wake_some();
            }
            true
        }
    }
}

#[cfg(any(test, not(all(target_os = "linux", not(any(cells_portable, miri))))))]
mod portable {
    use crate::sync::monitor::Monitor;
    use std::time::Instant;

    pub(crate) struct Latch {
        open: Monitor<bool>,
    }

    impl Latch {
        pub(crate) const fn new() -> Self {
            Self { open: Monitor::new(false) }
        }

        pub(crate) fn open(&self) {
            *self.open.lock() = true;
            self.open.notify_all();
        }

        /// Sleeps until the latch is open, or until the deadline; returns whether it is open.
        pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
            *self.open.lock_after(deadline, |open| !open)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;
    use std::time::{Duration, Instant};

    macro_rules! opens_once_for_all {
        ($name:ident, $latch:ty) => {
            #[test]
            fn $name() {
                let latch = <$latch>::new();
                assert!(!latch.wait(Some(Instant::now())), "it is shut at first");
                assert!(!latch.wait(Some(Instant::now() + Duration::from_millis(1))), "and it stays shut");
                let barrier = Barrier::new(41);
                thread::scope(|scope| {
                    let wait = |deadline| {
                        barrier.wait();
                        latch.wait(deadline)
                    };
                    let hour = Instant::now() + Duration::from_secs(3600);
                    let threads: Vec<_> = [None, Some(hour)]
                        .into_iter()
                        .cycle()
                        .take(40)
                        .map(|deadline| scope.spawn(move || wait(deadline)))
                        .collect();
                    barrier.wait();
                    latch.open();
                    assert!(threads.into_iter().all(|thread| thread.join().expect("it only waits")));
                });
                assert!(latch.wait(None), "it stays open");
                assert!(latch.wait(Some(Instant::now())), "also for a thread that comes late");
            }
        };
    }

    opens_once_for_all!(the_latch_of_this_system, super::Latch);
    opens_once_for_all!(the_portable_latch, super::portable::Latch);
}
