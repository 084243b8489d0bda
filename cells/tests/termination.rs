//! The signals that ask a program to end, in a process that they do not end.

#![cfg(all(target_os = "linux", feature = "signal"))]

use cells::{Termination, termination};
use std::future::Future;
use std::pin::Pin;
use std::process::{self, Command};
use std::task::{Context, Waker};
use tokio::runtime::Builder;

type Waiting = Pin<Box<dyn Future<Output = std::io::Result<Termination>> + Send>>;

/// A call that listens.
fn listening() -> Waiting {
    let mut waiting: Waiting = Box::pin(termination());
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    waiting
}

fn send(signal: &str) {
    let sent = Command::new("kill").args([format!("-{signal}"), process::id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

#[test]
fn h6_a_signal_ends_each_wait_and_a_second_one_the_next() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (first, second) = (listening(), listening());
        send("TERM");
        assert_eq!(first.await.expect("it listens"), Termination::Terminate);
        assert_eq!(second.await.expect("it listens").to_string(), "SIGTERM");
        for (name, signal) in [("INT", Termination::Interrupt), ("TERM", Termination::Terminate)] {
            let again = listening();
            send(name);
            assert_eq!(again.await.expect("it listens"), signal);
        }
    });
}
