pub(crate) mod build_fn;
pub(crate) mod declared_impl;
pub(crate) mod dependency_list;
