//! `dispose`: what ends the payload.

use cells::{BoxError, Close, CloseStatus, runtime_cell};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Closing;

impl Close for Closing {
    fn close(self) -> Result<(), BoxError> {
        Err("the payload's own".into())
    }
}

#[derive(Debug)]
struct Plain;

impl Plain {
    fn shut(self) -> io::Result<()> {
        let Self = self;
        Err(io::Error::other("the declared one"))
    }
}

fn forget(_: Plain) {}

#[test]
fn m4_disposer_is_chosen_when_it_is_compiled() {
    #[runtime_cell]
    fn closing() -> Closing {
        Closing
    }
    #[runtime_cell(dispose = drop)]
    fn dropped() -> Closing {
        Closing
    }
    #[runtime_cell]
    fn plain() -> Plain {
        Plain
    }
    #[runtime_cell(dispose = Plain::shut)]
    fn shut() -> Plain {
        Plain
    }
    #[runtime_cell(dispose = self::forget)]
    fn forgotten() -> Plain {
        Plain
    }

    drop((closing(), dropped(), plain(), shut(), forgotten()));
    let results = [CLOSING.close(), DROPPED.close(), PLAIN.close(), SHUT.close(), FORGOTTEN.close()];
    let actual = results.map(|result| (result.status, result.close_called));
    let expected = [
        (CloseStatus::Error, true),
        (CloseStatus::Ok, false),
        (CloseStatus::Ok, false),
        (CloseStatus::Error, true),
        (CloseStatus::Ok, true),
    ];
    assert_eq!(actual, expected);
    let labels = [CLOSING.info(), DROPPED.info(), PLAIN.info(), SHUT.info(), FORGOTTEN.info()];
    let labels = labels.map(|info| info.disposer);
    assert_eq!(labels, ["Close::close", "drop", "drop", "Plain::shut", "self::forget"]);
}

#[test]
fn m4_a_disposer_of_an_async_cell_may_be_async() {
    static SHUT: AtomicUsize = AtomicUsize::new(0);

    fn at_once(_: u8) {
        SHUT.fetch_add(1, Ordering::Relaxed);
    }
    async fn later(_: u8) -> Result<(), BoxError> {
        std::future::ready(()).await;
        SHUT.fetch_add(10, Ordering::Relaxed);
        Err("too late".into())
    }

    #[runtime_cell(dispose = at_once)]
    async fn plain() -> u8 {
        1
    }
    #[runtime_cell(dispose = later)]
    async fn task() -> u8 {
        1
    }

    pollster::block_on(async {
        drop((plain().await, task().await));
        assert_eq!(PLAIN.close().await.status, CloseStatus::Ok);
        assert_eq!(TASK.close().await.status, CloseStatus::Error);
    });
    assert_eq!(SHUT.load(Ordering::Relaxed), 11);
    assert_eq!(TASK.info().disposer, "later");
}
