//! What a declaration means, and what is wrong with it.
//!
//! `declaration` puts the parts together; each other file reads one part of what the user wrote and reports the
//! mistakes in it. `dependencies` uses `parameter`, and that uses `names`; `age` and `running` use `kind` and `mode`. Imports
//! point in that direction, and otherwise to `parse` and `tokens`.

pub(crate) mod age;
pub(crate) mod attributes;
pub(crate) mod declaration;
pub(crate) mod dependencies;
pub(crate) mod kind;
pub(crate) mod mode;
pub(crate) mod names;
pub(crate) mod parameter;
pub(crate) mod provided;
pub(crate) mod returns;
pub(crate) mod running;
pub(crate) mod signature;
