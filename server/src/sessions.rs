//! Conversations that a client names: what was asked and answered before, so that follow-ups can be understood. Kept in
//! SQLite, so that they outlive a restart.
//!
//! A conversation is never worth an answer: where the file cannot be read or written, that is logged, and questions are
//! asked as they stand.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use footnote_core::question::Turn;
use footnote_core::{Code, Error, Result};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use crate::api::access::Caller;

/// Characters of a question and of an answer that are kept: a follow-up leans on their beginnings.
const MAX_CHARS: usize = 1_000;
/// The longest id.
const MAX_ID: usize = 128;
/// Characters that count as a token: about right for English, and enough for a budget.
const CHARS_PER_TOKEN: usize = 4;
/// Marks the file as footnote's (`PRAGMA application_id`): "fnse".
const APPLICATION_ID: i32 = 0x666e_7365;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS sessions (
        caller TEXT NOT NULL,
        id TEXT NOT NULL,
        used_ms INTEGER NOT NULL,
        PRIMARY KEY (caller, id)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS sessions_by_use ON sessions (used_ms);
    CREATE TABLE IF NOT EXISTS turns (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        caller TEXT NOT NULL,
        id TEXT NOT NULL,
        question TEXT NOT NULL,
        answer TEXT,
        FOREIGN KEY (caller, id) REFERENCES sessions ON DELETE CASCADE
    );
    CREATE INDEX IF NOT EXISTS turns_by_session ON turns (caller, id, seq);
";

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

/// The sessions.
#[derive(Debug, Clone)]
pub struct Sessions {
    connection: Arc<Mutex<Connection>>,
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
        let connection = connect(path).or_else(|error| {
            let aside = path.with_extension(format!("damaged-{}", now_ms()));
            tracing::error!(path = %path.display(), aside = %aside.display(), %error, "sessions are damaged and put aside");
            fs_err::rename(path, &aside).map_err(|error| Error::io(path, error))?;
            connect(path).map_err(|error| Error::new(Code::Io, format!("{}: {error}", path.display())))
        })?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), limits })
    }

    /// The turns of a session, oldest first; none of an unknown one.
    pub async fn history(&self, key: &SessionKey) -> Vec<Turn> {
        self.with(key, |connection, key, _| {
            let now = now_ms();
            connection.execute(
                "UPDATE sessions SET used_ms = ?3 WHERE caller = ?1 AND id = ?2",
                params![key.caller, key.id, now],
            )?;
            turns(connection, key)
        })
        .await
        .unwrap_or_default()
    }

    /// Adds what was asked and answered.
    pub async fn append(&self, key: &SessionKey, turn: Turn) {
        self.with(key, move |connection, key, limits| append(connection, key, &turn, limits)).await;
    }

    /// A session as its caller sees it.
    ///
    /// # Errors
    /// [`Code::SessionUnknown`] where there is none.
    pub async fn show(&self, key: &SessionKey) -> Result<SessionView> {
        let found =
            self.with(key, |connection, key, _| Ok(exists(connection, key)?.then_some(turns(connection, key)?)));
        match found.await.flatten() {
            Some(turns) => Ok(SessionView { session_id: key.id.clone(), turns }),
            None => Err(unknown(key)),
        }
    }

    /// Forgets a session.
    ///
    /// # Errors
    /// [`Code::SessionUnknown`] where there is none.
    pub async fn delete(&self, key: &SessionKey) -> Result<()> {
        let deleted = self.with(key, |connection, key, _| {
            connection.execute("DELETE FROM sessions WHERE caller = ?1 AND id = ?2", params![key.caller, key.id])
        });
        match deleted.await {
            Some(1) => Ok(()),
            _ => Err(unknown(key)),
        }
    }

    /// Works on the file off the async runtime; `None` where it failed, which is logged.
    async fn with<T: Send + 'static>(
        &self,
        key: &SessionKey,
        work: impl FnOnce(&mut Connection, &SessionKey, SessionLimits) -> rusqlite::Result<T> + Send + 'static,
    ) -> Option<T> {
        let (connection, key, limits) = (Arc::clone(&self.connection), key.clone(), self.limits);
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut connection, &key, limits)
        });
        match done.await {
            Ok(Ok(done)) => Some(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "a session could not be read or written; the question is asked as it stands");
                None
            }
            Err(error) => {
                tracing::error!(%error, "working on a session panicked");
                None
            }
        }
    }
}

fn unknown(key: &SessionKey) -> Error {
    Error::new(Code::SessionUnknown, format!("there is no session `{}`", key.id))
        .hint("a session begins with the first question that names it, belongs to whoever asked it, and is forgotten when unused")
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Normal: a power cut may cost the last turns, and no answer waits for the disk.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Deleted means gone from the file too.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.execute_batch(SCHEMA)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(connection)
}

fn exists(connection: &Connection, key: &SessionKey) -> rusqlite::Result<bool> {
    let found = connection.query_row(
        "SELECT 1 FROM sessions WHERE caller = ?1 AND id = ?2",
        params![key.caller, key.id],
        |_| Ok(()),
    );
    Ok(found.optional()?.is_some())
}

fn turns(connection: &Connection, key: &SessionKey) -> rusqlite::Result<Vec<Turn>> {
    let mut select =
        connection.prepare_cached("SELECT question, answer FROM turns WHERE caller = ?1 AND id = ?2 ORDER BY seq")?;
    let rows =
        select.query_map(params![key.caller, key.id], |row| Ok(Turn { question: row.get(0)?, answer: row.get(1)? }))?;
    rows.collect()
}

fn append(connection: &mut Connection, key: &SessionKey, turn: &Turn, limits: SessionLimits) -> rusqlite::Result<()> {
    let now = now_ms();
    let transaction = connection.transaction()?;
    transaction.execute(
        "INSERT INTO sessions (caller, id, used_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT (caller, id) DO UPDATE SET used_ms = excluded.used_ms",
        params![key.caller, key.id, now],
    )?;
    transaction.execute(
        "INSERT INTO turns (caller, id, question, answer) VALUES (?1, ?2, ?3, ?4)",
        params![key.caller, key.id, beginning(&turn.question), turn.answer.as_deref().map(beginning)],
    )?;
    // The newest turns that fit the budget together; the last one in any case.
    transaction.execute(
        "DELETE FROM turns WHERE caller = ?1 AND id = ?2 AND seq NOT IN (
            SELECT seq FROM (
                SELECT seq, sum(length(question) + coalesce(length(answer), 0)) OVER (ORDER BY seq DESC) AS chars,
                       row_number() OVER (ORDER BY seq DESC) AS place
                FROM turns WHERE caller = ?1 AND id = ?2
            ) WHERE chars <= ?3 OR place = 1)",
        params![key.caller, key.id, whole(limits.tokens.saturating_mul(CHARS_PER_TOKEN))],
    )?;
    let oldest = now.saturating_sub(i64::try_from(limits.keep.as_millis()).unwrap_or(i64::MAX));
    transaction.execute("DELETE FROM sessions WHERE used_ms < ?1", params![oldest])?;
    transaction.execute(
        "DELETE FROM sessions WHERE (caller, id) IN (
            SELECT caller, id FROM sessions ORDER BY used_ms DESC LIMIT -1 OFFSET ?1)",
        params![whole(limits.sessions)],
    )?;
    transaction.commit()
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
