//! A worker that labels texts by a model. It takes one job after the other until there are no more, or a signal stops it.
//!
//! What its parts share is in cells: the [arguments](args), which `main` provides; the [model], which is replaced when its
//! file changes; the [results], which are complete when they are closed.

pub mod args;
pub mod input;
pub mod job;
pub mod model;
pub mod results;
pub mod watch;
pub mod work;
