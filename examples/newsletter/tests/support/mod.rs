//! What the tests have in common.

mod client;
mod email_api;
mod time;
mod world;

pub(crate) use client::{confirm_all, get, publish, send, subscribe, subscribe_with};
pub(crate) use email_api::{EmailApi, TOKEN as EMAIL_TOKEN};
pub(crate) use time::Time;
pub(crate) use world::{PUBLISH_TOKEN, World};
