//! The servers: asked with patience, one after the other.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use footnote_core::{Code, Error, Result};
use qdrant_client::config::QdrantConfig;
use qdrant_client::{Qdrant, QdrantError};

use super::QdrantOptions;
use super::complaint::Complaint;

/// The wait before the first repetition; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The oldest server that will do: since this version collections carry facts of their own (`metadata`), where the
/// average length of documents is kept.
const NEEDED: (u32, u32) = (1, 16);
/// Connections to each server.
const CONNECTIONS: usize = 3;

/// Connections to the servers. They are made when first needed, and made again when they broke.
pub(super) struct Connection {
    nodes: Vec<Node>,
    /// The node that answered last.
    current: AtomicUsize,
    retries: u32,
    timeout: Duration,
}

struct Node {
    url: String,
    client: Qdrant,
}

impl Connection {
    /// # Errors
    /// [`Code::SettingsInvalid`] where an address or the key cannot be one.
    pub(super) fn new(options: &QdrantOptions) -> Result<Self> {
        let nodes = options.urls.iter().map(|url| Node::new(url, options)).collect::<Result<Vec<_>>>()?;
        if nodes.is_empty() {
            return Err(Error::new(Code::SettingsInvalid, "qdrant.url names no server"));
        }
        Ok(Self { nodes, current: AtomicUsize::new(0), retries: options.retries, timeout: options.timeout })
    }

    /// The first server's address, for messages.
    pub(super) fn url(&self) -> &str {
        &self.nodes[0].url
    }

    /// Makes a request that may be made twice, until it is answered or the attempts are used up.
    ///
    /// # Errors
    /// [`Code::StoreUnavailable`], [`Code::StoreRefused`], [`Code::StoreVersion`], [`Code::Network`].
    pub(super) async fn ask<T, F>(&self, doing: &str, request: impl Fn(Qdrant) -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, QdrantError>>,
    {
        self.attempt(doing, request).await.map_err(|complaint| complaint.error)
    }

    /// As [`Self::ask`], but all attempts together may take no longer than one: somebody is waiting.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(super) async fn ask_soon<T, F>(&self, doing: &str, request: impl Fn(Qdrant) -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, QdrantError>>,
    {
        tokio::time::timeout(self.timeout, self.ask(doing, request)).await.unwrap_or_else(|_| {
            let message = format!("{}: cannot {doing}: no answer within {} s", self.url(), self.timeout.as_secs());
            Err(Error::new(Code::StoreUnavailable, message)
                .hint("see whether the Qdrant server is up and not overloaded"))
        })
    }

    /// As [`Self::ask`], but with the whole complaint.
    pub(super) async fn attempt<T, F>(
        &self,
        doing: &str,
        request: impl Fn(Qdrant) -> F,
    ) -> std::result::Result<T, Complaint>
    where
        F: Future<Output = std::result::Result<T, QdrantError>>,
    {
        let mut wait = FIRST_WAIT;
        let mut attempts = 0;
        loop {
            let at = self.current.load(Ordering::Relaxed);
            let node = &self.nodes[at % self.nodes.len()];
            let complaint = match request(node.client.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => Complaint::of(&node.url, doing, error),
            };
            attempts += 1;
            let rounds = attempts / self.nodes.len();
            if !complaint.passing || rounds > self.retries as usize {
                return Err(complaint);
            }
            tracing::debug!(error = %complaint.error, "asking again");
            // Unless another request has moved on already.
            let _ = self.current.compare_exchange(at, at.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
            if attempts % self.nodes.len() == 0 {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }

    /// Checks that the server is new enough.
    ///
    /// # Errors
    /// [`Code::StoreVersion`] with the version that was found; [`Code::StoreUnavailable`].
    pub(super) async fn check_version(&self) -> Result<()> {
        let reply = self.ask_soon("greet it", |client| async move { client.health_check().await }).await?;
        match version(&reply.version) {
            Some(found) if found >= NEEDED => Ok(()),
            _ => Err(Error::new(
                Code::StoreVersion,
                format!("{}: the Qdrant server is version {}; footnote needs 1.16 or later", self.url(), reply.version),
            )
            .hint("update the Qdrant server: https://qdrant.tech/documentation/guides/installation")),
        }
    }
}

impl Node {
    fn new(url: &str, options: &QdrantOptions) -> Result<Self> {
        let mut config = QdrantConfig::from_url(url).timeout(options.timeout).connect_timeout(options.timeout);
        config.api_key.clone_from(&options.api_key);
        config.set_pool_size(CONNECTIONS);
        // The client's own check prints to stdout.
        let client = config.skip_compatibility_check().build().map_err(|error| {
            Error::new(Code::SettingsInvalid, format!("qdrant.url: `{url}` is no address: {error}"))
                .hint("for example: http://127.0.0.1:6334")
        })?;
        Ok(Self { url: url.to_owned(), client })
    }
}

/// `1.17.1-dev` is (1, 17).
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("1.17.1-dev"), Some((1, 17)));
        assert!(version("1.9.0") < Some(NEEDED) && version("1.16.0") >= Some(NEEDED));
        assert!(version("2.0") >= Some(NEEDED));
        assert_eq!(version("main"), None);
    }
}
