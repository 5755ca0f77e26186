//! `GET /healthz` and `/readyz`.

use axum::Json;
use axum::extract::State;
use footnote_core::Result;
use serde_json::{Value, json};

use super::access::Caller;
use super::problem::Problem;
use super::state::ApiState;

/// The process is alive.
pub(super) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Models are loaded (the server listens only then) and the catalog answers. Counts what the caller may see.
pub(super) async fn readyz(State(state): State<ApiState>, caller: Caller) -> Result<Json<Value>, Problem> {
    let documents = state.catalog.visible(&state.default_collection, &caller.grants).await?;
    Ok(Json(json!({
        "status": "ready",
        "version": env!("CARGO_PKG_VERSION"),
        "generator": state.generator,
        "collection": &*state.default_collection,
        "documents": documents,
    })))
}
