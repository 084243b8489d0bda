//! An email API that keeps what it gets.

use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What the API wants to see.
pub(crate) const TOKEN: &str = "the token of the email API";

/// A message as the API gets it.
#[derive(Clone, Deserialize)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// The API. It ends with the runtime that it was started on.
pub(crate) struct EmailApi {
    address: SocketAddr,
    state: Arc<Mutex<Post>>,
}

#[derive(Default)]
struct Post {
    mails: Vec<Mail>,
    refused: BTreeSet<String>,
}

impl EmailApi {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::default());
        let router = Router::new().route("/messages", post(take)).with_state(Arc::clone(&state));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/messages", self.address)
    }

    /// From now on no mail to this address is taken.
    pub(crate) fn refuse(&self, email: &str) {
        self.state.lock().unwrap().refused.insert(email.to_owned());
    }

    /// From now on mail to all addresses is taken.
    pub(crate) fn refuse_nobody(&self) {
        self.state.lock().unwrap().refused.clear();
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.state.lock().unwrap().mails.clone()
    }

    /// To whom mail with this subject was sent, sorted.
    pub(crate) fn recipients(&self, subject: &str) -> Vec<String> {
        let mails = self.mails().into_iter().filter(|mail| mail.subject == subject);
        let mut recipients: Vec<_> = mails.map(|mail| mail.to).collect();
        recipients.sort();
        recipients
    }

    /// The path of the link in the last mail to this address.
    pub(crate) fn link(&self, email: &str) -> String {
        let mail = self.mails().into_iter().rfind(|mail| mail.to == email).expect("a mail");
        let (_, path) = mail.text.split_once("https://news.test").expect("a link");
        path.trim_end().to_owned()
    }
}

async fn take(
    State(post): State<Arc<Mutex<Post>>>,
    headers: HeaderMap,
    Json(mail): Json<Mail>,
) -> StatusCode {
    if headers.get(AUTHORIZATION).is_none_or(|value| *value != *format!("Bearer {TOKEN}")) {
        return StatusCode::UNAUTHORIZED;
    }
    let mut post = post.lock().unwrap();
    if post.refused.contains(&mail.to) {
        return StatusCode::UNPROCESSABLE_ENTITY;
    }
    post.mails.push(mail);
    StatusCode::OK
}
