pub(crate) mod errors;
pub(crate) mod spans;
pub(crate) mod spell;
