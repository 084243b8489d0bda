//! Chains of dependent reads: each needs the result of the one before, so that the time from the beginning of a read to
//! its result counts, and not how many reads the processor does side by side.

use super::readers::elsewhere;
use super::turns::{Contender, in_a_loop};
use arc_swap::ArcSwap;
use cells::{Error, RuntimeCell};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

// Two of each: the value of one read decides which of the two is read next. It is always the first.
static LAZIES: [LazyLock<u64>; 2] = [LazyLock::new(|| 7), LazyLock::new(|| 7)];
static CELLS: [RuntimeCell<u64>; 2] = [RuntimeCell::new("cell"), RuntimeCell::new("other")];
static SWAPS: LazyLock<[ArcSwap<u64>; 2]> = LazyLock::new(|| [7, 7].map(ArcSwap::from_pointee));
static LOCKS: [RwLock<Option<Arc<u64>>>; 2] = [RwLock::new(None), RwLock::new(None)];

macro_rules! chain {
    ($at:ident: $read:expr) => {
        in_a_loop!(keep mut last = 0_u64 => {
            let $at = usize::from(last > u64::MAX / 2);
            last = $read;
        })
    };
}

pub(crate) fn contenders() -> Vec<Contender<'static>> {
    *LOCKS[0].write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(7));
    elsewhere(|| drop(CELLS[0].get_or_initialize(|| Ok::<_, Error>(7))));
    vec![
        Contender::new("LazyLock", chain!(at: *LAZIES[at])),
        Contender::new(
            "cell",
            chain!(at: CELLS[at].get_or_initialize(|| Ok::<_, Error>(7)).map_or(0, |lease| *lease)),
        ),
        Contender::new("cell, peek", chain!(at: CELLS[at].peek().map_or(0, |lease| *lease))),
        Contender::new("arc-swap load", chain!(at: **SWAPS[at].load())),
        Contender::new(
            "RwLock read, clone the Arc",
            chain!(at: {
                let value = LOCKS[at].read().unwrap_or_else(PoisonError::into_inner).clone();
                value.map_or(0, |value| *value)
            }),
        ),
    ]
}
