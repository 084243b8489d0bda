//! The newsletter, tested from outside. All tests run side by side in one process, each in a sandbox: it has
//! connections, a mailer and a journal of its own, on a database and an email API of its own.

mod health;
mod lifecycle;
#[cfg(unix)]
mod process;
mod publishing;
mod subscribing;
mod support;
mod threads;
