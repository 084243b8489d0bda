//! The newsletter as a server. Run it with `--help`.

use newsletter::{config, server};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args_os().len() > 1 {
        println!("Sends a newsletter to those who want it. It takes no arguments, but these variables:\n");
        println!("{}", config::VARIABLES);
        return ExitCode::SUCCESS;
    }
    match server::run(|address| println!("listening on http://{address}")).await {
        Ok(closed) => {
            println!("{closed}");
            if closed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let cause = error.downcast_ref::<cells::Error>().map(cells::Error::root_cause);
            eprintln!("newsletter: {}", cause.map_or_else(|| error.to_string(), ToString::to_string));
            ExitCode::from(2)
        }
    }
}
