//! A newsletter: people subscribe, confirm by a link, get what is published, and cancel by a link.
//!
//! What the whole process shares is in cells, each declared where it belongs: the [configuration](config), the
//! [clock], the [connections to the database](db), the [HTTP client](http), the [mailer](email) and the
//! [journal]. Handlers and the functions below ask for them by name; nothing is handed through.

pub mod address;
pub mod clock;
pub mod config;
pub mod db;
pub mod email;
pub mod failure;
pub mod http;
pub mod issues;
pub mod journal;
pub mod routes;
pub mod server;
pub mod subscribers;
mod token;
