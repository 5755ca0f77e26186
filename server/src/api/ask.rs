//! `POST /ask`: an answer with footnotes, whole or as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use footnote_core::seam::AnswerStream;
use footnote_core::{AnswerEvent, Question, Result};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::json;

use super::body::JsonBody;
use super::problem::{self, Problem};
use super::state::ApiState;
use super::views;

/// How often a comment keeps an idle line alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What a client asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskRequest {
    /// The question.
    pub question: String,
    /// The collection; the setting's default when left out.
    pub collection: Option<String>,
    /// How many passages to look at; the setting's when left out.
    pub top_k: Option<usize>,
    /// Whether to answer as server-sent events.
    #[serde(default)]
    pub stream: bool,
}

pub(super) async fn ask(
    State(state): State<ApiState>,
    JsonBody(request): JsonBody<AskRequest>,
) -> Result<Response, Problem> {
    let question = Question::new(&request.question)?.with_top_k(request.top_k)?;
    let collection = state.collection(request.collection.as_deref()).await?;
    if !request.stream {
        let answer = collection.answerer.answer(question).await?;
        return Ok(Json(answer).into_response());
    }
    let events = collection.answerer.answer_stream(question).await?;
    let body = Sse::new(server_sent(state, events)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(body.into_response())
}

/// The answer's events as they go over the line. Dropping it (the client left) drops the answer.
fn server_sent(state: ApiState, events: AnswerStream) -> impl futures::Stream<Item = Result<Event, Infallible>> {
    events.then(move |event| {
        let state = state.clone();
        async move {
            let shown = match event {
                Ok(event) => show(&state, event).await,
                Err(error) => Err(error),
            };
            Ok(shown.unwrap_or_else(|error| {
                tracing::error!(?error, "answer stream failed");
                named("error", &problem::body(&error))
            }))
        }
    })
}

async fn show(state: &ApiState, event: AnswerEvent) -> Result<Event> {
    Ok(match event {
        AnswerEvent::SearchResults { passages } => {
            let passages = views::passages(&*state.catalog, passages).await?;
            named("search_results", &json!({ "passages": passages }))
        }
        AnswerEvent::Token { text } => named("token", &json!({ "text": text })),
        AnswerEvent::Citation(citation) => named("citation", &json!(citation)),
        AnswerEvent::Answer(answer) => named("answer", &json!(answer)),
    })
}

fn named(name: &str, data: &serde_json::Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
