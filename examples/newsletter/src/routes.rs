//! The routes.

use crate::config::config;
use crate::db::db;
use crate::failure::Failure;
use crate::issues::{self, Issue, Published};
use crate::subscribers::{self, Candidate};
use crate::token;
use axum::extract::{Form, FromRequest, Path, Query, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;

/// All routes of the service.
pub fn routes() -> Router {
    Router::new()
        .route("/subscriptions", post(subscribe))
        .route("/subscriptions/confirm", get(confirm))
        .route("/subscriptions/cancel", get(cancel).post(cancel))
        .route("/issues/{slug}", put(publish))
        .route("/health", get(health))
}

async fn subscribe(candidate: Candidate) -> Result<impl IntoResponse, Failure> {
    subscribers::subscribe(candidate).await?;
    Ok((StatusCode::ACCEPTED, "please look for our mail\n"))
}

#[derive(Deserialize)]
struct Link {
    token: String,
}

async fn confirm(Query(link): Query<Link>) -> Result<&'static str, Failure> {
    subscribers::confirm(&link.token).await?;
    Ok("welcome\n")
}

async fn cancel(Query(link): Query<Link>) -> Result<&'static str, Failure> {
    subscribers::cancel(&link.token).await?;
    Ok("you will get no more mail\n")
}

async fn publish(
    Path(slug): Path<String>,
    headers: HeaderMap,
    Json(issue): Json<Issue>,
) -> Result<Json<Published>, Failure> {
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !token::equal(sent, &format!("Bearer {}", config()?.publish_token)) {
        return Err(Failure::NotAllowed);
    }
    issues::publish(&slug, issue).await.map(Json)
}

/// Asks for the connections, so that opening them is tried again if it has failed.
async fn health() -> Result<&'static str, Failure> {
    sqlx::query("SELECT 1").execute(&*db().await?).await?;
    Ok("healthy\n")
}

/// From a form or from JSON.
impl<S: Send + Sync> FromRequest<S> for Candidate {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let content = request.headers().get(CONTENT_TYPE);
        if content.is_some_and(|value| value.as_bytes().starts_with(b"application/json")) {
            let parsed = Json::from_request(request, state).await;
            parsed.map(|Json(candidate)| candidate).map_err(IntoResponse::into_response)
        } else {
            let parsed = Form::from_request(request, state).await;
            parsed.map(|Form(candidate)| candidate).map_err(IntoResponse::into_response)
        }
    }
}
