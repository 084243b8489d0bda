//! A configuration that follows its file while it is in use: whatever way the file is replaced in, and on SIGHUP.
#![cfg(unix)]

pub mod config;
pub mod follow;
pub mod script;
pub mod steps;
pub mod watch;
