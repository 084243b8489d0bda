//! What a cell is created with: its name, its limits and its hooks.

use crate::error::BoxError;
use crate::flight::adjuster::Adjuster;
use crate::info::{CellInfo, Limits};
use crate::observe::hook::Hook;
use crate::observe::observer::Observer;
use crate::payload::lease::AnyPayload;
use crate::sync::world::Scope;

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
    /// Whose cell it is: the process's, or that of a sandbox which has it in the place of a declared one.
    pub(crate) scope: Scope,
    #[cfg(feature = "testing")]
    pub(crate) factory_of_sandbox: bool,
}

impl Config {
    /// Whether a flight may begin: a declaration without a body has no factory, unless a sandbox gives it one.
    pub(crate) fn has_factory(&self) -> bool {
        #[cfg(feature = "testing")]
        if self.factory_of_sandbox {
            return true;
        }
        self.info.is_none_or(|info| info.has_factory)
    }

    /// Whether it is a cell that a declaration has put into the program.
    pub(crate) fn is_declared(&self) -> bool {
        self.info.is_some() && self.scope == Scope::PROCESS
    }
}
