//! Signal handlers that use cells.

use super::payload::{Payload, all_disposed};
use cells::{CloseStatus, runtime_cell};
use cells_test_support::spawn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

#[runtime_cell(dispose = Payload::dispose)]
fn plain() -> Payload {
    Payload::make()
}

#[runtime_cell(permanent)]
fn settings() -> u8 {
    7
}

/// How often the handler has read both.
static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn handle(_: libc::c_int) {
    let found = PLAIN.peek().is_some() && SETTINGS.peek() == Some(&7);
    HANDLED.fetch_add(usize::from(found), SeqCst);
}

/// What the limits in the contract say that a handler may do: it reads on the very thread that reads, drops what it took,
/// and no count is lost.
pub(super) fn x30_a_signal_handler_reads_what_the_program_keeps() {
    const OFTEN: usize = 20_000;
    static DONE: AtomicBool = AtomicBool::new(false);

    let kept = plain();
    assert_eq!(*settings(), 7);
    // SAFETY: the handler does what it may, and it is installed before the first signal.
    let before = unsafe { libc::signal(libc::SIGUSR1, handle as extern "C" fn(libc::c_int) as usize) };
    assert_ne!(before, libc::SIG_ERR);
    // SAFETY: it returns the calling thread, which outlives the one that sends the signals.
    let this = unsafe { libc::pthread_self() };
    let sender = spawn(move || {
        while !DONE.load(SeqCst) {
            // SAFETY: the thread exists, see above.
            assert_eq!(unsafe { libc::pthread_kill(this, libc::SIGUSR1) }, 0);
        }
    });
    while HANDLED.load(SeqCst) < OFTEN {
        for _ in 0..100 {
            drop(plain());
        }
    }
    DONE.store(true, SeqCst);
    sender.join();
    assert_eq!(PLAIN.snapshot().leases, 1, "a count was lost");
    drop(kept);
    assert_eq!(PLAIN.close().status, CloseStatus::Ok);
    all_disposed();
}
