//! Who is notified.

pub(crate) mod context;
pub(crate) mod hook;
pub(crate) mod log;
#[cfg(feature = "serde")]
pub(crate) mod micros;
pub(crate) mod observer;
pub(crate) mod observers;
pub(crate) mod timeline;
pub(crate) mod timeline_observer;
