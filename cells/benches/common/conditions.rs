//! A cell's ready read under conditions that should make no difference.
//!
//! Each has a cell of its own, because what happens to the leases of a cell may leave its mark where they are counted.

use super::readers::elsewhere;
use super::turns::{Contender, in_a_loop};
use cells::{Error, Ref, runtime_cell};
use std::hint::black_box;
use std::num::ParseIntError;
use std::thread;

/// How many leases move from thread to thread at once, and how often.
const MOVED: (usize, usize) = (1_000, 5);

/// The plain loop, which the others are compared with.
pub(crate) const PLAIN: &str = "one read in a loop";

numbers! { unhindered another own under_one under_five moved_away moved_here }

#[runtime_cell]
fn fallible() -> Result<u64, ParseIntError> {
    black_box("42").parse()
}

#[runtime_cell(fresh = "1h", expires = "2h")]
fn ageing() -> u64 {
    black_box(42)
}

/// The plain loop, and a read under each condition. Another thread builds the cells, but for one.
pub(crate) fn contenders() -> Vec<Contender<'static>> {
    elsewhere(|| {
        for cell in [unhindered, another, under_one, under_five, moved_away, moved_here, ageing] {
            drop(cell());
        }
        drop(fallible());
    });
    drop(own());
    let (leases, times) = MOVED;
    let take = move |cell: fn() -> Ref<'static, u64>| (0..leases).map(|_| cell()).collect::<Vec<_>>();
    for _ in 0..times {
        let leases = take(moved_away);
        thread::spawn(move || drop(leases)).join().expect("no drop panics");
        let leases = thread::spawn(move || take(moved_here)).join().expect("no read panics");
        drop(leases);
    }
    vec![
        Contender::new(PLAIN, in_a_loop!(*unhindered())),
        // Shows how far the figures of two cells differ without a condition.
        Contender::new("another cell", in_a_loop!(*another())),
        Contender::new("fallible", in_a_loop!(*fallible().expect("42 is a number"))),
        Contender::new("fallible, by `?`", in_a_loop!(by_question_mark().unwrap_or(0))),
        Contender::new("of a payload that ages", in_a_loop!(*ageing())),
        Contender::new("four in a row", in_a_loop!(four: *unhindered())),
        Contender::new("eight in a row", in_a_loop!(eight: *unhindered())),
        Contender::new("on the thread that built it", in_a_loop!(*own())),
        Contender::new("under 1 lease", in_a_loop!(keep _held = under_one() => *under_one())),
        Contender::new(
            "under 5 leases",
            in_a_loop!(keep _held = [(); 5].map(|()| under_five()) => *under_five()),
        ),
        Contender::new("after 5,000 leases moved away", in_a_loop!(*moved_away())),
        Contender::new("after 5,000 leases moved here", in_a_loop!(*moved_here())),
    ]
}

#[inline]
fn by_question_mark() -> Result<u64, Error> {
    Ok(*fallible()?)
}
