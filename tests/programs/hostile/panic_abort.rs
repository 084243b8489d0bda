//! A program for `-C panic=abort`, where nothing can be caught. The scenarios of `abort.rs` build and run it.

use cells::{CloseStatus, runtime_cell};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

static DISPOSED: AtomicUsize = AtomicUsize::new(0);

fn dispose(_: u8) {
    DISPOSED.fetch_add(1, SeqCst);
}

#[runtime_cell(dispose = dispose)]
fn plain() -> u8 {
    1
}

#[runtime_cell(permanent)]
fn fixed() -> u8 {
    2
}

#[runtime_cell]
fn failing() -> io::Result<u8> {
    Err(io::ErrorKind::NotFound.into())
}

#[runtime_cell(dispose = dispose)]
async fn task() -> u8 {
    tokio::task::yield_now().await;
    3
}

#[runtime_cell(blocking, dispose = dispose)]
fn pool() -> u8 {
    4
}

#[runtime_cell(wait_timeout = "20ms")]
async fn never() -> io::Result<u8> {
    std::future::pending().await
}

fn life() {
    assert_eq!((*plain(), *fixed()), (1, 2));
    assert!(failing().is_err_and(|error| error.downcast_ref::<io::Error>().is_some()));
    assert_eq!(PLAIN.close().status, CloseStatus::Ok);
    assert_eq!(*plain(), 1);
    let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        assert_eq!((*task().await, *pool().await), (3, 4));
        assert_eq!(TASK.close().await.status, CloseStatus::Ok);
    });
    drop(runtime);
    let report = cells::shutdown(Duration::from_secs(20));
    assert!(report.is_ok(), "{report}");
    assert_eq!(DISPOSED.load(SeqCst), 4);
}

/// A second caller gives up.
fn second_caller(runtime: &Runtime) {
    runtime.block_on(async {
        let first = tokio::spawn(async { never().await.map(drop) });
        while NEVER.snapshot().flights == 0 {
            tokio::task::yield_now().await;
        }
        assert!(never().await.is_err_and(|error| error.is_timeout()));
        first.abort();
    });
}

fn main() {
    let part = std::env::args().nth(1).unwrap_or_default();
    assert!(cfg!(panic = "abort") || part.is_empty(), "it was built with unwinding");
    match part.as_str() {
        "life" => life(),
        "limits" => second_caller(&Builder::new_current_thread().enable_all().build().expect("a runtime")),
        "no-timers" => second_caller(&Builder::new_current_thread().build().expect("a runtime")),
        "panic" => {
            #[runtime_cell]
            fn panics() -> u8 {
                panic!("nothing catches this");
            }
            drop(panics());
        }
        _ => return println!("its parts: life, limits, no-timers, panic"),
    }
    println!("done");
}
