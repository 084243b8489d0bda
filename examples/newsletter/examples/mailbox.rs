//! Stands in for an email API while you try the newsletter: it prints each message that it is to send.

use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use std::io;
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct Message {
    from: String,
    to: String,
    subject: String,
    text: String,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:8025").await?;
    println!("waiting for messages on http://{}/messages\n", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/messages", post(print))).await
}

async fn print(Json(Message { from, to, subject, text }): Json<Message>) {
    println!("From: {from}\nTo: {to}\nSubject: {subject}\n\n{text}");
}
