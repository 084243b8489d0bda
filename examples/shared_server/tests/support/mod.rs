//! What the tests need.

mod server;
mod world;

pub(crate) use world::World;
