//! Requests to the service, without a network in between.

use super::{EmailApi, PUBLISH_TOKEN};
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Request, StatusCode};
use newsletter::routes::routes;
use tower::ServiceExt;

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    /// After how many seconds to come back.
    pub(crate) retry_after: Option<u64>,
}

pub(crate) async fn send(request: Request<Body>) -> Answer {
    let response = routes().oneshot(request).await.unwrap();
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after = retry_after.map(|value| value.to_str().unwrap().parse().unwrap());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, body: String::from_utf8(body.into()).unwrap(), retry_after }
}

pub(crate) async fn get(path: &str) -> Answer {
    send(Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn subscribe_with(content_type: &str, body: &str) -> Answer {
    let request = Request::post("/subscriptions").header(CONTENT_TYPE, content_type);
    send(request.body(body.to_owned().into()).unwrap()).await
}

pub(crate) async fn subscribe(email: &str) -> Answer {
    subscribe_with("application/x-www-form-urlencoded", &format!("name=Somebody&email={email}")).await
}

/// Subscribes these, and confirms by the links of their mails.
pub(crate) async fn confirm_all(api: &EmailApi, emails: &[&str]) {
    for email in emails {
        assert_eq!(subscribe(email).await.status, StatusCode::ACCEPTED);
        assert_eq!(get(&api.link(email)).await.status, StatusCode::OK);
    }
}

/// Publishes an issue whose title is its slug.
pub(crate) async fn publish(slug: &str) -> Answer {
    let request = Request::put(format!("/issues/{slug}"))
        .header(AUTHORIZATION, format!("Bearer {PUBLISH_TOKEN}"))
        .header(CONTENT_TYPE, "application/json");
    send(request.body(format!(r#"{{"title":"{slug}","text":"News."}}"#).into()).unwrap()).await
}
