//! What `#[runtime_cell]` makes of a function: accessor, static, parameters. The keys are in `keys`, the messages for
//! mistakes in `ui`.

mod accessors;
mod attributes;
mod hygiene;
mod methods;
mod parameters;
mod statics;
mod visibility;
