//! One payload: who uses it, who gets it, and how it ends. Nothing here knows about cells.
//!
//! A payload is published in a [lane](counters), read through [leases](lease), retired into a [`drain`], and ended by
//! one run of its disposer ([`disposal`]); disposers nest to a [limit](nested), and do not wait for [themselves](beneath).
//! The unsafe code of a read is in `counters`, `tables` and `lease`, whose privacy is part of the safety argument; each
//! opens with its protocol.

pub(crate) mod beneath;
#[expect(unsafe_code, reason = "reads reach lanes and counters through raw pointers, without a lock")]
pub(crate) mod counters;
pub(crate) mod disposal;
pub(crate) mod disposer;
pub(crate) mod drain;
#[expect(unsafe_code, reason = "a lease is a pointer to a payload whose type the compiler does not know")]
pub(crate) mod lease;
pub(crate) mod nested;
pub(crate) mod payload_type;
pub(crate) mod read_path;
pub(crate) mod ref_traits;
#[expect(unsafe_code, reason = "tables are reached through raw pointers, without a lock or a look at bounds")]
pub(crate) mod tables;
pub(crate) mod threads;
