//! Servers that speak OpenAI's chat API (`POST /chat/completions`, streamed), behind core's `Generator`.
//!
//! Until the first word, another server can take over: the next one is asked, and all of them again after a wait, as long
//! as the deadline allows. After it, what was written stands and the stream ends with an error.

mod body;
mod reading;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use footnote_core::seam::{GenerationRequest, GenerationStream, Generator, GeneratorInfo};
use footnote_core::{Code, Error, Result};
use futures::StreamExt;
use reqwest::header::ACCEPT;
use tokio::time::timeout_at;

use self::reading::Reading;
use super::endpoint::Endpoint;
use super::failure::{Failure, Kind};
use super::line::{self, Line};
use super::{FIRST_WAIT, RemoteOptions, no_endpoints};
use crate::engine::due;

/// The engine.
pub struct OpenAi {
    info: GeneratorInfo,
    endpoints: Vec<Endpoint>,
    stall: Duration,
    retries: usize,
}

impl OpenAi {
    /// An engine over `options.endpoints`. Nothing is asked of them yet: a server may come up later.
    ///
    /// # Errors
    /// [`Code::SettingsInvalid`] where there are none.
    pub fn new(options: RemoteOptions) -> Result<Self> {
        let first = options.endpoints.first().ok_or_else(|| no_endpoints("openai"))?;
        let info = GeneratorInfo { engine: "openai".into(), model: first.model.clone(), context: options.context };
        let endpoints = options.endpoints.into_iter().map(Endpoint::new).collect::<Result<_>>()?;
        Ok(Self { info, endpoints, stall: options.stall, retries: options.retries })
    }

    /// The servers to ask in this round: in the first one those that don't rest, the least busy first.
    fn order(&self, first_round: bool) -> Vec<&Endpoint> {
        let now = Instant::now();
        let mut order: Vec<&Endpoint> =
            self.endpoints.iter().filter(|endpoint| !first_round || !endpoint.rests(now)).collect();
        order.sort_by_key(|endpoint| endpoint.running());
        order
    }

    /// Asks one server, and waits for its first word.
    async fn ask(&self, endpoint: &Endpoint, request: &GenerationRequest, due: Instant) -> Result<Reading, Failure> {
        let place = &endpoint.options.url;
        let running = endpoint.begin();
        let asked = Instant::now();
        let mut post = endpoint.client.post(endpoint.at("chat/completions")).header(ACCEPT, "text/event-stream");
        if let Some(key) = &endpoint.options.key {
            post = post.bearer_auth(key.reveal());
        }
        let post = post.json(&body::request(&endpoint.options, request));
        let until = due.min(asked + self.stall);
        let response = timeout_at(until.into(), post.send())
            .await
            .map_err(|_| Failure::down(line::silent(place, self.stall)))?
            .map_err(|error| Failure::down(unreachable(place, error)))?;
        let status = response.status();
        if !status.is_success() {
            let headers = response.headers().clone();
            let said = timeout_at(until.into(), response.text()).await.ok().and_then(Result::ok).unwrap_or_default();
            return Err(Failure::of(status, &headers, &said, place, &endpoint.options.model));
        }
        let line = Line::new(response, due, self.stall, place);
        let mut reading = Reading::new(line, place, (asked, request.max_tokens), running);
        reading.first().await.map_err(Failure::down)?;
        Ok(reading)
    }
}

#[async_trait]
impl Generator for OpenAi {
    fn info(&self) -> &GeneratorInfo {
        &self.info
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream> {
        let due = due(request.deadline);
        let mut last: Option<Failure> = None;
        let mut wait = FIRST_WAIT;
        for round in 0..=self.retries {
            for endpoint in self.order(round == 0) {
                let failure = match self.ask(endpoint, &request, due).await {
                    Ok(reading) => {
                        endpoint.worked();
                        return Ok(reading.into_stream().boxed());
                    }
                    Err(failure) => failure,
                };
                tracing::warn!(endpoint = endpoint.options.url, kind = ?failure.kind, error = %failure.error, "endpoint failed");
                match failure.kind {
                    Kind::Request => return Err(failure.error),
                    Kind::Busy(asked_for) => endpoint.failed(Instant::now(), asked_for),
                    Kind::Down | Kind::Refused => endpoint.failed(Instant::now(), None),
                }
                last = Some(failure);
            }
            let may_pass = last.as_ref().is_some_and(|failure| failure.kind != Kind::Refused);
            if !may_pass || Instant::now() + wait >= due {
                break;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        Err(last.map_or_else(all_rest, |failure| failure.error))
    }
}

fn unreachable(place: &str, error: reqwest::Error) -> Error {
    Error::new(Code::EngineFailed, format!("{place}: it cannot be reached"))
        .hint("is the server running, and the url of the endpoint right?")
        .caused_by(error)
}

fn all_rest() -> Error {
    Error::new(Code::EngineFailed, "all endpoints failed a moment ago and are not asked again yet")
        .hint("the log says what happened to each")
}

#[cfg(test)]
mod tests;
