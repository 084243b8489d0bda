//! H10: long work on many cells shows how far it has come. Each test in a process of its own.

use cells::{BoxError, Progress, ShutdownOptions, WarmUp, runtime_cell};
use cells_test_support::{alone, lock};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(100);

static FAILS: AtomicBool = AtomicBool::new(false);

#[runtime_cell(name = "h10.base", eager)]
fn base() -> Result<u8, BoxError> {
    if FAILS.load(SeqCst) { Err("no base".into()) } else { Ok(1) }
}

#[runtime_cell(name = "h10.above", eager, dispose = refuse)]
fn above(base: &u8) -> Result<u8, BoxError> {
    Ok(*base)
}

fn refuse(_: u8) -> Result<(), BoxError> {
    if FAILS.load(SeqCst) { Err("it stays".into()) } else { Ok(()) }
}

type Said = Arc<Mutex<Vec<Progress>>>;

/// Remembers what is said.
fn listener() -> (Said, impl Fn(&Progress) + Send + Sync + 'static) {
    let said = Said::default();
    let heard = Arc::clone(&said);
    (said, move |progress: &Progress| lock(&heard).push(progress.clone()))
}

/// What was said, each as: how many are done, what has failed, what runs, how many are left.
fn told(said: &Said) -> Vec<(usize, Vec<&'static str>, Vec<&'static str>, usize)> {
    let said = std::mem::take(&mut *lock(said));
    assert!(said.is_sorted_by_key(|progress| progress.elapsed));
    said.into_iter()
        .map(|progress| (progress.done, progress.failed, progress.running, progress.left))
        .collect()
}

fn close_both() {
    ABOVE.invalidate();
    BASE.invalidate();
}

#[test]
fn h10_a_warm_up_says_which_cells_run_are_done_and_are_left() {
    alone(|| {
        let ours = |names: &[&'static str]| -> Vec<_> {
            names.iter().copied().filter(|name| name.starts_with("h10.")).collect()
        };
        let (said, listener) = listener();
        let warm_up = WarmUp::new().threads(1).on_progress(listener);
        for in_a_task in [false, true] {
            close_both();
            let wanted = if in_a_task {
                pollster::block_on(warm_up.clone().run_async())
            } else {
                warm_up.clone().run()
            };
            let told = told(&said);
            for (done, failed, running, left) in &told {
                assert_eq!(done + failed.len() + running.len() + left, wanted.cells.len());
                assert!(ours(failed).is_empty() && running.len() <= 1);
            }
            let mut running: Vec<_> = told.iter().map(|(.., running, _)| ours(running)).collect();
            running.retain(|running| !running.is_empty());
            assert_eq!(running, [["h10.base"], ["h10.above"]]);
            assert!(matches!(told.last(), Some((1.., _, running, 0)) if running.is_empty()));
        }
    });
}

#[test]
fn h10_what_failed_and_what_was_skipped_for_it_is_said() {
    alone(|| {
        FAILS.store(true, SeqCst);
        let (said, listener) = listener();
        assert!(!WarmUp::new().on_progress(listener).run().is_ok());
        let (_, mut failed, running, left) = told(&said).pop().expect("the end is said");
        failed.retain(|name| name.starts_with("h10."));
        assert_eq!((failed, running, left), (vec!["h10.base", "h10.above"], vec![], 0));
    });
}

#[test]
fn h10_a_shutdown_and_a_close_say_it_too() {
    alone(|| {
        let (lower, upper) = ("h10.base", "h10.above");
        let orderly = [(0, vec![], vec![upper], 1), (1, vec![], vec![lower], 0), (2, vec![], vec![], 0)];
        let (said, listener) = listener();
        let options = ShutdownOptions::within(LIMIT).on_progress(listener);
        drop(above());
        assert!(options.clone().close_all().is_ok());
        assert_eq!(told(&said), orderly);
        drop(above());
        assert!(pollster::block_on(options.clone().close_all_async()).is_ok());
        assert_eq!(told(&said), orderly);
        drop(above());
        FAILS.store(true, SeqCst);
        assert!(!options.clone().shutdown().is_ok());
        let failed =
            [(0, vec![], vec![upper], 1), (0, vec![upper], vec![lower], 0), (1, vec![upper], vec![], 0)];
        assert_eq!(told(&said), failed);
        assert!(!options.clone().shutdown().is_ok() && !pollster::block_on(options.shutdown_async()).is_ok());
        assert!(told(&said).is_empty(), "all is closed");
    });
}

#[test]
fn h10_a_shutdown_in_a_task_says_it_too() {
    alone(|| {
        let (said, listener) = listener();
        drop(above());
        assert!(
            pollster::block_on(ShutdownOptions::within(LIMIT).on_progress(listener).shutdown_async()).is_ok()
        );
        assert_eq!(told(&said).last(), Some(&(2, vec![], vec![], 0)));
    });
}

#[test]
fn h10_the_function_may_panic_and_use_cells() {
    alone(|| {
        let this = thread::current().id();
        let calls = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&calls);
        let report = WarmUp::new()
            .on_progress(move |_| {
                assert_eq!(thread::current().id(), this);
                *lock(&counted) += 1;
                let _ = (base(), cells::snapshot(), cells::warm_up());
                panic!("it is the program's");
            })
            .run();
        assert!(BASE.is_ready() && ABOVE.is_ready() && !report.cells.is_empty() && *lock(&calls) >= 2);
        let nested = Arc::new(Mutex::new(Vec::new()));
        let returned = Arc::clone(&nested);
        let report = ShutdownOptions::within(LIMIT)
            .on_progress(move |_| {
                lock(&returned).push(cells::shutdown(LIMIT).cells.len());
                panic!("it is the program's");
            })
            .shutdown();
        assert!(report.cells.len() >= 2);
        assert!(lock(&nested).len() >= 2 && lock(&nested).iter().all(|&cells| cells == 0));
    });
}

#[test]
fn h10_progress_is_shown_as_a_line_and_as_json() {
    let progress = Progress::default();
    assert_eq!(progress.to_string(), "0 of 0 cells (0.0ns)");
    let json = serde_json::to_value(&progress).expect("it can be written");
    let expected = serde_json::json!({ "running": [], "done": 0, "failed": [], "left": 0, "elapsed_us": 0 });
    assert_eq!(json, expected);
    let mut progress = Progress::default();
    (progress.done, progress.left, progress.elapsed) = (2, 4, Duration::from_millis(1500));
    progress.running = vec!["db", "index"];
    progress.failed = vec!["mail"];
    assert_eq!((progress.ended(), progress.total()), (3, 9));
    assert_eq!(progress.to_string(), "3 of 9 cells, 1 failed, running: db, index (1.5s)");
}
