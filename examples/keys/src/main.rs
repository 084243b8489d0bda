//! A service verifies tokens while their keys change, and the program says whether it did so as it should.

use cells::BoxError;
use keys::acts::Stage;
use keys::key_set::SOURCE;
use keys::load::Load;
use keys::provider::Provider;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many callers the service has.
const TASKS: u64 = 16;

/// For how long the provider says that its key set is good.
const MAX_AGE: Duration = Duration::from_secs(2);

/// How long closing may take.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("keys: {error}");
            ExitCode::from(2)
        }
    }
}

#[tokio::main]
async fn run() -> Result<ExitCode, BoxError> {
    let provider = Arc::new(Provider::start(MAX_AGE).await?);
    SOURCE.provide(provider.url().parse()?).map_err(|refused| refused.to_string())?;
    let load = Arc::new(Load::new(Arc::clone(&provider)));
    let stage = Stage { provider, load, tasks: TASKS, began: Instant::now() };
    let tasks = stage.load.start(TASKS);
    let played = stage.play().await;
    stage.load.stop();
    tasks.join_all().await.into_iter().collect::<Result<(), _>>()?;
    let closed = cells::shutdown_async(PATIENCE).await;
    played?;

    let (counts, tally, wrong) = (stage.provider.counts(), stage.load.tally(), stage.load.wrong());
    println!(
        "\n{} valid tokens were accepted, {} of them by a key set that was overdue; {} forged ones were refused",
        tally.accepted, tally.overdue, tally.forged
    );
    println!(
        "the provider gave its key set {} times, and answered 503 {} times",
        counts.given, counts.refused
    );
    for what in &wrong {
        println!("wrong: {what}");
    }
    if !closed.is_ok() {
        println!("{closed}");
    }
    if wrong.is_empty() && closed.is_ok() {
        println!("no token was refused that is valid, and none accepted that is not");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
