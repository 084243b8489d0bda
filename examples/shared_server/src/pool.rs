//! The connections to the database.

use crate::config::{CONFIG, Config};
use cells::runtime_cell;
use postgres::{Client, NoTls};
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The connections, to a database that has the tables.
///
/// # Errors
///
/// If the server does not answer, or has no such database.
#[runtime_cell(cooldown = "500ms", wait_timeout = "10s")]
pub fn pool(config: &Config) -> Result<Pool, postgres::Error> {
    let pool = Pool {
        database: config.database.clone(),
        limit: config.connections.max(1),
        connections: Mutex::default(),
        returned: Condvar::new(),
    };
    pool.get()?.batch_execute(include_str!("schema.sql"))?;
    Ok(pool)
}

/// A number of connections, each in use by one caller at a time.
pub struct Pool {
    database: postgres::Config,
    limit: usize,
    connections: Mutex<Connections>,
    returned: Condvar,
}

#[derive(Default)]
struct Connections {
    in_use: usize,
    idle: Vec<Client>,
}

/// How long an idle connection may take to say that it is still good.
const VALID: Duration = Duration::from_secs(5);

impl Pool {
    /// Returns an idle connection or a new one; waits while as many are in use as there may be.
    ///
    /// # Errors
    ///
    /// If a new connection is needed, and the server gives none.
    pub fn get(&self) -> Result<Connection<'_>, postgres::Error> {
        let mut connections = self.lock();
        while connections.in_use == self.limit {
            connections = self.returned.wait(connections).unwrap_or_else(PoisonError::into_inner);
        }
        connections.in_use += 1;
        let idle = connections.idle.pop();
        drop(connections);

        let mut connection = Connection { pool: self, client: idle };
        let valid = connection.client.as_mut().is_some_and(|client| client.is_valid(VALID).is_ok());
        if !valid {
            connection.client = None;
            connection.client = Some(self.database.connect(NoTls)?);
        }
        Ok(connection)
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use, which its drop gives back.
pub struct Connection<'a> {
    pool: &'a Pool,
    /// `None` while there is none yet.
    client: Option<Client>,
}

impl Deref for Connection<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client.as_ref().expect("`Pool::get` has connected it")
    }
}

impl DerefMut for Connection<'_> {
    fn deref_mut(&mut self) -> &mut Client {
        self.client.as_mut().expect("`Pool::get` has connected it")
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let mut connections = self.pool.lock();
        connections.in_use -= 1;
        connections.idle.extend(self.client.take());
        self.pool.returned.notify_one();
    }
}
