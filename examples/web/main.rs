//! Code search as a web service: cells behind handlers, a reload on SIGHUP, and an orderly shutdown on SIGTERM.
//!
//! `cargo run --example web -- [--dir DIR] [--listen ADDRESS:PORT]`

// It uses Unix signals.
#[cfg(unix)]
mod handlers;
#[cfg(unix)]
mod resources;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod settings;
#[cfg(all(test, unix))]
mod test;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    use crate::resources::events;
    use crate::settings::{SETTINGS, Settings};
    use cells::TimelineObserver;
    use lexopt::Parser;
    use std::process::ExitCode;
    use std::sync::Arc;

    if std::env::args_os().any(|argument| argument == "--help" || argument == "-h") {
        println!("{}", settings::USAGE);
        return ExitCode::SUCCESS;
    }
    let served = Settings::parse(Parser::from_env()).map_err(Into::into).and_then(|settings| {
        SETTINGS.provide(settings)?;
        cells::set_global_observer(Arc::new(TimelineObserver::with_fallback(events().clone())));
        server::run(|address| println!("listening on http://{address}"))
    });
    match served {
        Ok(closed) => {
            println!("{closed}");
            if closed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let cause = error.downcast_ref::<cells::Error>().map(cells::Error::root_cause);
            eprintln!("web: {}", cause.map_or_else(|| error.to_string(), ToString::to_string));
            ExitCode::from(2)
        }
    }
}

#[cfg(not(unix))]
fn main() {
    eprintln!("web: this example needs Unix signals");
}
