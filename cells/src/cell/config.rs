//! What a cell is created with: its name, its limits and its hooks.

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
    /// Present for a declared cell.
    pub(crate) info: Option<&'static CellInfo>,
    /// Present for a cell that a plain function declares; called without arguments.
    pub(crate) factory: Option<DeclaredFactory>,
    pub(crate) observer: Hook<dyn Observer>,
    pub(crate) adjuster: Hook<dyn Adjuster>,
}

impl Config {
    pub(crate) fn is_declared(&self) -> bool {
        self.info.is_some()
    }
}
