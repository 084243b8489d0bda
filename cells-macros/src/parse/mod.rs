//! What the user wrote: the arguments of the attribute, and the function below it.
//!
//! Nothing here knows what a declaration means. `args` reads the arguments by the table in `keys`, `keys` refers to
//! the readers in `value` and to `spelling`, and the readers use `duration`; `function` uses none of them. Imports
//! point in that direction, and otherwise to `tokens`.

pub(crate) mod args;
pub(crate) mod duration;
pub(crate) mod function;
pub(crate) mod keys;
pub(crate) mod spelling;
pub(crate) mod value;
