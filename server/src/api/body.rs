//! Request bodies and ids, with footnote's own errors in place of the framework's.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use footnote_core::{Code, DocumentId, Error};
use footnote_ingest::queue::JobId;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A JSON body; whatever is wrong with it becomes a [`Problem`].
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem(describe(&rejection))),
        }
    }
}

fn describe(rejection: &JsonRejection) -> Error {
    if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Error::new(Code::BodyTooLarge, "the request's body is too large")
            .hint("the limit is the setting server.max_body_bytes");
    }
    Error::new(Code::BadRequest, rejection.body_text())
        .hint(r#"send application/json such as {"question": "What is a token?"}"#)
}

/// A document's id in the path.
pub struct DocumentPath(pub DocumentId);

impl<S: Send + Sync> FromRequestParts<S> for DocumentPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let raw = Path::<String>::from_request_parts(parts, state).await.map(|Path(raw)| raw).unwrap_or_default();
        raw.parse().map(Self).map_err(|_| {
            Problem(
                Error::new(Code::DocumentUnknown, format!("`{raw}` is not a document's id"))
                    .hint("GET /documents lists the ids"),
            )
        })
    }
}

/// A job's id in the path.
pub struct JobPath(pub JobId);

impl<S: Send + Sync> FromRequestParts<S> for JobPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let raw = Path::<String>::from_request_parts(parts, state).await.map(|Path(raw)| raw).unwrap_or_default();
        raw.parse().map(Self).map_err(|_| {
            Problem(Error::new(Code::JobUnknown, format!("`{raw}` is not a job's id")).hint("GET /jobs lists the ids"))
        })
    }
}
