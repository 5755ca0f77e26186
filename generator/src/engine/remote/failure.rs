//! What went wrong at a server, and whether another one could do better.

use std::time::Duration;

use footnote_core::{Code, Error};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

/// The longest excerpt of a server's own words.
const EXCERPT: usize = 300;

/// A failure before the first word.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) kind: Kind,
}

/// Whose turn it is after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Another server, or this one later.
    Down,
    /// The same; it has too much to do, and said for how long where it knows.
    Busy(Option<Duration>),
    /// Another server: this one would say the same again.
    Refused,
    /// Nobody: the request itself is wrong.
    Request,
}

impl Failure {
    pub(super) fn down(error: Error) -> Self {
        Self { error, kind: Kind::Down }
    }

    /// Of a response that is no success. `place` names the server, `model` the model.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap, body: &str, place: &str, model: &str) -> Self {
        let said = said(body);
        let error = |code, what: &str| Error::new(code, format!("{place}: {what} ({status}): {said}"));
        let (kind, error) = match status.as_u16() {
            429 | 503 => {
                let wait = retry_after(headers);
                let busy = error(Code::Overloaded, "it is too busy");
                let busy = busy.hint("try again in a moment, or name a second endpoint");
                (Kind::Busy(wait), busy.retry_after(wait))
            }
            401 | 403 => (
                Kind::Refused,
                error(Code::EngineFailed, "it refuses the API key").hint("set api_key or api_key_env of this endpoint"),
            ),
            404 => (
                Kind::Refused,
                error(Code::EngineFailed, &format!("it does not know the model `{model}`, or has no such API"))
                    .hint("the url ends where /chat/completions begins (usually in /v1); the model is named as the server names it"),
            ),
            400 | 413 | 422 => (
                Kind::Request,
                error(Code::BadRequest, "it refuses the request")
                    .hint("is the prompt longer than its context? generation.context says how long it may be"),
            ),
            _ => (Kind::Down, error(Code::EngineFailed, "it failed").hint("its own log may say more")),
        };
        Self { error, kind }
    }
}

/// The reason in a server's own words, on one line.
pub(super) fn said(body: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(body).ok();
    let message = parsed.as_ref().and_then(|value| {
        let error = value.get("error").unwrap_or(value);
        let text = error.get("message").or_else(|| error.get("detail")).or_else(|| error.get("title")).unwrap_or(error);
        text.as_str()
    });
    let line = message.unwrap_or(body).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "without a reason".to_owned() } else { line.chars().take(EXCERPT).collect() }
}

/// Seconds only: dates need both clocks to agree.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        let headers = HeaderMap::from_iter([(RETRY_AFTER, "7".parse().unwrap())]);
        Failure::of(status, &headers, r#"{"error":{"message":"no\nway"}}"#, "http://x/v1", "m")
    }

    #[test]
    fn a_status_tells_whether_another_server_could_do_better() {
        for (status, kind) in [
            (500, Kind::Down),
            (502, Kind::Down),
            (408, Kind::Down),
            (429, Kind::Busy(Some(Duration::from_secs(7)))),
            (503, Kind::Busy(Some(Duration::from_secs(7)))),
            (401, Kind::Refused),
            (404, Kind::Refused),
            (400, Kind::Request),
        ] {
            let failure = of(status);
            assert_eq!(failure.kind, kind, "{status}");
            assert!(failure.error.message().contains("http://x/v1") && failure.error.message().contains("no way"));
            assert!(failure.error.hint_text().is_some());
        }
    }

    #[test]
    fn a_reason_is_found_in_every_dialect() {
        for (body, expected) in [
            (r#"{"detail":"not found"}"#, "not found"),
            (r#"{"error":"bad"}"#, "bad"),
            ("<html>\n502</html>", "<html> 502</html>"),
            ("", "without a reason"),
        ] {
            assert_eq!(said(body), expected);
        }
    }
}
