//! Bytes as they arrive: within the deadline, and never waiting longer than a server may stay silent.

use std::time::{Duration, Instant};

use footnote_core::{Code, Error};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::time::timeout_at;

/// A response's body.
pub(super) struct Line {
    bytes: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    due: Instant,
    stall: Duration,
    place: String,
}

/// What came.
pub(super) enum Arrived {
    Bytes(Vec<u8>),
    /// The body is at its end.
    End,
    /// The deadline passed.
    Late,
}

impl Line {
    pub(super) fn new(response: reqwest::Response, due: Instant, stall: Duration, place: &str) -> Self {
        let bytes = response.bytes_stream().map(|piece| piece.map(|bytes| bytes.to_vec())).boxed();
        Self { bytes, due, stall, place: place.to_owned() }
    }

    /// # Errors
    /// [`Code::EngineFailed`] when the line breaks, or stays silent for too long.
    pub(super) async fn next(&mut self) -> Result<Arrived, Error> {
        let silent_until = Instant::now() + self.stall;
        match timeout_at(self.due.min(silent_until).into(), self.bytes.next()).await {
            Ok(Some(Ok(bytes))) => Ok(Arrived::Bytes(bytes)),
            Ok(Some(Err(error))) => Err(broken(&self.place).caused_by(error)),
            Ok(None) => Ok(Arrived::End),
            Err(_) if Instant::now() >= self.due => Ok(Arrived::Late),
            Err(_) => Err(silent(&self.place, self.stall)),
        }
    }
}

pub(super) fn silent(place: &str, stall: Duration) -> Error {
    Error::new(Code::EngineFailed, format!("{place}: nothing came for {} s", stall.as_secs_f64()))
        .hint("is the server overloaded or hung? generation.stall_seconds says how long it may stay silent")
}

pub(super) fn broken(place: &str) -> Error {
    Error::new(Code::EngineFailed, format!("{place}: the connection broke")).hint("the server's log may say more")
}
