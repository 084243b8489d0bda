//! Many tasks read for a while, and what happened is compared with what was promised. Run it with `--help`.

use cells::BoxError;
use clap::Parser;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use token::acts::Stage;
use token::endpoint::{CLIENT_ID, CLIENT_SECRET, Endpoint};
use token::journal::Journal;
use token::load::Load;
use token::report::Report;
use token::token::{ISSUER, Issuer, TOKEN, issuer};

/// How long a token lives.
const LIFETIME: Duration = Duration::from_secs(4);

/// How long the endpoint may take for a token.
const PATIENCE: Duration = Duration::from_millis(750);

/// How long closing may take.
const CLOSING: Duration = Duration::from_secs(10);

/// Many tasks share a token that ends after four seconds, while its endpoint fails, stalls and revokes it.
#[derive(Parser)]
struct Args {
    /// For how long; one round of everything takes about nine seconds, and is played to its end.
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    seconds: u64,
    /// How many tasks.
    #[arg(long, value_name = "TASKS", default_value = "64", value_parser = clap::value_parser!(u16).range(1..))]
    tasks: u16,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("token: {error}");
            ExitCode::from(2)
        }
    }
}

#[tokio::main]
async fn run(args: &Args) -> Result<ExitCode, BoxError> {
    let endpoint = Endpoint::start(LIFETIME).await?;
    let provided = ISSUER.provide(Issuer {
        endpoint: endpoint.url("/token").parse()?,
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        patience: PATIENCE,
        gave_up: AtomicU64::new(0),
    });
    provided.map_err(|refused| refused.to_string())?;
    let journal = Arc::new(Journal::default());
    TOKEN.configure_observer(journal.clone());

    let load = Arc::new(Load::new(endpoint.url("/resource").parse()?));
    let stage = Stage { endpoint, journal, load, tasks: args.tasks.into(), began: Instant::now() };
    let tasks = stage.load.start(args.tasks.into());
    let played = stage.play(Duration::from_secs(args.seconds)).await;
    stage.load.stop();
    let samples = tasks.join_all().await.into_iter().flatten().collect();
    let gave_up = issuer().gave_up.load(Ordering::Relaxed);
    // A refresh that is under way ends too, so that what the cell and the endpoint have counted goes together.
    let closed = cells::shutdown_async(CLOSING).await;

    let report = Report {
        played: played?,
        samples,
        entries: stage.journal.entries(),
        counts: stage.endpoint.counts(),
        issued: stage.endpoint.issued(),
        gave_up,
        lifetime: LIFETIME,
    };
    println!("\n{report}\n");
    let broken = report.broken();
    for promise in &broken {
        println!("broken: {promise}");
    }
    if !closed.is_ok() {
        println!("{closed}");
    }
    if broken.is_empty() && closed.is_ok() {
        println!("every promise was kept");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
