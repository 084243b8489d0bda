//! Messages, and the API that sends them.

use crate::address::Address;
use crate::config::{CONFIG, Config};
use crate::http::{HTTP, HttpClient};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Request, StatusCode, Uri};
use cells::{Ref, runtime_cell};
use serde_json::json;
use std::error::Error;
use std::time::Duration;

/// How long the email API may take for a message.
const PATIENCE: Duration = Duration::from_secs(10);

/// Posts messages to the email API.
pub struct Mailer {
    client: Ref<'static, HttpClient>,
    api: Uri,
    authorization: String,
    sender: Address,
    base_url: String,
}

/// The mailer.
///
/// # Errors
///
/// Those of the configuration.
#[runtime_cell(eager)]
pub fn mailer(
    #[from(HTTP)] client: Ref<'static, HttpClient>,
    config: &Config,
) -> Result<Mailer, cells::BoxError> {
    Ok(Mailer {
        client,
        api: config.email_api.clone(),
        authorization: format!("Bearer {}", config.email_token),
        sender: config.sender.clone(),
        base_url: config.base_url.clone(),
    })
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The email API is not there.
    #[error("the email API cannot be reached: {}", innermost(.0))]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    /// It took too long.
    #[error("the email API did not answer in {PATIENCE:?}")]
    TooSlow(#[from] tokio::time::error::Elapsed),
    /// It answered that it did not send the message.
    #[error("the email API answered {0}")]
    Refused(StatusCode),
    /// The message is none.
    #[error(transparent)]
    Malformed(#[from] axum::http::Error),
}

/// What went wrong in the first place; the outer errors only say where.
fn innermost(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

impl Mailer {
    /// A link to this service.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// Whatever kept the email API from confirming that it has the message.
    pub async fn send(&self, to: &Address, subject: &str, text: &str) -> Result<(), NotSent> {
        let message = json!({ "from": self.sender, "to": to, "subject": subject, "text": text });
        let request = Request::post(self.api.clone())
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(message.to_string().into())?;
        let response = tokio::time::timeout(PATIENCE, self.client.request(request)).await??;
        if response.status().is_success() { Ok(()) } else { Err(NotSent::Refused(response.status())) }
    }
}
