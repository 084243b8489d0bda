//! The token, tested from outside. All tests run side by side in one process, each in a sandbox: it has a token endpoint and
//! a token of its own, although the program has one static for each.

mod ageing;
mod failing;
mod judging;
mod support;
mod whole_run;
