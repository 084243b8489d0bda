//! The handlers.

use crate::resources::index;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use cells::{CellSnapshot, Error, Ref};
use examples::code::{Match, Problem, Query};
use serde::{Deserialize, Serialize};
use tokio::task::{JoinError, spawn_blocking};

/// How many matches are shown.
const BEST: u32 = 10;

pub(crate) fn router() -> Router {
    Router::new().route("/search", get(search).post(search)).route("/cells", get(snapshot))
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
