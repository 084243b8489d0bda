//! Why a request fails, and what its client gets.

use crate::email::NotSent;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use tokio::task::JoinError;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something that the service needs is not there now.
    #[error("{}", .0.root_cause())]
    Cell(#[from] cells::Error),
    /// The database did not do what it was asked for.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The message was not sent.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// The journal cannot be written.
    #[error("the journal cannot be written: {0}")]
    Journal(#[from] std::io::Error),
    /// The system has no random numbers.
    #[error(transparent)]
    Random(#[from] getrandom::Error),
    /// A task of the request panicked.
    #[error(transparent)]
    Panicked(#[from] JoinError),
    /// The link does not belong to any subscription, or came too late.
    #[error("this link is not valid, or not any more")]
    UnknownLink,
    /// The request lacks the token for publishing.
    #[error("who publishes has to send the token for it")]
    NotAllowed,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Cell(error) => {
                // A cell that is cooling down knows when the client should come back.
                let seconds = error.retry_after().map_or(1, |left| left.as_secs().saturating_add(1));
                let headers = [(RETRY_AFTER, seconds.to_string())];
                return (StatusCode::SERVICE_UNAVAILABLE, headers, format!("{self}\n")).into_response();
            }
            Self::NotSent(_) => StatusCode::BAD_GATEWAY,
            Self::Database(_) | Self::Journal(_) | Self::Random(_) | Self::Panicked(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::UnknownLink => StatusCode::NOT_FOUND,
            Self::NotAllowed => StatusCode::UNAUTHORIZED,
        };
        (status, format!("{self}\n")).into_response()
    }
}
