//! `POST /search`: retrieval alone.

use axum::Json;
use axum::extract::State;
use footnote_core::{Question, Result};
use serde::{Deserialize, Serialize};

use super::body::JsonBody;
use super::problem::Problem;
use super::state::ApiState;
use super::views::{self, PassageView};

/// What a client looks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// The question, or plain words.
    pub question: String,
    /// The collection; the setting's default when left out.
    pub collection: Option<String>,
    /// How many passages to give; the setting's when left out.
    pub top_k: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct SearchResponse {
    /// Best first.
    pub passages: Vec<PassageView>,
    /// Milliseconds per stage.
    pub timings_ms: SearchTimings,
}

/// Milliseconds per stage of a search.
#[derive(Debug, Serialize)]
pub struct SearchTimings {
    /// Embedding the question.
    pub embed: f64,
    /// Both legs, fusion and loading.
    pub search: f64,
}

pub(super) async fn search(
    State(state): State<ApiState>,
    JsonBody(request): JsonBody<SearchRequest>,
) -> Result<Json<SearchResponse>, Problem> {
    let question = Question::new(&request.question)?.with_top_k(request.top_k)?;
    let collection = state.collection(request.collection.as_deref()).await?;
    let found = collection.searcher.search(&question).await?;
    let timings_ms = SearchTimings { embed: found.embed_ms, search: found.search_ms };
    let passages = views::passages(&*state.catalog, found.passages).await?;
    Ok(Json(SearchResponse { passages, timings_ms }))
}
