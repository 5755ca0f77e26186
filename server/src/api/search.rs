//! `POST /search`: retrieval alone.

use axum::Json;
use axum::extract::State;
use footnote_core::answer::FollowUp;
use footnote_core::explain::Explanation;
use footnote_core::passage::Retrieved;
use footnote_core::seam::Catalog;
use footnote_core::{Code, Error, Result};
use serde::Serialize;

use super::access::Caller;
use super::body::JsonBody;
use super::inquiry::Inquiry;
use super::problem::Problem;
use super::state::ApiState;
use super::views::{self, PassageView};

/// What was found.
#[derive(Debug, Serialize)]
pub struct SearchResponse {
    /// Best first.
    pub passages: Vec<PassageView>,
    /// What was searched for, where the question came with a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<FollowUp>,
    /// Which leg did not answer, and why, where the other answered alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// How the ranking came about, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
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
    /// Reranking.
    pub rerank: f64,
}

impl SearchResponse {
    /// What is shown of `found`.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub async fn of(catalog: &dyn Catalog, found: Retrieved, question: Option<FollowUp>) -> Result<Self> {
        let timings_ms = SearchTimings { embed: found.embed_ms, search: found.search_ms, rerank: found.rerank_ms };
        let passages = views::passages(catalog, found.passages).await?;
        Ok(Self { passages, question, degraded: found.degraded, explanation: found.explanation, timings_ms })
    }
}

pub(super) async fn search(
    State(state): State<ApiState>,
    caller: Caller,
    JsonBody(inquiry): JsonBody<Inquiry>,
) -> Result<Json<SearchResponse>, Problem> {
    if inquiry.stream.is_some() {
        return Err(Error::new(Code::BadRequest, "unknown field `stream`").hint("only POST /ask streams").into());
    }
    let ready = inquiry.ready(&state, &caller).await?;
    let found = ready.collection.searcher.search(&ready.question).await?;
    Ok(Json(SearchResponse::of(&*state.catalog, found, ready.talk.follow_up).await?))
}
