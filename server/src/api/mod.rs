//! The HTTP API over core's seams: nothing here knows an engine or an index.
//!
//! * [`state`]: what the handlers need.
//! * [`ask`], [`search`], [`documents`], [`upload`], [`ingest`], [`jobs`], [`health`]: the endpoints.
//! * [`views`]: what is shown of a passage or a document, in code points.
//! * [`problem`]: errors as RFC 9457 problem JSON.
//! * [`assets`]: the pages.

pub mod ask;
pub mod assets;
pub mod body;
pub mod documents;
pub mod health;
pub mod ingest;
pub mod jobs;
pub mod problem;
pub mod search;
pub mod state;
pub mod upload;
pub mod views;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::routing::{get, post};
use footnote_core::{Code, Error};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use problem::Problem;
pub use state::{ApiState, CollectionHandle, Collections, Ingestion, Remover};

/// The pages load nothing from elsewhere, and nobody else's page may frame them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// The whole API.
pub fn app(state: ApiState) -> Router {
    Router::new()
        .route("/ask", post(ask::ask))
        .route("/search", post(search::search))
        // Uploads have a limit of their own, for each file.
        .route("/documents", get(documents::list).post(upload::upload).layer(DefaultBodyLimit::disable()))
        .route("/documents/{id}", get(documents::show).delete(documents::delete))
        .route("/documents/{id}/text", get(documents::text))
        .route("/documents/{id}/content", get(documents::content))
        .route("/ingest", post(ingest::ingest))
        .route("/jobs", get(jobs::list))
        .route("/jobs/{id}", get(jobs::show).delete(jobs::cancel))
        .route("/jobs/{id}/events", get(jobs::events))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(assets::routes())
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::max(state.max_body_bytes))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(CONTENT_SECURITY_POLICY),
        ))
        .layer(SetResponseHeaderLayer::overriding(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .layer(SetResponseHeaderLayer::overriding(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        .layer(CatchPanicLayer::custom(|_| {
            axum::response::IntoResponse::into_response(Problem(Error::internal("the request's handler panicked")))
        }))
        .with_state(state)
}

async fn unknown_route(uri: axum::http::Uri) -> Problem {
    Problem(Error::new(Code::RouteUnknown, format!("there is nothing at {}", uri.path())).hint(
        "the endpoints are POST /ask, POST /search, /documents (GET, POST; DELETE /documents/{id}), POST /ingest, \
             /jobs (GET; DELETE /jobs/{id}), GET /healthz and GET /readyz",
    ))
}

async fn unknown_method(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    Problem(
        Error::new(Code::MethodNotAllowed, format!("{} does not take {method}", uri.path())).hint(
            "POST /ask, /search, /ingest and /documents; DELETE /documents/{id} and /jobs/{id}; GET everything else",
        ),
    )
}

#[cfg(test)]
mod tests;
