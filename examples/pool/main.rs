//! A pool of database connections under hundreds of tasks. It fails, cools down, comes back, is replaced while it is in
//! use, and is closed before the directory that contains its file.

use cells::{BoxError, Error, Ref, runtime_cell};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io};
use tempfile::TempDir;
use tokio::task::JoinSet;

const TASKS: usize = 300;
/// How many transfers each task makes.
const TRANSFERS: usize = 5;
const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pool/migrations");

/// The directory of the database.
#[runtime_cell(dispose = TempDir::close)]
fn directory() -> io::Result<TempDir> {
    TempDir::with_prefix("pool")
}

/// How often the factory of [`db`] ran.
static ATTEMPTS: AtomicU32 = AtomicU32::new(0);

/// The connections. A flight is a task of its own: it goes on if the task that started it gives up.
#[runtime_cell(detached, cooldown = "200ms", dispose = close)]
async fn db(directory: &TempDir) -> Result<SqlitePool, sqlx::Error> {
    ATTEMPTS.fetch_add(1, Ordering::Relaxed);
    let options = SqliteConnectOptions::new()
        .filename(file_in(directory))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(30));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    Migrator::new(Path::new(MIGRATIONS)).await?.run(&pool).await?;
    Ok(pool)
}

fn file_in(directory: &TempDir) -> PathBuf {
    directory.path().join("bank.db")
}

/// Waits until no connection is in use, which a plain drop would not do.
async fn close(pool: SqlitePool) {
    let connections = pool.size();
    pool.close().await;
    println!("closed a pool of {connections} connections");
}

/// The accounts to transfer between.
#[runtime_cell]
async fn accounts(db: &SqlitePool) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT id FROM account ORDER BY id").fetch_all(db).await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    fail().await?;
    recover().await?;
    work().await?;
    let closed = cells::shutdown_async(Duration::from_secs(10)).await;
    println!("\n{closed}");
    if closed.is_ok() { Ok(()) } else { Err("not all cells are closed".into()) }
}

/// Hundreds of tasks ask for a database whose file is not one: the factory runs once, and all get its error.
async fn fail() -> Result<(), BoxError> {
    let file = file_in(&*directory()?);
    fs::write(&file, "this is no database, but long enough to be read as one".repeat(10))?;
    let failed: JoinSet<_> = (0..TASKS).map(|_| async { accounts().await.err() }).collect();
    let errors: Vec<Error> = failed.join_all().await.into_iter().flatten().collect();
    let attempts = ATTEMPTS.load(Ordering::Relaxed);
    let error = errors.first().ok_or("no task failed")?;
    println!("{} tasks failed: {}; attempts: {attempts}", errors.len(), error.root_cause());

    fs::remove_file(file)?; // now it would work
    let error = db().await.err().ok_or("the cooldown is over already")?;
    println!("{error}, although it would work now; attempts: {}", ATTEMPTS.load(Ordering::Relaxed));
    Ok(())
}

/// Waits as long as the cell says, and asks again.
async fn recover() -> Result<(), BoxError> {
    while let Err(error) = db().await {
        let retry_after = error.retry_after().ok_or(error)?;
        tokio::time::sleep(retry_after).await;
    }
    println!("back with generation {}", Ref::generation(&db().await?));
    Ok(())
}

/// Transfers, while the pool is replaced three times.
async fn work() -> Result<(), BoxError> {
    let start = Instant::now();
    let mut tasks: JoinSet<_> = (0..TASKS).map(transfers).collect();
    for _ in 0..3 {
        // Replaces the pool and then the accounts, which were read through it. Tasks with a lease on the old pool go on
        // using it, and the last of them closes it.
        let pool = DB.refresh_with_dependents().await?;
        println!("generation {}, {} tasks at work", Ref::generation(&pool), tasks.len());
        while tasks.try_join_next().transpose()?.transpose()?.is_some() {}
    }
    while tasks.join_next().await.transpose()?.transpose()?.is_some() {}

    let db = db().await?;
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM transfer").fetch_one(&*db).await?;
    let sum: i64 = sqlx::query_scalar("SELECT sum(balance) FROM account").fetch_one(&*db).await?;
    println!("{made} of {} transfers in {:.1?}, {sum} in all accounts", TASKS * TRANSFERS, start.elapsed());
    Ok(())
}

async fn transfers(task: usize) -> Result<(), BoxError> {
    for nth in 0..TRANSFERS {
        let (db, accounts) = (db().await?, accounts().await?);
        let source = accounts[(task + nth) % accounts.len()];
        let target = accounts[(task + nth + 1) % accounts.len()];
        let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
        for (account, change) in [(source, -1), (target, 1)] {
            let update = sqlx::query("UPDATE account SET balance = balance + ? WHERE id = ?");
            update.bind(change).bind(account).execute(&mut *transaction).await?;
        }
        let insert = sqlx::query("INSERT INTO transfer (source, target, amount) VALUES (?, ?, 1)");
        insert.bind(source).bind(target).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(())
}
