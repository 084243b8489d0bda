//! Requests that need the token.

use crate::http::{HttpClient, NoAnswer, http, send};
use crate::token::{TOKEN, Token, token};
use axum::body::Bytes;
use axum::http::header::AUTHORIZATION;
use axum::http::{Request, StatusCode, Uri};
use cells::Ref;
use serde::Deserialize;
use std::future::poll_fn;
use std::pin::pin;
use std::time::{Duration, Instant};

/// Why the resource does not accept a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Its time is over.
    Expired,
    /// It was revoked before that.
    Revoked,
    /// It is none.
    Unknown,
}

/// What a request met on its way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way {
    /// For which generation of the token it waited last, and until when.
    pub waited: Option<(u64, Instant)>,
    /// Whether the resource refused its first token, and how long after the request got that.
    pub refused: Option<(Refusal, Duration)>,
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// There is no token.
    #[error(transparent)]
    NoToken(#[from] cells::Error),
    /// There is no resource.
    #[error("the resource cannot be reached")]
    Unreachable(#[from] NoAnswer),
    /// The second token was refused like the first.
    #[error("the resource refuses one token after the other: {0:?}")]
    Refused(Refusal),
    /// The resource said something else.
    #[error("the resource answered {0}")]
    Unexpected(StatusCode),
    /// The request is none.
    #[error(transparent)]
    Misconfigured(#[from] axum::http::Error),
}

/// Reads the resource. If that refuses the token, the request is made once more, with another one.
///
/// # Errors
///
/// If there is no token, or the resource does not answer.
pub async fn read(resource: &Uri) -> (Way, Result<(), Unanswered>) {
    let mut way = Way::default();
    let result = read_noting(resource, &mut way).await;
    (way, result)
}

async fn read_noting(resource: &Uri, way: &mut Way) -> Result<(), Unanswered> {
    let http = http();
    let Some((refusal, refused)) = attempt(resource, &http, way).await? else { return Ok(()) };
    // Of all who find that out at the same time, one ends this generation, and one fetches the next. Cells that are built
    // on the token would need `invalidate_generation_with_dependents`.
    let _ = TOKEN.close_generation(refused).await;
    way.refused = Some(refusal);
    match attempt(resource, &http, way).await? {
        None => Ok(()),
        Some(((refusal, _), _)) => Err(Unanswered::Refused(refusal)),
    }
}

/// Returns why and how soon the token was refused, and its generation; `None` if it was not.
async fn attempt(
    resource: &Uri,
    http: &HttpClient,
    way: &mut Way,
) -> Result<Option<((Refusal, Duration), u64)>, Unanswered> {
    let (token, waited) = noting_waits(token()).await;
    let token: Ref<'static, Token> = token?;
    let (generation, got) = (Ref::generation(&token), Instant::now());
    if waited {
        way.waited = Some((generation, got));
    }
    let request = Request::get(resource.clone())
        .header(AUTHORIZATION, format!("Bearer {}", token.secret))
        .body(Bytes::new().into())?;
    let (status, body) = send(http, request).await?;
    match status {
        StatusCode::OK => Ok(None),
        StatusCode::UNAUTHORIZED => {
            let refusal = serde_json::from_slice(&body).unwrap_or(Refusal::Unknown);
            Ok(Some(((refusal, got.elapsed()), generation)))
        }
        status => Err(Unanswered::Unexpected(status)),
    }
}

/// Also returns whether the future was pending at its first poll. Only then did its caller wait; a future that is ready at
/// once may still take long if the machine is busy.
async fn noting_waits<F: Future>(future: F) -> (F::Output, bool) {
    let (mut future, mut polls) = (pin!(future), 0);
    let output = poll_fn(|cx| {
        polls += 1;
        future.as_mut().poll(cx)
    });
    let output = output.await;
    (output, polls > 1)
}
