pub(crate) mod args;
pub(crate) mod duration;
pub(crate) mod function;
pub(crate) mod keys;
pub(crate) mod value;
