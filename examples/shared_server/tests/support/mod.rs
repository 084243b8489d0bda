//! What the tests need.

mod server;
mod world;

#[cfg(target_os = "linux")]
pub(crate) use server::Server;
pub(crate) use server::server;
pub(crate) use world::World;
