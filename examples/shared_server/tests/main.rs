//! Tests that share one database server, and nothing else.
//!
//! Each test has a database and cells of its own, so all run at once. The server is a cell too, which the sandboxes leave
//! to the process. Whoever needs it first starts it, and it ends after the last of them, also if one fails:
//!
//! ```ignore
//! #[runtime_cell(linger = "2s", dispose = Server::stop)]
//! fn server() -> Server {
//!     cells::testing::shutdown_at_exit(Duration::from_secs(30));
//!     Server::start()
//! }
//!
//! #[test]
//! fn what_is_received_is_in_stock() {
//!     let server = server();
//!     let config = Config { database: server.create_database("one"), connections: 4 };
//!     let _cells = Sandbox::new().share(&SERVER).put(&CONFIG, config).enter();
//!     // … calls what is tested, which asks for its cells as ever
//! }
//! ```
//!
//! | what happens | what ends the server |
//! |---|---|
//! | nobody has used it for two to four seconds | `linger` |
//! | the process exits, after tests that passed or failed | `shutdown_at_exit` |
//! | the process is killed or aborts | the shell that keeps it (`support/server.sh`): its standard input has ended |
//!
//! Nothing is left of it: no process and no directory. `life` tests that. Only if that shell is killed, too, both stay.
//!
//! The cell is a plain one. An `async` one would end with the runtime that built it, and each `#[tokio::test]` has its own;
//! there, `spawn_blocking(server)` waits for this one.
//!
//! A static belongs to a process, and so does the server: with `cargo nextest`, which gives each test a process, each has
//! a server of its own. Where PostgreSQL is not installed the tests print `skipped`, and pass.

#![cfg(unix)]

#[cfg(target_os = "linux")]
mod life;
mod stock;
mod support;
