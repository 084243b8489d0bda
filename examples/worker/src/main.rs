//! The worker as a program. Run it with `--help`.

use cells::BoxError;
use clap::Parser;
use std::io;
use std::process::ExitCode;
use std::time::Duration;
use worker::args::{ARGS, Args};
use worker::{input, work};

/// How long closing may take.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    ARGS.provide(Args::parse()).expect("nobody else provides the arguments");
    match run() {
        Ok(code) => code,
        Err(error) => {
            let cause = error.downcast_ref::<cells::Error>().map(cells::Error::root_cause);
            eprintln!("worker: {}", cause.map_or_else(|| error.to_string(), ToString::to_string));
            ExitCode::from(2)
        }
    }
}

#[tokio::main]
async fn run() -> Result<ExitCode, BoxError> {
    let stop = stop()?;
    let worked = work::run(input::lines(), stop).await;
    // After an error too: completes the results, and closes the model, and the arguments after both.
    let closed = cells::shutdown_async(PATIENCE).await;
    eprintln!("jobs done: {}\n{closed}", worked?);
    Ok(if closed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ends with the first signal to stop.
#[cfg(unix)]
fn stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    })
}

/// Ends with the first Ctrl-C.
#[cfg(windows)]
fn stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
