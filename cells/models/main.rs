//! Models of the reader counters: the files that the library compiles, on loom's atomics, in every order that the memory
//! model allows.
//!
//! `RUSTFLAGS="--cfg cells_loom" cargo run --release -p cells-models [name …]` explores all of them, or those named
//! (`--even` and `--odd` name every second one), and
//! fails if one explored nothing. They run the fast path and the slow one with memory fences, because a model of the
//! language does not know `membarrier`; the two ways differ only in their fences. So the models hold every order in
//! `counters.rs` and `tables.rs` but one: a reader's fence is an acquire here, as the load of the payload has to be by
//! itself where the fence is only the compiler's.
//!
//! The checker does not interrupt the first thread of a model at each of its steps once it has started others: what is to
//! be tried in every order belongs in a thread.

#![cfg_attr(cells_loom, allow(unexpected_cfgs, reason = "features of the library, not of this package"))]

#[cfg(cells_loom)]
mod models;
#[cfg(cells_loom)]
#[path = "../src/sync/primitives.rs"]
mod primitives;
/// The files under test, and the paths at which they find each other in the library.
#[cfg(cells_loom)]
#[path = "../src/payload"]
#[allow(unsafe_code, reason = "the files under test have unsafe code")]
#[allow(dead_code, unexpected_cfgs, unreachable_pub, reason = "the models use only part of a library's file")]
mod payload {
    pub(crate) mod counters;
    pub(crate) mod read_path;
    pub(crate) mod tables;
}
#[cfg(cells_loom)]
mod sync {
    pub(crate) use crate::primitives;
}

#[cfg(cells_loom)]
fn main() -> std::process::ExitCode {
    models::run(&std::env::args().skip(1).collect::<Vec<_>>())
}

#[cfg(not(cells_loom))]
fn main() -> std::process::ExitCode {
    eprintln!("no model ran: build with RUSTFLAGS=\"--cfg cells_loom\"");
    std::process::ExitCode::FAILURE
}
