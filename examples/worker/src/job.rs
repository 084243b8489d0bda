//! One job, from its line to the line of its result.

use crate::model::{Model, model};
use crate::results::results;
use cells::{BoxError, Ref};
use serde::{Deserialize, Serialize};

/// What to do.
#[derive(Deserialize)]
struct Job {
    id: u64,
    text: String,
}

/// What was found.
#[derive(Serialize)]
struct Found<'a> {
    id: u64,
    label: Option<&'a str>,
    /// The generation of the model.
    model: u64,
}

/// What was wrong with the line.
#[derive(Serialize)]
struct Wrong<'a> {
    line: &'a str,
    error: String,
}

/// Does the job of a line. A line that is no job has a result too, which says why.
///
/// # Errors
///
/// If there is no model, or the result cannot be written.
pub async fn run(line: String) -> Result<(), BoxError> {
    let result = match serde_json::from_str::<Job>(&line) {
        Ok(job) => {
            // This lease keeps the model that the job began with, whatever replaces it meanwhile.
            let model: Ref<'static, Model> = model().await?;
            let label = model.label(&job.text);
            serde_json::to_string(&Found { id: job.id, label, model: Ref::generation(&model) })
        }
        Err(error) => serde_json::to_string(&Wrong { line: &line, error: error.to_string() }),
    };
    results()?.write(&result?)?;
    Ok(())
}
