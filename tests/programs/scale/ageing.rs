//! Payloads that age, of many cells at once: declared cells, of which one declaration makes as many as are wanted.

use crate::{row, timed};
use cells::__private010::{Factory, FactoryOutput};
use cells::{CellStatic, Declared, StaticCell, runtime_cell};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// How long a refresh takes, in which its thread only waits. What nobody has built yet is built at once.
const REFRESH: Duration = Duration::from_millis(20);
static REFRESHING: AtomicBool = AtomicBool::new(false);

fn fetch() -> u64 {
    if REFRESHING.load(SeqCst) {
        thread::sleep(REFRESH);
    }
    1
}

/// How long the timer is watched that has nothing to do.
const WATCHED: Duration = Duration::from_secs(6);

#[runtime_cell(fresh = "1h", expires = "2h")]
fn idle() -> u64 {
    1
}

/// Stale as soon as it is published, so that any reader begins a refresh.
#[runtime_cell(fresh = |_| Duration::ZERO)]
fn stale() -> u64 {
    fetch()
}

/// Stale a second later.
#[runtime_cell(fresh = "1s", eager_refresh)]
fn eager() -> u64 {
    fetch()
}

/// Ended a moment after that.
#[runtime_cell(expires = "200ms")]
fn ending() -> u64 {
    1
}

/// So many cells as this one is declared. Like all declared cells they stay until the process ends.
fn many<D: Declared<u64> + Factory<R>, R: FactoryOutput<u64>>(
    _: &CellStatic<StaticCell<u64, D>>,
    cells: usize,
) -> Vec<&'static StaticCell<u64, D>> {
    let another = || -> &'static StaticCell<u64, D> { Box::leak(Box::new(StaticCell::new::<R>())) };
    (0..cells).map(|_| another()).collect()
}

fn get<D: Declared<u64>>(cells: &[&'static StaticCell<u64, D>]) {
    for cell in cells {
        assert!(cell.try_get().is_ok());
    }
}

fn close<D: Declared<u64>>(cells: &[&'static StaticCell<u64, D>]) {
    for cell in cells {
        let _ = cell.close();
    }
}

/// Waits until something is so of each.
fn wait_for<D: Declared<u64>>(cells: &[&'static StaticCell<u64, D>], is_so: fn(&StaticCell<u64, D>) -> bool) {
    for cell in cells {
        while !is_so(cell) {
            thread::yield_now();
        }
    }
}

/// The time that something takes. Prints how many threads the process had meanwhile, at most.
fn with_most_threads(size: usize, work: impl FnOnce()) -> Duration {
    let (most, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let took = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(SeqCst) {
                most.fetch_max(threads(), SeqCst);
                thread::sleep(Duration::from_micros(200));
            }
        });
        let took = timed(work);
        over.store(true, SeqCst);
        took
    });
    println!("  {size} cells: {} threads at most", most.into_inner());
    took
}

fn number(text: &str, key: &str) -> usize {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

fn threads() -> usize {
    number(&fs::read_to_string("/proc/self/status").unwrap_or_default(), "Threads:")
}

/// How often the thread of the alarms has gone to sleep, and how long it has run.
fn timer() -> (usize, Duration) {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten().map(|task| task.path());
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let mut timers = tasks.filter(|task| read(task.join("comm")).trim() == "cells-timer");
    let Some(timer) = timers.next() else { return (0, Duration::ZERO) };
    let nanos = read(timer.join("schedstat")).split(' ').next().and_then(|nanos| nanos.parse().ok());
    let sleeps = number(&read(timer.join("status")), "voluntary_ctxt_switches:");
    (sleeps, Duration::from_nanos(nanos.unwrap_or(0)))
}

pub(crate) fn ageing(sizes: &[usize]) {
    row("first get, which sets an alarm", sizes, |size| {
        let cells = many(&IDLE, size);
        timed(|| get(&cells))
    });
    row("all stale at once, until readers have refreshed all", sizes, |size| {
        let cells = many(&STALE, size);
        get(&cells);
        REFRESHING.store(true, SeqCst);
        with_most_threads(size, || {
            get(&cells);
            wait_for(&cells, |cell| cell.generation() >= Some(2));
            REFRESHING.store(false, SeqCst);
        })
    });
    row("the same, until the timer has", sizes, |size| {
        let cells = many(&EAGER, size);
        get(&cells);
        REFRESHING.store(true, SeqCst);
        thread::sleep(Duration::from_secs(1));
        let took = with_most_threads(size, || wait_for(&cells, |cell| cell.snapshot().generation >= Some(2)));
        REFRESHING.store(false, SeqCst);
        close(&cells);
        took
    });
    row("all ended at once, until the timer has closed all", sizes, |size| {
        let cells = many(&ENDING, size);
        get(&cells);
        thread::sleep(Duration::from_millis(200));
        with_most_threads(size, || wait_for(&cells, |cell| cell.snapshot().generation.is_none()))
    });
    for &size in sizes {
        let cells = many(&IDLE, size);
        get(&cells);
        let before = timer();
        thread::sleep(WATCHED);
        let after = timer();
        let (wakes, ran) = (after.0 - before.0, after.1.saturating_sub(before.1));
        println!(
            "  in {WATCHED:?} beside {size} alarms that are not due the timer wakes {wakes} times, for {ran:?}"
        );
        assert!(wakes < 20, "it wakes for nothing");
        close(&cells);
    }
}
