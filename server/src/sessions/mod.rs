//! Conversations that a client names: what was asked and answered before, so that follow-ups can be understood. They
//! outlive a restart: in a file of the data folder, or in the catalog's database, where every query server finds them.
//!
//! A conversation is never worth an answer: where it cannot be read or written, that is logged, and questions are asked
//! as they stand.

mod postgres;
mod sqlite;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use footnote_core::question::Turn;
use footnote_core::{Code, Error, Result};
use footnote_ingest::Postgres;
use serde::Serialize;

use self::postgres::PostgresSessions;
use self::sqlite::SqliteSessions;
use crate::api::access::Caller;

/// Characters of a question and of an answer that are kept: a follow-up leans on their beginnings.
const MAX_CHARS: usize = 1_000;
/// The longest id.
const MAX_ID: usize = 128;
/// Characters that count as a token: about right for English, and enough for a budget.
const CHARS_PER_TOKEN: usize = 4;

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Tokens of a session; the oldest turns go first.
    pub tokens: usize,
    /// Sessions in all; the one that was not used for longest goes first.
    pub sessions: usize,
    /// How long an unused session is kept.
    pub keep: Duration,
}

/// Where sessions are kept.
#[async_trait]
trait SessionStore: Send + Sync {
    /// The turns of a session, oldest first; `None` where there is none. `asked` notes that it was used now.
    async fn turns(&self, key: &SessionKey, asked: bool) -> Result<Option<Vec<Turn>>>;

    /// Adds a turn, and forgets what is over the limits.
    async fn append(&self, key: &SessionKey, turn: &Turn, limits: SessionLimits) -> Result<()>;

    /// Forgets a session. Gives whether there was one.
    async fn delete(&self, key: &SessionKey) -> Result<bool>;
}

/// The sessions.
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn SessionStore>,
    limits: SessionLimits,
}

/// A session of one caller: the same id of another caller is another session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// Empty without a key, else `key:NAME`: no name can be taken for nobody.
    caller: String,
    id: String,
}

/// A session as it is shown to whom it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionView {
    /// Its name.
    pub session_id: String,
    /// What was asked and answered, oldest first.
    pub turns: Vec<Turn>,
}

impl SessionKey {
    /// The session that `caller` calls `id`.
    ///
    /// # Errors
    /// [`Code::SessionId`] unless it is 1 to 128 printable ASCII characters.
    pub fn new(caller: &Caller, id: &str) -> Result<Self> {
        let printable = id.bytes().all(|c| c == b' ' || c.is_ascii_graphic());
        if !printable || !(1..=MAX_ID).contains(&id.len()) {
            return Err(Error::new(Code::SessionId, "the session_id is not usable")
                .hint(format!("use 1 to {MAX_ID} printable ASCII characters: a fresh UUID per conversation, say")));
        }
        let caller = caller.name.as_ref().map_or_else(String::new, |name| format!("key:{name}"));
        Ok(Self { caller, id: id.to_owned() })
    }

    /// The id as its caller wrote it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Sessions {
    /// Opens the file, or makes it. One that is damaged is put aside under another name: conversations are not worth a
    /// server that does not start.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn open(path: &Path, limits: SessionLimits) -> Result<Self> {
        Ok(Self { store: Arc::new(SqliteSessions::open(path)?), limits })
    }

    /// Opens those in a database, and makes the tables where there are none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn shared(postgres: Postgres, limits: SessionLimits) -> Result<Self> {
        Ok(Self { store: Arc::new(PostgresSessions::open(postgres).await?), limits })
    }

    /// The turns of a session, oldest first; none of an unknown one.
    pub async fn history(&self, key: &SessionKey) -> Vec<Turn> {
        match self.store.turns(key, true).await {
            Ok(turns) => turns.unwrap_or_default(),
            Err(error) => {
                tracing::error!(?error, "a session could not be read; the question is asked as it stands");
                Vec::new()
            }
        }
    }

    /// Adds what was asked and answered.
    pub async fn append(&self, key: &SessionKey, turn: Turn) {
        if let Err(error) = self.store.append(key, &turn, self.limits).await {
            tracing::error!(?error, "a session could not be written; the next question is asked as it stands");
        }
    }

    /// A session as its caller sees it.
    ///
    /// # Errors
    /// [`Code::SessionUnknown`] where there is none; those of the store.
    pub async fn show(&self, key: &SessionKey) -> Result<SessionView> {
        let turns = self.store.turns(key, false).await?.ok_or_else(|| unknown(key))?;
        Ok(SessionView { session_id: key.id.clone(), turns })
    }

    /// Forgets a session.
    ///
    /// # Errors
    /// [`Code::SessionUnknown`] where there is none; those of the store.
    pub async fn delete(&self, key: &SessionKey) -> Result<()> {
        if self.store.delete(key).await? { Ok(()) } else { Err(unknown(key)) }
    }
}

fn unknown(key: &SessionKey) -> Error {
    Error::new(Code::SessionUnknown, format!("there is no session `{}`", key.id))
        .hint("a session begins with the first question that names it, belongs to whoever asked it, and is forgotten when unused")
}

impl SessionLimits {
    /// Characters of a session's turns.
    fn chars(self) -> i64 {
        whole(self.tokens.saturating_mul(CHARS_PER_TOKEN))
    }

    /// When the oldest session that is kept was used.
    fn oldest(self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX))
    }
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn beginning(text: &str) -> &str {
    text.char_indices().nth(MAX_CHARS).map_or(text, |(end, _)| &text[..end])
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
