//! What it takes to look at the page: a server, and a client of WebDriver.

pub mod driver;
pub mod server;
