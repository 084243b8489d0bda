//! The server, from installing the signal handlers to closing the cells.

use crate::handlers;
use crate::resources::STORE;
use crate::settings::settings;
use cells::{BoxError, RefreshOn, ShutdownReport, WarmUp};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long requests in flight may take once the server is told to stop, and then the cells.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Serves until a signal to stop; reports its address when it is ready, and returns how the cells were closed.
#[tokio::main]
pub(crate) async fn run(ready: impl FnOnce(SocketAddr)) -> Result<ShutdownReport, BoxError> {
    let served = serve(ready).await;
    // Also after an error, close what was built: the index, then its store and the settings.
    let closed = cells::shutdown_async(PATIENCE).await;
    served.map(|()| closed)
}

async fn serve(ready: impl FnOnce(SocketAddr)) -> Result<(), BoxError> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listen = settings().listen;
    let warm = WarmUp::new().run_async().await;
    println!("{warm}\n");
    if let Some(error) = warm.cells.into_iter().find_map(|cell| cell.error) {
        return Err(error.into());
    }

    let listener = TcpListener::bind(listen).await;
    let listener = listener.map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    ready(listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, handlers::router());
    let mut server = tokio::spawn(
        server
            .with_graceful_shutdown(async {
                let _ = stopped.await;
            })
            .into_future(),
    );
    // Reads the directory again, into another store. Requests never wait for it; if it fails, they keep using the old one.
    let reloads = RefreshOn::new(&STORE).with_dependents().on_refresh(|outcome| match outcome {
        Ok(()) => println!("reloaded"),
        Err(error) => eprintln!("web: not reloaded: {}", error.root_cause()),
    });
    tokio::spawn(reloads.run_async(async move || hangup.recv().await));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        ended = &mut server => return Ok(ended??),
    }
    drop(stop); // no new request is accepted
    match timeout(PATIENCE, server).await {
        Ok(ended) => ended??,
        Err(_) => eprintln!("web: requests were still in flight after {PATIENCE:?}"),
    }
    Ok(())
}
