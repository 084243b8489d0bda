//! A small program with a page of its cells: the cells, a server, and a client of WebDriver to look at it.

pub mod cells_of_a_shop;
pub mod driver;
pub mod server;
