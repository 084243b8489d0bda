//! The server, from listening to signals to closing the cells.

use crate::resources::STORE;
use crate::settings::settings;
use crate::{handlers, systemd, telemetry};
use cells::{BoxError, Error, RefreshOn, ShutdownReport, WarmUp};
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long requests in flight may take once the server is told to stop, and then the cells.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves until a signal to stop; reports its address when it is ready, and returns how the cells were closed.
#[tokio::main]
pub(crate) async fn run(ready: impl FnOnce(SocketAddr)) -> Result<ShutdownReport, BoxError> {
    let upkeep = tokio::spawn(telemetry::keep_up());
    let served = serve(ready).await;
    // Also after an error, close what was built: the index, then its store and the settings.
    let closed = cells::shutdown_async(PATIENCE).await;
    upkeep.await?;
    served.map(|()| closed)
}

async fn serve(ready: impl FnOnce(SocketAddr)) -> Result<(), BoxError> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut termination = pin!(cells::termination());
    let warm_up = WarmUp::new().run_async();
    let warm = tokio::select! {
        biased; // so that signals are listened to before anything is built
        signal = &mut termination => {
            systemd::stopping(&signal?.to_string());
            return Ok(());
        }
        warm = warm_up => warm,
    };
    println!("{warm}\n");
    if let Some(error) = warm.cells.into_iter().find_map(|cell| cell.error) {
        return Err(error.into());
    }

    let listen = settings().listen;
    let listener = TcpListener::bind(listen).await;
    let listener = listener.map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    ready(listener.local_addr()?);
    systemd::serving();
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
    let reloads = RefreshOn::new(&STORE).with_dependents().on_refresh(reloaded);
    tokio::spawn(reloads.run_async(async move || {
        hangup.recv().await?;
        systemd::reloading();
        Some(())
    }));
    let signal = tokio::select! {
        signal = termination => signal?,
        ended = &mut server => return Ok(ended??),
    };
    println!("stopping because of {signal}");
    systemd::stopping(&format!("{signal}: answering the requests in flight"));
    drop(stop); // no new request is accepted
    match timeout(PATIENCE, server).await {
        Ok(ended) => ended??,
        Err(_) => eprintln!("web: requests were still in flight after {PATIENCE:?}"),
    }
    println!("{}\n", telemetry::answered());
    Ok(())
}

fn reloaded(outcome: &Result<(), Error>) {
    match outcome {
        Ok(()) => {
            println!("reloaded");
            systemd::reloaded("serving");
        }
        Err(error) => {
            let cause = error.root_cause();
            eprintln!("web: not reloaded: {cause}");
            systemd::reloaded(&format!("serving; not reloaded: {cause}"));
        }
    }
}
