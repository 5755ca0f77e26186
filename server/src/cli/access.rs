//! `footnote access hash`: a key's SHA-256, for the settings.

use std::io::Read;

use footnote_core::{Code, Error, Result};
use serde_json::json;

use super::args::{Access, AccessAction};
use super::context::Context;
use super::terminal::{self, Outcome};
use crate::api::access::hash_in_hex;

/// Bytes that are read of stdin: more is no key.
const MAX_KEY_BYTES: u64 = 4_096;

pub(super) fn run(context: &Context, args: Access) -> Result<Outcome> {
    let AccessAction::Hash = args.action;
    let mut key = String::new();
    std::io::stdin().take(MAX_KEY_BYTES).read_to_string(&mut key).map_err(|error| {
        Error::new(Code::BadRequest, "no key can be read from stdin")
            .hint("openssl rand -hex 32 | tee key.txt | footnote access hash")
            .caused_by(error)
    })?;
    // As it is sent: headers have no white space around them.
    let hash = hash_in_hex(key.trim())?;
    if context.json {
        terminal::json(&json!({ "key_sha256": hash }))?;
    } else {
        terminal::line(hash);
    }
    Ok(Outcome::Done)
}
