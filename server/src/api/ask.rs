//! `POST /ask`: an answer with footnotes, whole or as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use footnote_core::seam::AnswerStream;
use footnote_core::{AnswerEvent, Result};
use futures::StreamExt;
use serde_json::json;

use super::access::Caller;
use super::body::JsonBody;
use super::inquiry::{Inquiry, Ready, Talk};
use super::problem::{self, Problem};
use super::state::ApiState;
use super::views;

/// How often a comment keeps an idle line alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn ask(
    State(state): State<ApiState>,
    caller: Caller,
    JsonBody(inquiry): JsonBody<Inquiry>,
) -> Result<Response, Problem> {
    let stream = inquiry.stream.unwrap_or_default();
    let Ready { collection, question, talk } = inquiry.ready(&state, &caller).await?;
    if !stream {
        let answer = collection.answerer.answer(question).await?;
        return Ok(Json(talk.ends_with(&state, answer).await).into_response());
    }
    let events = collection.answerer.answer_stream(question).await?;
    let body = Sse::new(server_sent(state, talk, events)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(body.into_response())
}

/// The answer's events as they go over the line. Dropping it (the client left) drops the answer.
fn server_sent(
    state: ApiState,
    talk: Talk,
    events: AnswerStream,
) -> impl futures::Stream<Item = Result<Event, Infallible>> {
    events.then(move |event| {
        let (state, talk) = (state.clone(), talk.clone());
        async move {
            let shown = match event {
                Ok(event) => show(&state, &talk, event).await,
                Err(error) => Err(error),
            };
            Ok(shown.unwrap_or_else(|error| {
                tracing::error!(?error, "answer stream failed");
                named("error", &problem::body(&error))
            }))
        }
    })
}

async fn show(state: &ApiState, talk: &Talk, event: AnswerEvent) -> Result<Event> {
    Ok(match event {
        AnswerEvent::SearchResults { passages } => {
            let passages = views::passages(&*state.catalog, passages).await?;
            match &talk.follow_up {
                Some(question) => named("search_results", &json!({ "passages": passages, "question": question })),
                None => named("search_results", &json!({ "passages": passages })),
            }
        }
        AnswerEvent::Token { text } => named("token", &json!({ "text": text })),
        AnswerEvent::Citation(citation) => named("citation", &json!(citation)),
        AnswerEvent::Sentence(sentence) => named("sentence", &json!(sentence)),
        AnswerEvent::Answer(answer) => named("answer", &json!(talk.ends_with(state, *answer).await)),
    })
}

fn named(name: &str, data: &serde_json::Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
