//! What is said on the pipes: JSON, a line a message.

use std::time::Duration;

use footnote_core::seam::{GenerationDone, GenerationRequest, GeneratorInfo, Grammar, Message};
use footnote_core::{Code, Error};
use serde::{Deserialize, Serialize};

use crate::engine::{EngineChoice, EngineOptions};

/// To the process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ask {
    /// First, and once.
    Load { choice: EngineChoice, options: EngineOptions },
    /// Answer this.
    Generate { id: u64, request: Request },
    /// The reader of this left.
    Cancel { id: u64 },
}

/// A [`GenerationRequest`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    messages: Vec<Message>,
    max_tokens: usize,
    deadline: Duration,
    temperature: f32,
    grammar: Option<Grammar>,
}

/// From the process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    Loaded {
        info: GeneratorInfo,
    },
    NotLoaded {
        failure: Failure,
    },
    Token {
        id: u64,
        text: String,
    },
    Done {
        id: u64,
        done: GenerationDone,
    },
    Failed {
        id: u64,
        failure: Failure,
    },
    /// It was cancelled, and its slot is free.
    Gone {
        id: u64,
    },
}

/// An [`Error`], without what was underneath.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    code: String,
    message: String,
    hint: Option<String>,
}

impl From<GenerationRequest> for Request {
    fn from(request: GenerationRequest) -> Self {
        let GenerationRequest { messages, max_tokens, deadline, temperature, grammar, asker: _ } = request;
        Self { messages, max_tokens, deadline, temperature, grammar }
    }
}

impl From<Request> for GenerationRequest {
    fn from(request: Request) -> Self {
        let Request { messages, max_tokens, deadline, temperature, grammar } = request;
        Self { messages, max_tokens, deadline, temperature, grammar, asker: None }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let mut message = error.message().to_owned();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            message.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        let hint = error.hint_text().map(str::to_owned);
        Self { code: error.code().as_str().to_owned(), message, hint }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let code = Code::ALL.iter().copied().find(|code| code.as_str() == failure.code).unwrap_or(Code::EngineFailed);
        let error = Self::new(code, failure.message);
        match failure.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_code_its_hint_and_its_cause() {
        let error = Error::new(Code::ModelDamaged, "cut").hint("pull").caused_by(std::io::Error::other("short"));
        let back: Error = Failure::from(&error).into();
        assert_eq!((back.code(), back.message(), back.hint_text()), (Code::ModelDamaged, "cut: short", Some("pull")));
    }
}
