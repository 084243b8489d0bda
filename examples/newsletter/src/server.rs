//! The server, from building the cells to closing them.

use crate::config::config;
use crate::routes::routes;
use cells::{BoxError, ShutdownReport, WarmUp};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long closing may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves until a signal to stop, and then until the requests in flight are answered. Reports the address when it
/// listens, and returns how the cells were closed.
///
/// # Errors
///
/// If the configuration is wrong, or the address is not to be had.
pub async fn run(listening: impl FnOnce(SocketAddr)) -> Result<ShutdownReport, BoxError> {
    let served = serve(listening).await;
    // After an error too: the mailer before its client, the connections and the journal before the configuration.
    let closed = cells::shutdown_async(PATIENCE).await;
    served.map(|()| closed)
}

async fn serve(listening: impl FnOnce(SocketAddr)) -> Result<(), BoxError> {
    let stop = stop()?;
    let listen = config()?.listen;
    let listener = TcpListener::bind(listen).await;
    let listener = listener.map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    // A database that cannot be opened is no reason to end: `/health` tells, and each request tries again.
    let warm = WarmUp::new().run_async().await;
    if !warm.is_ok() {
        eprintln!("{warm}");
    }
    listening(listener.local_addr()?);
    Ok(axum::serve(listener, routes()).with_graceful_shutdown(stop).await?)
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
