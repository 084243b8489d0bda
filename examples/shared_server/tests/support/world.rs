//! What a test has to itself.

use super::server::{SERVER, Server, server};
use cells::Ref;
use cells::testing::{EnteredSandbox, Sandbox};
use shared_server::config::{CONFIG, Config};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A database of the test's own, and cells of its own that use it.
pub(crate) struct World {
    // Dropped in this order: the cells close their connections, the database goes, and then the lease on the server.
    pub(crate) cells: EnteredSandbox,
    pub(crate) database: Database,
}

impl World {
    /// Returns `None` where PostgreSQL is not installed.
    pub(crate) fn enter() -> Option<Self> {
        if !Server::is_installed() {
            return None;
        }
        let database = Database::create();
        let config = Config { database: database.server.database(&database.name), connections: 4 };
        let cells = Sandbox::new().share(&SERVER).put(&CONFIG, config).enter();
        Some(Self { cells, database })
    }
}

/// A database that its drop drops.
pub(crate) struct Database {
    pub(crate) name: String,
    server: Ref<'static, Server>,
}

impl Database {
    fn create() -> Self {
        static CREATED: AtomicUsize = AtomicUsize::new(0);

        let server = server();
        let name = format!("test_{}", CREATED.fetch_add(1, Ordering::Relaxed));
        let created =
            server.connect().and_then(|mut client| client.batch_execute(&format!("CREATE DATABASE {name}")));
        created.expect("a new database");
        Self { name, server }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped = self
            .server
            .connect()
            .and_then(|mut client| client.batch_execute(&format!("DROP DATABASE {}", self.name)));
        // A test that fails says why itself.
        if !thread::panicking() {
            dropped.expect("nobody uses the database any more");
        }
    }
}
