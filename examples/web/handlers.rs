//! The handlers.

use crate::resources::{index, page};
use axum::extract::Form;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, RETRY_AFTER};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use cells::{CellSnapshot, Error, Page, Ref};
use examples::code::{Match, Problem, Query};
use serde::{Deserialize, Serialize};
use tokio::task::{JoinError, spawn_blocking};

/// How many matches are shown.
const BEST: u32 = 10;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/search", get(search).post(search))
        .route("/cells", get(show).post(act))
        .route("/cells.json", get(snapshot))
}

#[derive(Deserialize)]
struct Asked {
    q: String,
}

#[derive(Serialize)]
struct Found {
    /// The generation of the index that was searched.
    generation: u64,
    matches: Vec<Match>,
}

async fn search(Form(Asked { q }): Form<Asked>) -> Result<Json<Found>, Failure> {
    let query = Query::parse(&q)?;
    let index = index().await?;
    // The lease moves with the work: after a reload meanwhile, this index still answers, and is then disposed.
    let found = spawn_blocking(move || {
        let generation = Ref::generation(&index);
        index.search(&query, BEST).map(|matches| Found { generation, matches })
    });
    Ok(Json(found.await??))
}

async fn show() -> impl IntoResponse {
    html(page())
}

/// Does what a button of the page asks for. Whoever may read the page can do nothing without the token.
async fn act(form: String) -> impl IntoResponse {
    match page().act_async(&form).await {
        Ok(done) => (StatusCode::OK, html(&page().notice(done.to_string()))),
        Err(error) => {
            let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, html(&page().notice(format!("{error:#}"))))
        }
    }
}

fn html(page: &Page) -> impl IntoResponse + use<> {
    ([(CONTENT_SECURITY_POLICY, Page::CONTENT_SECURITY_POLICY)], Html(page.to_html()))
}

async fn snapshot() -> Json<Vec<CellSnapshot>> {
    Json(cells::snapshot())
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{}", .0.root_cause())]
    Cell(#[from] Error),
    #[error(transparent)]
    Problem(#[from] Problem),
    #[error(transparent)]
    Panicked(#[from] JoinError),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let said = format!("{self}\n");
        match self {
            // A cell that is cooling down knows when the client should come back.
            Self::Cell(error) => {
                let seconds =
                    error.retry_after().map_or(1, |left| left.as_secs().saturating_add(1)).to_string();
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, seconds)], said).into_response()
            }
            Self::Problem(Problem::EmptyQuery) => (StatusCode::BAD_REQUEST, said).into_response(),
            Self::Problem(_) | Self::Panicked(_) => (StatusCode::INTERNAL_SERVER_ERROR, said).into_response(),
        }
    }
}
