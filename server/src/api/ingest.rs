//! `POST /ingest`: files and folders of this machine, to be ingested by the queue.

use std::path::{Path, PathBuf};

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use footnote_core::{Code, Error, Result};
use footnote_ingest::queue::{JobKind, NewJob, Origin};
use serde::Deserialize;
use serde_json::json;

use super::body::JsonBody;
use super::problem::Problem;
use super::state::ApiState;

/// What a client wants ingested.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestRequest {
    /// Absolute paths below the folders that the settings allow.
    pub paths: Vec<PathBuf>,
    /// The collection; the setting's default when left out. It comes to exist if it does not.
    pub collection: Option<String>,
}

pub(super) async fn ingest(
    State(state): State<ApiState>,
    JsonBody(request): JsonBody<IngestRequest>,
) -> Result<Response, Problem> {
    let collection = request.collection.unwrap_or_else(|| state.default_collection.to_string());
    footnote_core::collection::check_name(&collection)?;
    let roots = state.ingestion()?.roots.clone();
    let checked = tokio::task::spawn_blocking(move || {
        request.paths.iter().map(|path| allowed(path, &roots)).collect::<Result<Vec<PathBuf>>>()
    });
    let paths = checked.await.map_err(|error| Error::internal(error.to_string()))??;
    let job = NewJob { collection, kind: JobKind::Paths(paths), origin: Origin::Api };
    let job = state.ingestion()?.queue.submit(job).await?;
    let place = [(header::LOCATION, format!("/jobs/{}", job.id))];
    Ok((StatusCode::ACCEPTED, place, Json(json!({ "job": job }))).into_response())
}

/// The path without links, if it lies below one of `roots`. Of what lies elsewhere it is not even said whether it
/// is there.
///
/// # Errors
/// [`Code::BadRequest`] for a relative path, [`Code::PathNotAllowed`], [`Code::PathMissing`].
fn allowed(path: &Path, roots: &[PathBuf]) -> Result<PathBuf> {
    if !path.is_absolute() {
        return Err(Error::new(Code::BadRequest, format!("{}: not an absolute path", path.display()))
            .hint("name it from the root of the server's file system on"));
    }
    let found = fs_err::canonicalize(path);
    // Where it is missing, the nearest folder that is there says on which side of the fence it would be.
    let real =
        found.as_ref().ok().cloned().or_else(|| path.ancestors().find_map(|part| fs_err::canonicalize(part).ok()));
    let roots = roots.iter().filter_map(|root| fs_err::canonicalize(root).ok());
    if real.is_none_or(|real| !roots.into_iter().any(|root| real.starts_with(root))) {
        return Err(Error::new(
            Code::PathNotAllowed,
            format!("{}: not below a folder that may be ingested over HTTP", path.display()),
        )
        .hint("add its folder to the setting ingest.roots and start again, or upload the file with POST /documents"));
    }
    found.map_err(|error| Error::io(path, error))
}
