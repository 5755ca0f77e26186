//! `POST /documents`: files uploaded, to be ingested by the queue.

use axum::Json;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use footnote_core::{Code, DocumentId, Error, Result};
use footnote_ingest::metadata::MAX_VALUE_BYTES;
use footnote_ingest::queue::{Job, JobKind, NewJob, Origin};
use serde::Serialize;

use super::problem::Problem;
use super::state::ApiState;
use crate::uploads::{Incoming, SaidOfFiles};

/// Files that one request may bring.
const MAX_FILES: usize = 1_000;
/// Bytes that a part other than a file may have.
const MAX_TEXT_BYTES: usize = 16 << 10;
/// Labels, or tags, that files may be given.
const MAX_WORDS: usize = 64;

/// What becomes of an upload.
#[derive(Debug, Serialize)]
pub struct UploadResponse {
    /// The job that ingests the files.
    pub job: Job,
    /// The documents that they will be.
    pub documents: Vec<UploadedDocument>,
}

/// A document that was uploaded.
#[derive(Debug, Serialize)]
pub struct UploadedDocument {
    /// Its id.
    pub id: DocumentId,
    /// Its uri.
    pub uri: String,
    /// The name that its file was given.
    pub name: String,
}

pub(super) async fn upload(
    State(state): State<ApiState>,
    headers: HeaderMap,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    of_this_site(&headers)?;
    let multipart = multipart.map_err(|rejection| form(rejection.body_text()))?;
    let Sent { collection, files, said } = read(&state, multipart).await?;
    if files.is_empty() {
        return Err(form("there is no part `file` in it".to_owned()).into());
    }
    let collection = collection.unwrap_or_else(|| state.default_collection.to_string());
    let placed = state.ingestion()?.uploads.place(&collection, files, &said).await?;
    let paths = placed.iter().map(|file| file.path.clone()).collect();
    let job = NewJob { collection, kind: JobKind::Paths(paths), origin: Origin::Upload };
    let job = state.ingestion()?.queue.submit(job).await?;
    let documents = placed.into_iter().map(|file| UploadedDocument { id: file.id, uri: file.uri, name: file.name });
    let documents = documents.collect();
    let place = [(header::LOCATION, format!("/jobs/{}", job.id))];
    Ok((StatusCode::ACCEPTED, place, Json(UploadResponse { job, documents })).into_response())
}

/// What a form brings.
#[derive(Default)]
struct Sent {
    collection: Option<String>,
    files: Vec<Incoming>,
    said: SaidOfFiles,
}

/// Reads the form. None of its files is in its place before all have come in.
async fn read(state: &ApiState, mut multipart: Multipart) -> Result<Sent> {
    let mut sent = Sent::default();
    while let Some(mut field) = multipart.next_field().await.map_err(|error| broken(&error))? {
        match field.name() {
            Some("file") if sent.files.len() == MAX_FILES => {
                return Err(form(format!("more than {MAX_FILES} files at once")));
            }
            Some("file") => sent.files.push(receive(state, &mut field).await?),
            Some("collection") => sent.collection = Some(text(&mut field, "collection").await?),
            Some("labels") => words(&mut sent.said.labels, &text(&mut field, "labels").await?, "labels")?,
            Some("tags") => words(&mut sent.said.tags, &text(&mut field, "tags").await?, "tags")?,
            other => return Err(form(format!("there is a part `{}` in it", other.unwrap_or_default()))),
        }
    }
    if let Some(name) = &sent.collection {
        footnote_core::collection::check_name(name)?;
    }
    Ok(sent)
}

/// Adds words that commas part.
fn words(known: &mut Option<Vec<String>>, text: &str, part: &str) -> Result<()> {
    let known = known.get_or_insert_default();
    known.extend(text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()));
    if known.len() > MAX_WORDS || known.iter().any(|word| word.len() > MAX_VALUE_BYTES) {
        return Err(form(format!(
            "its part `{part}` has more than {MAX_WORDS}, or one longer than {MAX_VALUE_BYTES} bytes"
        )));
    }
    Ok(())
}

async fn receive(state: &ApiState, field: &mut Field<'_>) -> Result<Incoming> {
    let mut file = state.ingestion()?.uploads.receive(field.file_name().unwrap_or_default()).await?;
    while let Some(bytes) = field.chunk().await.map_err(|error| broken(&error))? {
        file.write(&bytes).await?;
    }
    Ok(file)
}

async fn text(field: &mut Field<'_>, part: &str) -> Result<String> {
    let mut text = Vec::new();
    while let Some(bytes) = field.chunk().await.map_err(|error| broken(&error))? {
        text.extend_from_slice(&bytes);
        if text.len() > MAX_TEXT_BYTES {
            return Err(form(format!("its part `{part}` is longer than {MAX_TEXT_BYTES} bytes")));
        }
    }
    String::from_utf8(text).map_err(|_| form(format!("its part `{part}` is not UTF-8")))
}

/// A page of another site can send a form to this address without asking the browser's leave first.
fn of_this_site(headers: &HeaderMap) -> Result<()> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if site.is_none_or(|site| matches!(site, "same-origin" | "none")) {
        return Ok(());
    }
    Err(Error::new(Code::BadRequest, "the upload comes from a page of another site")
        .hint("upload from footnote's own pages, or with a program such as curl"))
}

fn form(what: String) -> Error {
    Error::new(Code::BadRequest, format!("not an upload: {what}")).hint(
        "send multipart/form-data with parts `file`, and `collection`, `labels` and `tags` if you like: \
               curl -F file=@report.pdf -F labels=hr,board …",
    )
}

fn broken(error: &MultipartError) -> Error {
    form(error.body_text().to_lowercase())
}
