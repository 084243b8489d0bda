//! What a wake of one of many jobs costs.

use super::*;
use std::sync::atomic::AtomicUsize;
use std::task::Context;

#[test]
fn x1_a_wake_polls_the_job_that_woke_and_no_other() {
    const JOBS: usize = 1000;
    let polls = Arc::new(AtomicUsize::new(0));
    let wakers: Arc<Mutex<HashMap<usize, Waker>>> = Arc::default();
    let mut tasks = Tasks::new();
    for node in 0..JOBS {
        let (polls, wakers) = (Arc::clone(&polls), Arc::clone(&wakers));
        let mut first = true;
        tasks.start(
            node,
            Box::pin(poll_fn(move |cx| {
                polls.fetch_add(1, Ordering::Relaxed);
                wakers.lock().insert(node, cx.waker().clone());
                if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(node) }
            })),
        );
    }
    let cx = Context::from_waker(Waker::noop());
    assert!(tasks.poll_next(&cx).is_pending());
    assert_eq!(polls.load(Ordering::Relaxed), JOBS, "each is polled once");
    for node in (0..JOBS).rev() {
        wakers.lock()[&node].wake_by_ref();
        wakers.lock()[&node].wake_by_ref();
        assert_eq!(tasks.poll_next(&cx), Poll::Ready((node, node)));
    }
    assert_eq!(polls.load(Ordering::Relaxed), 2 * JOBS, "and once more for its wake");
}

#[test]
fn x1_a_job_that_wakes_itself_leaves_the_others_their_turn() {
    let mut tasks = Tasks::new();
    tasks.start(
        0,
        Box::pin(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Pending
        })),
    );
    let cx = Context::from_waker(Waker::noop());
    assert!(tasks.poll_next(&cx).is_pending());
    tasks.start(1, Box::pin(async { "done" }));
    assert_eq!(tasks.poll_next(&cx), Poll::Ready((1, "done")));
}
