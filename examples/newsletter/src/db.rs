//! The database.

use crate::config::{CONFIG, Config};
use cells::runtime_cell;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::time::Duration;

/// The connections. A flight is a task of its own: it goes on if the client goes away whose request began it.
///
/// # Errors
///
/// If the file cannot be opened or is no database of this service.
#[runtime_cell(eager, detached, cooldown = "500ms", wait_timeout = "10s", dispose = close)]
pub async fn db(config: &Config) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(&config.database)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(10));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    sqlx::migrate!().run(&pool).await?;
    Ok(pool)
}

/// Waits until no connection is in use. The last connection that closes empties the write-ahead log.
async fn close(pool: SqlitePool) {
    pool.close().await;
}
