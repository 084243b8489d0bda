//! A cell's ready read while many other cells are live.

use super::readers::elsewhere;
use super::turns::{Contender, in_a_loop};
use cells::RuntimeCell;
use std::convert::Infallible;
use std::hint::black_box;

/// The plain loops, which the others are compared with: a declared cell, and a bare one.
pub(crate) const DECLARED: &str = "declared, alone";
pub(crate) const BARE: &str = "bare, alone";

numbers! { alone after_300 after_3_000 after_70_000 after_140_000 }

static BARE_ALONE: RuntimeCell<u64> = RuntimeCell::new("alone");

#[inline]
fn read(cell: &'static RuntimeCell<u64>) -> u64 {
    *cell.get_or_initialize(|| Ok::<_, Infallible>(black_box(42))).expect("a factory that cannot fail")
}

/// The plain loops; then the 300th, the 3,000th, the 70,000th and the 140,000th bare cell that is live, and a declared
/// cell that is built after each. Another thread builds them all; they stay live.
pub(crate) fn contenders() -> Vec<Contender<'static>> {
    let declared = [
        (300, after_300 as fn() -> _),
        (3_000, after_3_000),
        (70_000, after_70_000),
        (140_000, after_140_000),
    ];
    let cells = || (0..140_000).map(|_| RuntimeCell::<u64>::new("one of many")).collect::<Vec<_>>();
    let cells: &'static [_] = Vec::leak(cells());
    elsewhere(move || {
        drop(alone());
        read(&BARE_ALONE);
        for (before, cell) in cells.iter().enumerate() {
            read(cell);
            for (count, declared) in declared {
                if before + 1 == count {
                    drop(declared());
                }
            }
        }
    });
    let nth = |count: usize| &cells[count - 1];
    let [nth_300, nth_3_000, nth_70_000, nth_140_000] = [300, 3_000, 70_000, 140_000].map(nth);
    vec![
        Contender::new(DECLARED, in_a_loop!(*alone())),
        Contender::new("declared, after 300", in_a_loop!(*after_300())),
        Contender::new("declared, after 3,000", in_a_loop!(*after_3_000())),
        Contender::new("declared, after 70,000", in_a_loop!(*after_70_000())),
        Contender::new("declared, after 140,000", in_a_loop!(*after_140_000())),
        Contender::new(BARE, in_a_loop!(read(&BARE_ALONE))),
        Contender::new("bare, the 300th", in_a_loop!(read(nth_300))),
        Contender::new("bare, the 3,000th", in_a_loop!(read(nth_3_000))),
        Contender::new("bare, the 70,000th", in_a_loop!(read(nth_70_000))),
        Contender::new("bare, the 140,000th", in_a_loop!(read(nth_140_000))),
    ]
}
