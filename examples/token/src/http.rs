//! The HTTP client.

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use cells::runtime_cell;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client that keeps connections open for the next request.
pub type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// The client for all requests.
#[runtime_cell]
pub fn http() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The server is not there.
    #[error(transparent)]
    Unreachable(#[from] legacy::Error),
    /// It broke off.
    #[error("the answer is incomplete")]
    Incomplete,
}

/// Sends a request, and reads the whole answer.
///
/// # Errors
///
/// If there is none.
pub async fn send(http: &HttpClient, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), NoAnswer> {
    let (head, body) = http.request(request).await?.into_parts();
    let body = body.collect().await.map_err(|_| NoAnswer::Incomplete)?;
    Ok((head.status, body.to_bytes()))
}
