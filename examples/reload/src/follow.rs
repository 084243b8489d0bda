//! The configuration follows its file.

use crate::config::{CONFIG, FILE, config, file};
use crate::watch::Watch;
use cells::{BoxError, Error, Ref, RefreshOn, RefreshOnReport};
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

/// Reads the configuration, and again whenever its file changes or a SIGHUP comes; says each time what is there. Calls
/// `each` after each reload, with whether it has succeeded.
///
/// # Errors
///
/// If nobody can watch the file, and if there is no configuration to begin with.
pub async fn follow(
    path: PathBuf,
    mut each: impl FnMut(bool) + Send + 'static,
) -> Result<JoinHandle<RefreshOnReport>, BoxError> {
    println!("following {}", path.display());
    FILE.provide(path)?;
    // Before the file is read for the first time: what changes while that lasts is noticed.
    let mut watch = Watch::new(&file())?;
    let mut hangups = signal(SignalKind::hangup())?;
    say(&config().await?);

    let reloads = RefreshOn::new(&CONFIG).on_refresh(move |outcome| {
        match outcome {
            Ok(()) => drop(CONFIG.peek().map(|config| say(&config))),
            Err(error) => complain(error),
        }
        each(outcome.is_ok());
    });
    Ok(tokio::spawn(reloads.run_async(async move || {
        tokio::select! {
            () = watch.changed() => {}
            _ = hangups.recv() => {}
        }
        if let Err(error) = watch.follow_links() {
            eprintln!("reload: some changes will not be seen: {error}");
        }
        Some(())
    })))
}

fn say(config: &Ref<'static, crate::config::Config>) {
    println!("{:>4}  {}", Ref::generation(config), **config);
}

fn complain(error: &Error) {
    let kept =
        CONFIG.generation().map_or_else(String::new, |generation| format!("; generation {generation} stays"));
    println!("   -  not reloaded: {}{kept}", error.root_cause());
}
