//! A stock of goods, in PostgreSQL.
//!
//! The [configuration](config) and the [connections](pool) are cells; the functions of [stock] ask for them by name.
//! Nothing here is there for the tests, which share one server: see `tests/main.rs`.

pub mod config;
pub mod pool;
pub mod stock;
