//! What is in stock.

use crate::pool::pool;
use postgres::GenericClient;

/// Why an item could not be taken, received or counted.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// Less is in stock than was to be taken.
    #[error("not enough of `{0}`")]
    NotEnough(String),
    /// There is no database at the moment.
    #[error(transparent)]
    Unavailable(#[from] cells::Error),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] postgres::Error),
}

/// Puts pieces of an item into stock; returns how many there are then.
///
/// # Errors
///
/// If the database is not available.
pub fn receive(item: &str, pieces: u16) -> Result<i32, StockError> {
    let sql = "INSERT INTO stock VALUES ($1, $2)
        ON CONFLICT (item) DO UPDATE SET pieces = stock.pieces + excluded.pieces RETURNING pieces";
    Ok(pool()?.get()?.query_one(sql, &[&item, &i32::from(pieces)])?.get(0))
}

/// Counts the pieces of an item.
///
/// # Errors
///
/// If the database is not available.
pub fn count(item: &str) -> Result<i32, StockError> {
    let row = pool()?.get()?.query_opt("SELECT pieces FROM stock WHERE item = $1", &[&item])?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// Takes pieces of an item out of stock; returns how many are left.
///
/// # Errors
///
/// If there are not enough, or the database is not available.
pub fn take(item: &str, pieces: u16) -> Result<i32, StockError> {
    take_by(&mut *pool()?.get()?, item, pieces)
}

/// Takes pieces of several items out of stock, or of none.
///
/// # Errors
///
/// If there are not enough of one of them, or the database is not available.
pub fn take_all(order: &[(&str, u16)]) -> Result<(), StockError> {
    let mut order = order.to_vec();
    // Two orders that lock the same items in different orders would wait for each other.
    order.sort_unstable();
    let pool = pool()?;
    let mut connection = pool.get()?;
    let mut transaction = connection.transaction()?;
    for (item, pieces) in order {
        take_by(&mut transaction, item, pieces)?;
    }
    Ok(transaction.commit()?)
}

fn take_by(client: &mut impl GenericClient, item: &str, pieces: u16) -> Result<i32, StockError> {
    let sql = "UPDATE stock SET pieces = pieces - $2 WHERE item = $1 AND pieces >= $2 RETURNING pieces";
    let row = client.query_opt(sql, &[&item, &i32::from(pieces)])?;
    row.map(|row| row.get(0)).ok_or_else(|| StockError::NotEnough(item.to_owned()))
}
