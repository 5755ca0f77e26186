//! What a Qdrant server says no with, told apart by who can mend it.

use footnote_core::{Code, Error};
use qdrant_client::QdrantError;

/// gRPC status codes (<https://grpc.io/docs/guides/status-codes>).
mod status {
    pub(super) const CANCELLED: i32 = 1;
    pub(super) const UNKNOWN: i32 = 2;
    pub(super) const DEADLINE_EXCEEDED: i32 = 4;
    pub(super) const NOT_FOUND: i32 = 5;
    pub(super) const PERMISSION_DENIED: i32 = 7;
    pub(super) const RESOURCE_EXHAUSTED: i32 = 8;
    pub(super) const UNIMPLEMENTED: i32 = 12;
    pub(super) const INTERNAL: i32 = 13;
    pub(super) const UNAVAILABLE: i32 = 14;
    pub(super) const UNAUTHENTICATED: i32 = 16;
}

/// A complaint of the server at `url` about `doing`.
pub(super) struct Complaint {
    /// It may pass by itself, or another node may not have it.
    pub(super) passing: bool,
    /// What was asked for is not there.
    pub(super) missing: bool,
    /// It, in words.
    pub(super) error: Error,
}

impl Complaint {
    pub(super) fn of(url: &str, doing: &str, error: QdrantError) -> Self {
        let (code, said) = match &error {
            QdrantError::ResponseError { status } | QdrantError::ResourceExhaustedError { status, .. } => {
                (status.code() as i32, status.message().to_owned())
            }
            other => (status::UNKNOWN, other.to_string()),
        };
        let full = is_disk_full(&said);
        let away = !full
            && (matches!(
                code,
                status::CANCELLED
                    | status::UNKNOWN
                    | status::DEADLINE_EXCEEDED
                    | status::RESOURCE_EXHAUSTED
                    | status::UNAVAILABLE
            ) || code == status::INTERNAL && is_transport(&said));
        let message = |what: &str| format!("{url}: cannot {doing}: {what}");
        let told = match code {
            status::UNAUTHENTICATED | status::PERMISSION_DENIED => {
                Error::new(Code::StoreRefused, message("the Qdrant server refuses the API key"))
                    .hint("set qdrant.api_key, or FOOTNOTE_QDRANT__API_KEY, to a key of that server that may write")
            }
            status::UNIMPLEMENTED => {
                Error::new(Code::StoreVersion, message("the Qdrant server does not know this request"))
                    .hint("update the Qdrant server")
            }
            _ if away => Error::new(Code::StoreUnavailable, message(&in_short(&said)))
                .hint("start the Qdrant server, or mend qdrant.url; footnote tries again by itself"),
            _ if full => Error::new(Code::DiskFull, message("the Qdrant server's disk is full"))
                .hint("free some space there, and run the same command again"),
            _ => Error::new(Code::Network, message(&in_short(&said))).hint("the Qdrant server's log may tell more"),
        };
        // A node that lost its peers for a moment says so as an internal error; one that has not heard yet of a
        // collection that another has made does not know it.
        let lags = code == status::NOT_FOUND && is_no_collection(&said);
        let passing = away || lags || code == status::INTERNAL && !full;
        Self { passing, missing: code == status::NOT_FOUND, error: told.caused_by(Said(said)) }
    }
}

/// Whether what was asked for is not there, or not yet.
pub(super) fn is_missing(error: &QdrantError) -> bool {
    matches!(error, QdrantError::ResponseError { status } if status.code() as i32 == status::NOT_FOUND)
}

/// The server's own words.
#[derive(Debug)]
struct Said(String);

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Said {}

/// Whether an internal error is of the way there, not of the server: the client says it so.
fn is_transport(said: &str) -> bool {
    ["Failed to connect", "transport error", "h2 protocol error"].iter().any(|words| said.contains(words))
}

/// Whether it is a collection that is not there, not a point of one.
fn is_no_collection(said: &str) -> bool {
    said.contains("Collection") && said.contains("doesn't exist")
}

fn is_disk_full(said: &str) -> bool {
    said.contains("No space left on device") || said.contains("disk space")
}

/// The message in a line that a person can read: connection errors come as nested structures.
fn in_short(said: &str) -> String {
    let known = [
        ("Connection refused", "connection refused"),
        ("dns error", "no such host"),
        ("UnknownIssuer", "its TLS certificate is signed by nobody that this machine trusts"),
        ("InvalidCertificate", "its TLS certificate is not valid"),
        ("CorruptMessage", "it does not speak TLS"),
        ("Timeout expired", "no answer in time"),
        ("deadline has elapsed", "no answer in time"),
    ];
    if let Some((_, words)) = known.iter().find(|(sign, _)| said.contains(sign)) {
        return (*words).to_owned();
    }
    if is_transport(said) {
        return "no connection".to_owned();
    }
    let line = said.lines().next().unwrap_or_default();
    line.chars().take(300).collect()
}
