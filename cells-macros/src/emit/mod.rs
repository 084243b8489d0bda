//! The code that is emitted for a declaration.
//!
//! Whatever can be in the crate `cells` is there and not here. Each emitting function is headed by its input and output
//! in Rust. Tokens take the location of what they are about, because the compiler reports its errors there.
//!
//! `accessor`, `factory_fn`, `cell_static` and `declared_impl` are items; the other files are parts of `declared_impl`. Imports
//! point down this list, and otherwise to `model`, `parse` and `tokens`:
//!
//! - `factory_fn` uses `accessor`,
//! - `declared_impl` uses `info`, `disposer` and `build`,
//! - `build` uses `factory_call`,
//! - `info` uses `check`, `dependency_list` and `lifetime`,
//! - `check` uses `disposer`,
//! - `factory_call` and `dependency_list` use `cell_ref`.

pub(crate) mod accessor;
pub(crate) mod build;
pub(crate) mod cell_ref;
pub(crate) mod cell_static;
pub(crate) mod check;
pub(crate) mod declared_impl;
pub(crate) mod dependency_list;
pub(crate) mod disposer;
pub(crate) mod factory_call;
pub(crate) mod factory_fn;
pub(crate) mod info;
pub(crate) mod lifetime;
