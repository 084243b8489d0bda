//! What the thread of the alarms may do between two steps of a caller.

use super::*;
use crate::declared::mode::Infallible;
use crate::lifetime::Lifetime;
use crate::sync::alarm::Alarm;
use crate::sync::moment::Reading;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

struct Ending;

impl Declared<u64> for Ending {
    type Mode = Infallible;
    const INFO: &'static CellInfo =
        &CellInfo::new::<Self>("ending", "ENDING", "u64", module_path!(), file!(), line!(), true)
            .expires("200ms", |_| Lifetime::For(Duration::from_millis(200)));
    const DISPOSER: Disposer<u64> = Disposer::drop();
}

impl Factory<u64> for Ending {
    const BUILD: fn() -> u64 = || 1;
}

static ENDING: StaticCell<u64, Ending> = StaticCell::new();

#[test]
fn f1_an_alarm_that_has_rung_takes_the_place_of_none() {
    assert_eq!(*ENDING.get(), 1);
    let control = &ENDING.cell.itself().control;
    let rings = Instant::now();
    let late = Alarm::set(rings, Waker::noop()).expect("a thread");
    control.keep_alarm(1, rings, late, || true, &Reading::now());
    // It looks at nothing but what is published.
    let start = Instant::now();
    while control.published().generation().is_some() {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing ends it");
        thread::yield_now();
    }
}
