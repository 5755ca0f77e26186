//! The HTTP API over core's seams: nothing here knows an engine or an index.
//!
//! * [`state`]: what the handlers need.
//! * [`ask`], [`search`], [`documents`], [`upload`], [`ingest`], [`jobs`], [`health`]: the endpoints.
//! * [`access`]: who calls, and what they may see. [`inquiry`]: what `/ask` and `/search` take; [`sessions`]: the
//!   conversations that they belong to, shown and deleted.
//! * [`views`]: what is shown of a passage or a document, in code points.
//! * [`problem`]: errors as RFC 9457 problem JSON.
//! * [`assets`]: the pages.

pub mod access;
pub mod ask;
pub mod assets;
pub mod body;
pub mod documents;
pub mod health;
pub mod ingest;
pub mod inquiry;
pub mod jobs;
pub mod problem;
pub mod search;
pub mod sessions;
pub mod state;
pub mod upload;
pub mod views;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post};
use footnote_core::{Code, Error};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

pub use access::Access;
use problem::Problem;
pub use state::{ApiState, CollectionHandle, Collections, Condenser, Ingestion, Remover};

/// The pages load nothing from elsewhere, and nobody else's page may frame them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// The endpoints by path. Every one that shows or counts documents takes a [`access::Caller`]; `tests/access.rs` holds
/// a row for each.
fn endpoints(state: &ApiState) -> Vec<(&'static str, MethodRouter<ApiState>)> {
    let owners_only = from_fn_with_state(state.clone(), access::owners_only);
    // Uploads have a limit of their own, for each file.
    let upload = post(upload::upload).layer(DefaultBodyLimit::disable()).route_layer(owners_only.clone());
    let delete_document = delete(documents::delete).route_layer(owners_only.clone());
    vec![
        ("/ask", post(ask::ask)),
        ("/search", post(search::search)),
        ("/documents", get(documents::list).merge(upload)),
        ("/documents/{id}", get(documents::show).merge(delete_document)),
        ("/documents/{id}/text", get(documents::text)),
        ("/documents/{id}/content", get(documents::content)),
        ("/ingest", post(ingest::ingest).route_layer(owners_only.clone())),
        ("/jobs", get(jobs::list).route_layer(owners_only.clone())),
        ("/jobs/{id}", get(jobs::show).delete(jobs::cancel).route_layer(owners_only.clone())),
        ("/jobs/{id}/events", get(jobs::events).route_layer(owners_only)),
        ("/sessions/{id}", get(sessions::show).delete(sessions::delete)),
        ("/healthz", get(health::healthz)),
        ("/readyz", get(health::readyz)),
    ]
}

/// The whole API.
pub fn app(state: ApiState) -> Router {
    let router =
        endpoints(&state).into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    router
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
             /jobs (GET; DELETE /jobs/{id}), /sessions/{id} (GET, DELETE), GET /healthz and GET /readyz",
    ))
}

async fn unknown_method(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    Problem(
        Error::new(Code::MethodNotAllowed, format!("{} does not take {method}", uri.path())).hint(
            "POST /ask, /search, /ingest and /documents; DELETE /documents/{id}, /jobs/{id} and /sessions/{id}; GET everything else",
        ),
    )
}

#[cfg(test)]
mod tests;
