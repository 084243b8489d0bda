//! Helpers that work on any tokens: mistakes, spans, text, groups, and the path to the crate `cells`.
//!
//! These files know nothing about cells or about each other.

pub(crate) mod crate_path;
pub(crate) mod errors;
pub(crate) mod groups;
pub(crate) mod spans;
pub(crate) mod spell;
