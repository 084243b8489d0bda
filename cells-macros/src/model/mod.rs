pub(crate) mod attributes;
pub(crate) mod declaration;
pub(crate) mod dependencies;
pub(crate) mod kind;
pub(crate) mod names;
pub(crate) mod returns;
pub(crate) mod signature;
