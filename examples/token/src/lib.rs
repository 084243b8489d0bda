//! Many tasks share one access token of a protected resource. It ends after some seconds, may be revoked at any time, and
//! the endpoint that issues it is not always there.
//!
//! [`mod@token`] has the cell, and [`client`] what a program does with it: these two are worth copying. [`endpoint`] is there
//! for what is elsewhere, [`load`] and [`acts`] make the tasks and the trouble, and [`report`] compares what happened with
//! what was promised.

pub mod acts;
pub mod client;
pub mod endpoint;
pub mod http;
pub mod journal;
pub mod load;
pub mod report;
pub mod token;
