//! What a cell was told when it was created.

use crate::error::BoxError;
use crate::flight::adjuster::Adjuster;
use crate::info::{CellInfo, Limits};
use crate::observe::hook::Hook;
use crate::observe::observer::Observer;
use crate::payload::lease::AnyPayload;

/// The factory of a cell that a plain function declares.
pub(crate) type DeclaredFactory = fn() -> Result<AnyPayload, BoxError>;

pub(crate) struct Config {
    pub(crate) name: &'static str,
    pub(crate) limits: Limits,
    /// Of a declared cell.
    pub(crate) info: Option<&'static CellInfo>,
    /// Of a cell that is declared by a plain function, and called as it is.
    pub(crate) factory: Option<DeclaredFactory>,
    pub(crate) observer: Hook<dyn Observer>,
    pub(crate) adjuster: Hook<dyn Adjuster>,
}
