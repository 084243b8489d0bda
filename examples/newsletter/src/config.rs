//! The configuration, from the environment.

use crate::address::Address;
use axum::http::Uri;
use cells::{BoxError, runtime_cell};
use std::env::{self, VarError};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the environment has to contain, for `--help`.
pub const VARIABLES: &str = "  NEWSLETTER_PUBLISH_TOKEN  who publishes has to know it; required
  NEWSLETTER_EMAIL_TOKEN    what the email API wants to see; required
  NEWSLETTER_EMAIL_API      where to post messages (default: http://127.0.0.1:8025/messages)
  NEWSLETTER_SENDER         whom messages are from (default: news@example.org)
  NEWSLETTER_LISTEN         where to listen (default: 127.0.0.1:8080)
  NEWSLETTER_BASE_URL       what links begin with (default: http://127.0.0.1:8080)
  NEWSLETTER_DATABASE       the file of the database (default: newsletter.db)
  NEWSLETTER_JOURNAL        the file of the journal (default: newsletter.log)";

/// What the operator decides.
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// What the links in messages begin with.
    pub base_url: String,
    /// The file of the database.
    pub database: PathBuf,
    /// The file of the journal.
    pub journal: PathBuf,
    /// Where messages are posted.
    pub email_api: Uri,
    /// What the email API wants to see.
    pub email_token: String,
    /// Whom messages are from.
    pub sender: Address,
    /// Who publishes has to know this.
    pub publish_token: String,
}

/// A variable of the environment that is missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct WrongVariable {
    name: &'static str,
    reason: BoxError,
}

/// The configuration.
///
/// # Errors
///
/// If a variable is missing or wrong.
#[runtime_cell]
pub fn config() -> Result<Config, WrongVariable> {
    Ok(Config {
        listen: parse("NEWSLETTER_LISTEN", Some("127.0.0.1:8080"), |text| Ok(text.parse()?))?,
        base_url: parse("NEWSLETTER_BASE_URL", Some("http://127.0.0.1:8080"), Ok)?,
        database: parse("NEWSLETTER_DATABASE", Some("newsletter.db"), |text| Ok(text.into()))?,
        journal: parse("NEWSLETTER_JOURNAL", Some("newsletter.log"), |text| Ok(text.into()))?,
        email_api: parse("NEWSLETTER_EMAIL_API", Some("http://127.0.0.1:8025/messages"), |text| {
            Ok(text.parse()?)
        })?,
        email_token: parse("NEWSLETTER_EMAIL_TOKEN", None, Ok)?,
        sender: parse("NEWSLETTER_SENDER", Some("news@example.org"), |text| Ok(text.try_into()?))?,
        publish_token: parse("NEWSLETTER_PUBLISH_TOKEN", None, Ok)?,
    })
}

/// One variable, or its default.
fn parse<T>(
    name: &'static str,
    default: Option<&str>,
    read: fn(String) -> Result<T, BoxError>,
) -> Result<T, WrongVariable> {
    let text = match (env::var(name), default) {
        (Err(VarError::NotPresent), Some(default)) => Ok(default.to_owned()),
        (found, _) => found.map_err(BoxError::from),
    };
    text.and_then(read).map_err(|reason| WrongVariable { name, reason })
}
