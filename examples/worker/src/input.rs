//! Jobs from the standard input.

use std::io;
use std::thread;
use tokio::sync::mpsc::{Receiver, channel};

/// The lines of the standard input. A thread of its own reads them: a read of the standard input cannot be called off, so
/// on the runtime it would keep a worker from ending that was told to stop.
pub fn lines() -> Receiver<String> {
    let (sender, receiver) = channel(1);
    thread::spawn(move || {
        for line in io::stdin().lines() {
            let sent = line.map(|line| sender.blocking_send(line));
            if let Err(error) = &sent {
                eprintln!("worker: the standard input: {error}");
            }
            if !matches!(sent, Ok(Ok(()))) {
                break; // no more lines, or nobody takes them any more
            }
        }
    });
    receiver
}
