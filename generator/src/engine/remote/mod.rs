//! Engines elsewhere, over HTTP.
//!
//! * [`openai`]: servers that speak OpenAI's chat API: vLLM, Ollama, llama.cpp's server, Together AI, ….
//! * [`replicate`]: Replicate's predictions.
//! * `endpoint`: where a server is, and how it is doing. `sse`: server-sent events. `failure`: what went wrong, and
//!   whether another server could do better. `line`: bytes as they arrive, within a deadline.

pub mod openai;
pub mod replicate;

mod endpoint;
mod failure;
mod line;
mod sse;

use std::time::Duration;

use footnote_core::{Code, Error, Result};

pub use self::endpoint::{EndpointOptions, GrammarField, Key};

/// What an engine elsewhere needs to know.
#[derive(Debug, Clone)]
pub struct RemoteOptions {
    /// The servers; the least busy healthy one is asked, the first of equally busy ones.
    pub endpoints: Vec<EndpointOptions>,
    /// The most tokens that prompt and answer may have together, as far as anybody here knows.
    pub context: usize,
    /// The longest that a server may stay silent.
    pub stall: Duration,
    /// How often all servers are tried again before a question is given up.
    pub retries: usize,
}

/// The longest that opening a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The first wait between two rounds; each is twice as long as the one before.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// A client for a server at `url`. This machine is asked past any proxy: a proxy's own loopback is another machine's.
fn client(url: &str) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .user_agent(concat!("footnote/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none());
    let builder = if is_loopback(url) { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| Error::new(Code::Network, "no HTTP client can be made").caused_by(error))
}

fn is_loopback(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

fn no_endpoints(engine: &str) -> Error {
    Error::new(
        Code::SettingsInvalid,
        format!("generation.engine is \"{engine}\", and generation.endpoints names no server"),
    )
    .hint("add [[generation.endpoints]] with url and model; config/default.toml has examples")
}

#[cfg(test)]
mod stub;
