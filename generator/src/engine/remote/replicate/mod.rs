//! Replicate's predictions (<https://replicate.com/docs/reference/http>), streamed, behind core's `Generator`.
//!
//! A prediction is created, its stream is read, and where the reader leaves it is cancelled: Replicate would go on, and
//! bill, otherwise. Models that don't stream are asked for their output until it is there.

mod prediction;
mod reading;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use footnote_core::seam::{GenerationRequest, GenerationStream, Generator, GeneratorInfo};
use footnote_core::{Code, Error, Result};
use futures::StreamExt;
use reqwest::header::ACCEPT;
use tokio::time::timeout_at;

use self::prediction::Prediction;
use self::reading::{Cancelling, Reading, Source};
use super::endpoint::Key;
use super::failure::{Failure, Kind};
use super::line::{self, Line};
use super::{FIRST_WAIT, RemoteOptions, client, no_endpoints};
use crate::engine::due;

/// The engine.
pub struct Replicate {
    info: GeneratorInfo,
    api: Api,
    retries: usize,
}

/// Replicate's API, for one model.
#[derive(Clone)]
struct Api {
    client: reqwest::Client,
    base: reqwest::Url,
    model: String,
    key: Option<Key>,
    stall: Duration,
}

impl Replicate {
    /// An engine over the first of `options.endpoints`.
    ///
    /// # Errors
    /// [`Code::SettingsInvalid`] where there is none, where its url is no url or its model no model of Replicate's.
    pub fn new(options: RemoteOptions) -> Result<Self> {
        let endpoint = options.endpoints.into_iter().next().ok_or_else(|| no_endpoints("replicate"))?;
        let invalid = |reason: String| Error::new(Code::SettingsInvalid, format!("generation.endpoints: {reason}"));
        let base = reqwest::Url::parse(&endpoint.url)
            .map_err(|error| invalid(format!("`{}` is no url", endpoint.url)).caused_by(error))?;
        if prediction::target(&endpoint.model).is_none() {
            return Err(invalid(format!("`{}` is not a model of Replicate's", endpoint.model))
                .hint("use owner/name, or owner/name:version"));
        }
        let info =
            GeneratorInfo { engine: "replicate".into(), model: endpoint.model.clone(), context: options.context };
        let (model, key, stall) = (endpoint.model, endpoint.key, options.stall);
        Ok(Self {
            info,
            api: Api { client: client(&endpoint.url)?, base, model, key, stall },
            retries: options.retries,
        })
    }
}

impl Api {
    fn place(&self) -> &str {
        self.base.as_str()
    }

    /// A request to Replicate. The key goes to the API's own origin only: a stream lies elsewhere and is secret by its
    /// address.
    fn request(&self, method: reqwest::Method, url: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, url);
        let own = reqwest::Url::parse(url).is_ok_and(|url| url.origin() == self.base.origin());
        match &self.key {
            Some(key) if own => request.bearer_auth(key.reveal()),
            _ => request,
        }
    }

    async fn json(&self, request: reqwest::RequestBuilder, due: Instant) -> Result<Prediction, Failure> {
        let until = due.min(Instant::now() + self.stall);
        let silent = |_| Failure::down(line::silent(self.place(), self.stall));
        let sent = timeout_at(until.into(), request.send()).await.map_err(silent)?;
        let response = sent.map_err(|error| Failure::down(line::broken(self.place()).caused_by(error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = timeout_at(until.into(), response.text()).await.map_err(silent)?.unwrap_or_default();
        if !status.is_success() {
            return Err(Failure::of(status, &headers, &body, self.place(), &self.model));
        }
        serde_json::from_str(&body).map_err(|error| {
            let what = format!("{}: it sent no prediction", self.place());
            Failure::down(
                Error::new(Code::EngineFailed, what).hint("is the url that of Replicate's API?").caused_by(error),
            )
        })
    }

    /// Creates the prediction and opens its stream.
    async fn begin(&self, request: &GenerationRequest, due: Instant) -> Result<Reading, Failure> {
        let asked = Instant::now();
        let path = prediction::target(&self.model).map(|target| target.path).unwrap_or_default();
        let url = format!("{}/{path}", self.base.as_str().trim_end_matches('/'));
        // Where the word that a reader left is lost, Replicate ends the prediction by itself.
        let cancel_after = format!("{}s", due.saturating_duration_since(asked).as_secs().max(5));
        let post = self.request(reqwest::Method::POST, &url).header("Cancel-After", cancel_after);
        let post = post.json(&prediction::create(&self.model, request));
        let created = self.json(post, due).await?;
        let cancelling = Cancelling::new(self.clone(), created.urls.cancel.clone());
        let source = match &created.urls.stream {
            Some(stream) => Source::Stream(self.open(stream, due).await?, Default::default()),
            None => Source::Poll,
        };
        Ok(Reading::new(self.clone(), source, created, (asked, due), cancelling))
    }

    async fn open(&self, stream: &str, due: Instant) -> Result<Line, Failure> {
        let get = self.request(reqwest::Method::GET, stream).header(ACCEPT, "text/event-stream");
        let until = due.min(Instant::now() + self.stall);
        let sent = timeout_at(until.into(), get.send())
            .await
            .map_err(|_| Failure::down(line::silent(self.place(), self.stall)))?;
        let response = sent.map_err(|error| Failure::down(line::broken(self.place()).caused_by(error)))?;
        if !response.status().is_success() {
            return Err(Failure::of(response.status(), response.headers(), "", self.place(), &self.model));
        }
        Ok(Line::new(response, due, self.stall, self.place()))
    }
}

#[async_trait]
impl Generator for Replicate {
    fn info(&self) -> &GeneratorInfo {
        &self.info
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream> {
        let due = due(request.deadline);
        let mut wait = FIRST_WAIT;
        let mut round = 0;
        loop {
            let failure = match self.api.begin(&request, due).await {
                Ok(reading) => return Ok(reading.into_stream().boxed()),
                Err(failure) => failure,
            };
            tracing::warn!(kind = ?failure.kind, error = %failure.error, "a prediction could not be created");
            if let Kind::Busy(Some(asked_for)) = failure.kind {
                wait = wait.max(asked_for);
            }
            let may_pass = matches!(failure.kind, Kind::Down | Kind::Busy(_));
            if !may_pass || round == self.retries || Instant::now() + wait >= due {
                return Err(failure.error);
            }
            tokio::time::sleep(wait).await;
            (round, wait) = (round + 1, wait * 2);
        }
    }
}

#[cfg(test)]
mod tests;
