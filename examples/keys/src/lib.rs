//! A service that verifies signed tokens by the keys of an identity provider. The keys change, and the provider is not
//! always there.
//!
//! [`mod@key_set`] has the cell, and [`verify`] what a service does with it: these two are worth copying. [`provider`]
//! is in the place of what is elsewhere, [`load`] for the callers of the service, and [`acts`] for what befalls it.

pub mod acts;
pub mod http;
pub mod jwt;
pub mod key_set;
pub mod load;
pub mod provider;
pub mod verify;
