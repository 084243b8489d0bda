//! The configuration, from the environment.

use cells::{BoxError, runtime_cell};
use std::env;

/// What the operator decides.
pub struct Config {
    /// The server, the database on it, and who asks.
    pub database: postgres::Config,
    /// How many connections there may be at a time; at least one.
    pub connections: usize,
}

/// The configuration.
///
/// # Errors
///
/// If `STOCK_DATABASE` is missing, or neither a URL nor a connection string of PostgreSQL.
#[runtime_cell]
pub fn config() -> Result<Config, BoxError> {
    let database = env::var("STOCK_DATABASE").map_err(|error| format!("STOCK_DATABASE: {error}"))?;
    Ok(Config { database: database.parse()?, connections: 4 })
}
