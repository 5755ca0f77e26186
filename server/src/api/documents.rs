//! `/documents`: what was ingested, its text, the original, and its deletion.

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::source::file_of_uri;
use footnote_core::{Code, Error, Result};
use footnote_ingest::queue::{JobKind, NewJob, Origin};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::access::Caller;
use super::body::DocumentPath;
use super::problem::Problem;
use super::state::{ApiState, unknown_document};
use super::views::TextView;

/// Which documents to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// The collection; the setting's default when left out.
    pub collection: Option<String>,
    /// Only those of this status.
    pub status: Option<DocumentStatus>,
}

/// The documents of a collection.
#[derive(Debug, Serialize)]
pub struct ListResponse {
    /// By uri.
    pub documents: Vec<DocumentRecord>,
}

pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ListResponse>, Problem> {
    let Query(query) = query.map_err(|rejection| {
        let statuses = DocumentStatus::ALL.map(DocumentStatus::as_str).join(", ");
        Error::new(Code::BadRequest, rejection.body_text())
            .hint(format!("the parameters are collection and status ({statuses})"))
    })?;
    let collection = query.collection.as_deref().unwrap_or(&state.default_collection);
    footnote_core::collection::check_name(collection)?;
    let mut documents = state.catalog.documents(collection, query.status).await?;
    documents.retain(|record| caller.may_see(record));
    Ok(Json(ListResponse { documents }))
}

pub(super) async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    DocumentPath(id): DocumentPath,
) -> Result<Json<DocumentResponse>, Problem> {
    let record = state.record(id, &caller).await?;
    let mut versions = state.catalog.versions(id).await?;
    // An earlier version may have had other labels.
    versions.retain(|version| caller.may_see(version));
    Ok(Json(DocumentResponse { record, versions }))
}

pub(super) async fn text(
    State(state): State<ApiState>,
    caller: Caller,
    DocumentPath(id): DocumentPath,
) -> Result<Json<TextView>, Problem> {
    state.record(id, &caller).await?;
    let document = state.catalog.document(id).await?.ok_or_else(|| unknown_document(id))?;
    Ok(Json(TextView::of(document)?))
}

/// A document's row, and the versions that it replaced.
#[derive(Debug, Serialize)]
pub struct DocumentResponse {
    /// The row.
    #[serde(flatten)]
    pub record: DocumentRecord,
    /// Earlier versions, newest first, as they last stood.
    pub versions: Vec<DocumentRecord>,
}

/// The original bytes, as long as they are those that were ingested.
pub(super) async fn content(
    State(state): State<ApiState>,
    caller: Caller,
    DocumentPath(id): DocumentPath,
) -> Result<Response, Problem> {
    let record = state.record(id, &caller).await?;
    let uri = record.uri.clone();
    if file_of_uri(&uri).is_none() {
        let document = state.catalog.document(id).await?.ok_or_else(|| unknown_document(id))?;
        return Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], document.text).into_response());
    }
    let (limits, hash) = (state.archive, record.content_hash.clone());
    let read = tokio::task::spawn_blocking(move || footnote_ingest::original(&uri, &hash, &limits));
    let read = read.await.map_err(|error| Error::internal(error.to_string()))?;
    let read =
        match (read, &state.ingestion) {
            (Err(error), None) if error.code() == Code::SourceChanged => Err(error
                .hint("files lie with the footnote that ingests, this one has the texts: GET /documents/{id}/text")),
            (read, _) => read,
        };
    let bytes = read?.unwrap_or_default();
    Ok(original(&record.media_type, bytes))
}

/// A document that was deleted.
#[derive(Debug, Serialize)]
pub struct DeletedDocument {
    /// Its row.
    #[serde(flatten)]
    pub record: DocumentRecord,
    /// What would bring it back.
    pub hint: Option<&'static str>,
}

/// Deletes at once, or, while its collection is being ingested into, after that: then a job is answered.
pub(super) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    DocumentPath(id): DocumentPath,
) -> Result<Response, Problem> {
    let mut record = state.record(id, &caller).await?;
    if record.status == DocumentStatus::Deleted {
        return Err(unknown_document(id).into());
    }
    let ingestion = state.ingestion()?;
    let file = file_of_uri(&record.uri);
    let upload = file.as_deref().filter(|file| ingestion.uploads.holds(file));
    let of_a_folder = file.is_some() && upload.is_none();
    let hint = of_a_folder.then_some(
        "its file was not touched: the next ingestion of its folder, or a look through it where it is followed, \
         brings the document back; move the file away to prevent that",
    );
    let job = if ingestion.remover.remove_now(&record).await? {
        None
    } else {
        let (collection, kind) = (record.collection.clone(), JobKind::Delete(id));
        Some(ingestion.queue.submit(NewJob { collection, kind, origin: Origin::Api }).await?)
    };
    // Now, not with the job: a file of the same name that is uploaded meanwhile is another one.
    if let Some(upload) = upload {
        ingestion.uploads.remove(upload).await?;
    }
    if let Some(job) = job {
        let place = [(header::LOCATION, format!("/jobs/{}", job.id))];
        return Ok((StatusCode::ACCEPTED, place, Json(json!({ "job": job, "hint": hint }))).into_response());
    }
    match state.catalog.record(id).await? {
        Some(left) => record = left,
        None => record.status = DocumentStatus::Deleted,
    }
    Ok(Json(DeletedDocument { record, hint }).into_response())
}

/// Documents are not trusted: a sandboxed page of its own origin cannot reach the API.
fn original(media_type: &str, bytes: Vec<u8>) -> Response {
    let content_type = match media_type {
        "text/html" => "text/html; charset=utf-8",
        // As plain text, because browsers save what they do not know, Markdown among it.
        text if text.starts_with("text/") => "text/plain; charset=utf-8",
        other => other,
    };
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    let fallback = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap_or(fallback));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    if media_type != "application/pdf" {
        // Browsers show a PDF in a viewer of their own, which a sandbox would switch off.
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"),
        );
    }
    response
}
