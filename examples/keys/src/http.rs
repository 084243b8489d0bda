//! The HTTP client.

use axum::body::Bytes;
use cells::runtime_cell;
use http_body_util::Full;
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
