//! Models of the reader counters: the very file that the library compiles, on loom's atomics, in every order that
//! the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo run --release -p cells-models [name …]` explores them all, or those named, and
//! fails if one explored nothing. They run the variant with fences: `membarrier` is beyond a model of the
//! language, and differs from it in what the fences are and nothing else.

#![cfg_attr(loom, allow(unexpected_cfgs, reason = "the features of the library"))]

#[cfg(loom)]
#[path = "../src/payload/counters.rs"]
#[expect(unsafe_code, reason = "the file under test")]
#[allow(dead_code, unexpected_cfgs, unreachable_pub, reason = "part of a library, all of it")]
mod counters;
#[cfg(loom)]
mod models;
#[cfg(loom)]
#[path = "../src/sync/primitives.rs"]
mod primitives;
/// The place where the library has them.
#[cfg(loom)]
mod sync {
    pub(crate) use crate::primitives;
}

#[cfg(loom)]
fn main() -> std::process::ExitCode {
    models::run(&std::env::args().skip(1).collect::<Vec<_>>())
}

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    eprintln!("no model ran: build with RUSTFLAGS=\"--cfg loom\"");
    std::process::ExitCode::FAILURE
}
