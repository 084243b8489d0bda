//! The service, tested from outside. All tests run side by side in one process, each in a sandbox: it has a provider and a
//! key set of its own, although the program has one static for each.

mod ageing;
mod signing;
mod support;
mod unknown;
mod whole_run;
