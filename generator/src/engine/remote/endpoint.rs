//! Where a server is, and how it is doing.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use footnote_core::Result;

use super::client;

/// The first rest after a failure; each failure in a row doubles it.
const REST: Duration = Duration::from_secs(1);
/// The longest rest.
const MAX_REST: Duration = Duration::from_secs(60);

/// An API key. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key; `None` where it is empty.
    #[must_use]
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        (!key.is_empty()).then(|| Self(key.to_owned()))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How a server takes a grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GrammarField {
    /// It takes none.
    #[default]
    None,
    /// `grammar`, as llama.cpp's server does.
    LlamaCpp,
    /// `structured_outputs.grammar`, as vLLM does.
    Vllm,
}

/// A server.
#[derive(Debug, Clone)]
pub struct EndpointOptions {
    /// The API's base: `http://127.0.0.1:8000/v1`.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// Sent as a bearer token.
    pub key: Option<Key>,
    /// How it takes a grammar.
    pub grammar: GrammarField,
}

/// A server and its health.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) options: EndpointOptions,
    pub(super) client: reqwest::Client,
    running: Arc<AtomicUsize>,
    health: Mutex<Health>,
}

#[derive(Debug, Default)]
struct Health {
    failures: u32,
    rests_until: Option<Instant>,
}

/// A request at a server; counts until it is dropped.
pub(super) struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Endpoint {
    pub(super) fn new(options: EndpointOptions) -> Result<Self> {
        let client = client(&options.url)?;
        let url = options.url.trim_end_matches('/').to_owned();
        let (running, health) = (Arc::default(), Mutex::default());
        Ok(Self { options: EndpointOptions { url, ..options }, client, running, health })
    }

    /// `base/path`.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.options.url)
    }

    pub(super) fn begin(&self) -> Running {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(&self.running))
    }

    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Whether it failed a moment ago. When the rest is over it may be tried again.
    pub(super) fn rests(&self, now: Instant) -> bool {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).rests_until.is_some_and(|until| now < until)
    }

    pub(super) fn worked(&self) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = Health::default();
    }

    /// Lets it rest: as long as it asked for, or longer from failure to failure.
    pub(super) fn failed(&self, now: Instant, asked_for: Option<Duration>) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = REST.saturating_mul(1 << health.failures.min(10));
        health.failures = health.failures.saturating_add(1);
        health.rests_until = Some(now + asked_for.unwrap_or(rest).min(MAX_REST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        let key = Key::new("s3cret");
        Endpoint::new(EndpointOptions {
            url: "http://x/v1/".into(),
            model: "m".into(),
            key,
            grammar: GrammarField::None,
        })
        .unwrap()
    }

    #[test]
    fn a_failing_server_rests_longer_each_time_and_recovers_at_once() {
        let (endpoint, now) = (endpoint(), Instant::now());
        assert!(!endpoint.rests(now));
        endpoint.failed(now, None);
        assert!(endpoint.rests(now) && !endpoint.rests(now + Duration::from_millis(1_100)));
        endpoint.failed(now, None);
        assert!(endpoint.rests(now + Duration::from_millis(1_100)));
        endpoint.failed(now, Some(Duration::from_secs(3_600)));
        assert!(!endpoint.rests(now + MAX_REST));
        endpoint.worked();
        assert!(!endpoint.rests(now));
    }

    #[test]
    fn a_request_counts_until_it_is_dropped() {
        let endpoint = endpoint();
        let running = endpoint.begin();
        assert_eq!(endpoint.running(), 1);
        drop(running);
        assert_eq!(endpoint.running(), 0);
    }

    #[test]
    fn a_key_is_never_printed() {
        assert!(!format!("{:?}", endpoint()).contains("s3cret"));
        assert_eq!(Key::new(" \n"), None);
        assert_eq!(endpoint().at("chat/completions"), "http://x/v1/chat/completions");
    }
}
