//! A prediction on its way: its stream, or the question for its output again and again.

use std::time::{Duration, Instant};

use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent};
use footnote_core::{Code, Error, Result};
use futures::Stream;
use serde::Deserialize;

use super::Api;
use super::prediction::{Prediction, Status};
use crate::engine::remote::failure::said;
use crate::engine::remote::line::{Arrived, Line, broken};
use crate::engine::remote::sse::{Event, Parser};

/// Between two questions for the output of a model that does not stream.
const POLL: Duration = Duration::from_millis(500);

pub(super) enum Source {
    Stream(Line, Parser),
    Poll,
}

/// Dropping it before the end cancels the prediction.
pub(super) struct Reading {
    api: Api,
    source: Source,
    prediction: Prediction,
    ready: std::collections::VecDeque<String>,
    /// Code points of the output that were given out, where it is polled.
    given: usize,
    finish: Option<FinishReason>,
    pieces: usize,
    asked: Instant,
    due: Instant,
    first: Option<Instant>,
    cancelling: Cancelling,
}

/// Cancels the prediction when it is dropped armed.
pub(super) struct Cancelling {
    api: Api,
    url: Option<String>,
}

impl Cancelling {
    pub(super) fn new(api: Api, url: Option<String>) -> Self {
        Self { api, url }
    }
}

impl Drop for Cancelling {
    fn drop(&mut self) {
        let (Some(url), Ok(runtime)) = (self.url.take(), tokio::runtime::Handle::try_current()) else { return };
        let api = self.api.clone();
        runtime.spawn(async move {
            let cancelled = api.request(reqwest::Method::POST, &url).timeout(api.stall).send().await;
            if let Err(error) = cancelled {
                tracing::warn!(%error, "a prediction that nobody reads could not be cancelled");
            }
        });
    }
}

#[derive(Deserialize)]
struct DoneEvent {
    reason: Option<String>,
}

impl Reading {
    pub(super) fn new(
        api: Api,
        source: Source,
        prediction: Prediction,
        (asked, due): (Instant, Instant),
        cancelling: Cancelling,
    ) -> Self {
        let (ready, first) = (std::collections::VecDeque::new(), None);
        Self { api, source, prediction, ready, given: 0, finish: None, pieces: 0, asked, due, first, cancelling }
    }

    pub(super) fn into_stream(self) -> impl Stream<Item = Result<GenerationEvent>> + Send {
        futures::stream::unfold(Some(self), |reading| async move {
            let mut reading = reading?;
            let event = reading.next().await;
            let goes_on = matches!(event, Ok(GenerationEvent::Token(_)));
            Some((event, goes_on.then_some(reading)))
        })
    }

    async fn next(&mut self) -> Result<GenerationEvent> {
        loop {
            if let Some(text) = self.ready.pop_front() {
                return Ok(GenerationEvent::Token(text));
            }
            if let Some(finish) = self.finish {
                return Ok(GenerationEvent::Done(self.done(finish)));
            }
            match &mut self.source {
                Source::Stream(..) => self.read().await?,
                Source::Poll => self.poll().await?,
            }
        }
    }

    async fn read(&mut self) -> Result<()> {
        let Source::Stream(line, parser) = &mut self.source else { return Ok(()) };
        let events = match line.next().await? {
            Arrived::Late => {
                self.finish = Some(FinishReason::Deadline);
                return Ok(());
            }
            Arrived::End => return Err(broken(self.api.place()).context("in the middle of an answer")),
            Arrived::Bytes(bytes) => parser.push(&bytes),
        };
        let events = events.map_err(|_| failed(&self.api, "it sent an event without an end"))?;
        for event in events {
            self.event(event).await?;
        }
        Ok(())
    }

    async fn event(&mut self, event: Event) -> Result<()> {
        match event.name.as_str() {
            "output" if self.finish.is_none() => self.give(event.data),
            "error" => return Err(failed(&self.api, &said(&event.data))),
            "done" => {
                // Over: there is nothing left to cancel.
                self.cancelling.url = None;
                let done: DoneEvent = serde_json::from_str(&event.data).unwrap_or(DoneEvent { reason: None });
                match done.reason.as_deref() {
                    Some("error") => return Err(failed(&self.api, "the prediction failed")),
                    Some("canceled") => return Err(failed(&self.api, "the prediction was cancelled")),
                    _ => self.finish = Some(FinishReason::Stop),
                }
                self.count().await;
            }
            _ => {}
        }
        Ok(())
    }

    /// The stream does not count tokens; the prediction does, once it is over. Not worth an error.
    async fn count(&mut self) {
        let Some(get) = self.prediction.urls.get.clone() else { return };
        let request = self.api.request(reqwest::Method::GET, &get);
        if let Ok(prediction) = self.api.json(request, self.due).await {
            self.prediction = prediction;
        }
    }

    async fn poll(&mut self) -> Result<()> {
        match self.prediction.status {
            Status::Succeeded => {
                self.cancelling.url = None;
                self.finish = Some(FinishReason::Stop);
            }
            Status::Failed | Status::Canceled => {
                self.cancelling.url = None;
                return Err(failed(&self.api, &format!("the prediction failed: {}", self.prediction.reason())));
            }
            Status::Starting | Status::Processing | Status::Other => {
                if Instant::now() + POLL >= self.due {
                    self.finish = Some(FinishReason::Deadline);
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
                let Some(get) = self.prediction.urls.get.clone() else {
                    return Err(failed(&self.api, "it did not say where the prediction is"));
                };
                let request = self.api.request(reqwest::Method::GET, &get);
                let urls = std::mem::take(&mut self.prediction.urls);
                self.prediction = self.api.json(request, self.due).await.map_err(|failure| failure.error)?;
                self.prediction.urls = urls;
            }
        }
        let text = self.prediction.text();
        let new: String = text.chars().skip(self.given).collect();
        self.given += new.chars().count();
        self.give(new);
        Ok(())
    }

    fn give(&mut self, text: String) {
        if !text.is_empty() {
            self.first.get_or_insert_with(Instant::now);
            self.pieces += 1;
            self.ready.push_back(text);
        }
    }

    fn done(&self, finish: FinishReason) -> GenerationDone {
        let now = Instant::now();
        let first = self.first.unwrap_or(now);
        let metrics = self.prediction.metrics();
        GenerationDone {
            finish,
            prompt_tokens: metrics.input_token_count.unwrap_or(0),
            completion_tokens: metrics.output_token_count.unwrap_or(self.pieces),
            prefill: first - self.asked,
            decode: if self.first.is_some() { now - first } else { Duration::ZERO },
        }
    }
}

fn failed(api: &Api, reason: &str) -> Error {
    Error::new(Code::EngineFailed, format!("{}: {reason}", api.place()))
        .hint("the prediction's page at Replicate has its log")
}
