//! The keys of `#[runtime_cell]`, a file for each: what a cell declared with the key does. What a mistake in one says
//! is in `ui`; what flights, closes and shutdowns then do is in `threads` and `tasks`.

mod adjuster;
mod after;
mod backoff;
mod blocking;
mod cell;
mod check;
mod closed_last;
mod cooldown;
mod detached;
mod dispose;
mod dispose_timeout;
mod eager;
mod eager_refresh;
mod expires;
mod factory;
mod fallible;
mod fatal;
mod fresh;
mod infallible;
/// `crate`, which cannot be the name of a module.
mod krate;
mod linger;
mod max_waiters;
mod name;
mod observer;
mod optional;
mod permanent;
mod provided;
mod retry;
mod runtime;
mod transient;
mod wait_timeout;

mod together;
