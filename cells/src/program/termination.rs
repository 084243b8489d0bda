//! The signal by which the system, or somebody at the terminal, asks the program to end.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

/// What asked the program to end.
///
/// ```no_run
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use cells::Termination;
///
/// let code = match cells::termination().await? {
///     Termination::Interrupt => 130, // as a shell expects it
///     _ => 0,
/// };
/// # assert!(code < 256);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Termination {
    /// Unix: SIGTERM, which service managers and container runtimes send.
    Terminate,
    /// Ctrl-C; on Unix SIGINT.
    Interrupt,
    /// Windows: Ctrl-Break.
    Break,
    /// Windows: the console was closed. The system ends the process a few seconds later.
    Close,
}

/// As it is called on the system: `SIGTERM`, `Ctrl-C`.
impl fmt::Display for Termination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt if cfg!(unix) => "SIGINT",
            Self::Interrupt => "Ctrl-C",
            Self::Break => "Ctrl-Break",
            Self::Close => "the end of the console",
        })
    }
}

/// Waits until somebody asks the program to end, and returns how: SIGTERM or SIGINT on Unix; Ctrl-C, Ctrl-Break or the end of
/// the console on Windows (feature `signal`).
///
/// It listens from its first poll on; before that, such a signal ends the process as always. Afterwards it never does so
/// again, because tokio keeps the handler: a second signal has no effect unless somebody waits for it. So a program that
/// shuts down without a limit offers no way out but SIGKILL. Give the shutdown a limit, or wait for the second signal too:
///
/// ```no_run
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::time::Duration;
///
/// let signal = cells::termination().await?;
/// println!("ends because of {signal}; once more to end at once");
/// tokio::spawn(async {
///     if cells::termination().await.is_ok() {
///         std::process::exit(1);
///     }
/// });
/// println!("{}", cells::shutdown_async(Duration::from_secs(30)).await);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// It closes nothing by itself. Every call that waits gets the signal.
///
/// # Errors
/// If the system does not let the process listen.
///
/// # Panics
/// Outside of a tokio runtime, and on one without I/O (`enable_io`).
pub async fn termination() -> io::Result<Termination> {
    listen().await
}

#[cfg(unix)]
async fn listen() -> io::Result<Termination> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(first([
        (Termination::Terminate, &mut |cx| terminate.poll_recv(cx)),
        (Termination::Interrupt, &mut |cx| interrupt.poll_recv(cx)),
    ])
    .await)
}

#[cfg(windows)]
async fn listen() -> io::Result<Termination> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};
    let (mut interrupt, mut stop, mut close) = (ctrl_c()?, ctrl_break()?, ctrl_close()?);
    Ok(first([
        (Termination::Interrupt, &mut |cx| interrupt.poll_recv(cx)),
        (Termination::Break, &mut |cx| stop.poll_recv(cx)),
        (Termination::Close, &mut |cx| close.poll_recv(cx)),
    ])
    .await)
}

type Listener<'a> = &'a mut (dyn FnMut(&mut Context<'_>) -> Poll<Option<()>> + Send);

/// Which of them comes first.
async fn first<const N: usize>(mut listeners: [(Termination, Listener<'_>); N]) -> Termination {
    poll_fn(|cx| {
        // All of them, so that each of them wakes the task.
        let polled = listeners.iter_mut().map(|(which, listener)| (*which, listener(cx).is_ready()));
        let came = polled.fold(None, |before, (which, came)| before.or(came.then_some(which)));
        came.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}
