//! `observer`: what is notified of the cell's starts, ends and closes.

use cells::{CloseStatus, InitStatus, runtime_cell};
use cells_test_support::{Boom, Heard, Recorder};
use std::sync::{Arc, LazyLock};

static RECORDER: LazyLock<Arc<Recorder>> = LazyLock::new(Recorder::new);

#[runtime_cell(observer = RECORDER.clone())]
fn watched() -> Result<u8, Boom> {
    if RECORDER.heard().len() == 1 { Err(Boom(1)) } else { Ok(1) }
}

#[test]
fn m4_an_observer_is_notified_of_starts_ends_and_closes() {
    assert!(watched().is_err() && watched().is_ok());
    WATCHED.invalidate();
    let expected = [
        Heard::Start(1),
        Heard::End(1, InitStatus::Error),
        Heard::Start(2),
        Heard::End(2, InitStatus::Ok),
        Heard::Close(Some(2), CloseStatus::Ok),
    ];
    assert_eq!(RECORDER.heard(), expected);
}
