//! Work that nobody waits for, on threads of the library's own.
//!
//! A thread starts with a job and ends when there is none left. Only so many run at once; what comes then waits for its turn,
//! behind the jobs of all cells. Whoever finds the limit reached leaves the job to the threads that reached it: each of them
//! looks for another one before it ends.

use crate::error::Panic;
use crate::sync::monitor::Monitor;
use crate::sync::process::PerProcess;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(not(cells_shuttle))]
use std::thread;

#[cfg(cells_shuttle)]
use shuttle::thread;

type Job = Box<dyn FnOnce() + Send>;

/// How many threads there are at most.
const MOST: usize = 64;

static WORK: PerProcess<Monitor<Work>> = PerProcess::new();

#[derive(Default)]
struct Work {
    threads: usize,
    waiting: VecDeque<Job>,
}

/// Runs a job; drops it if there can be no thread, and returns whether there is one.
pub(crate) fn run(job: impl FnOnce() + Send + 'static) -> bool {
    let (work, job): (_, Job) = (WORK.get(), Box::new(job));
    let mut state = work.lock();
    if state.threads >= MOST {
        state.waiting.push_back(job);
        return true;
    }
    state.threads += 1;
    drop(state);
    let worker = move || {
        let mut next = Some(job);
        while let Some(job) = next {
            let _ = catch_unwind(AssertUnwindSafe(job)).map_err(Panic::caught);
            next = take_next(work);
        }
    };
    let started = thread::Builder::new().name("cells-background".to_owned()).spawn(worker).is_ok();
    if !started {
        work.lock().threads -= 1;
    }
    started
}

/// The next job of a thread, which ends without one.
fn take_next(work: &Monitor<Work>) -> Option<Job> {
    let mut work = work.lock();
    let job = work.waiting.pop_front();
    if job.is_none() {
        work.threads -= 1;
    }
    job
}

#[cfg(all(test, not(cells_shuttle)))]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Barrier};
    use std::time::Duration;

    #[test]
    fn f7_more_jobs_than_threads_are_all_run() {
        let (say, said) = channel();
        let together = Arc::new(Barrier::new(MOST));
        for number in 0..3 * MOST {
            let (say, together) = (say.clone(), Arc::clone(&together));
            assert!(run(move || {
                together.wait();
                assert!(number % 2 == 0, "a job may panic");
                say.send(number).expect("the test listens");
            }));
        }
        drop(say);
        let mut numbers = Vec::new();
        while let Ok(number) = said.recv_timeout(Duration::from_secs(60)) {
            numbers.push(number);
        }
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq((0..3 * MOST).step_by(2)));
    }
}
