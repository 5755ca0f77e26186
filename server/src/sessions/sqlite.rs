//! Sessions in a file of their own.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use footnote_core::question::Turn;
use footnote_core::{Code, Error, Result};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SessionKey, SessionLimits, SessionStore, beginning, now_ms, whole};

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

/// The file.
pub(super) struct SqliteSessions {
    connection: Arc<Mutex<Connection>>,
}

impl SqliteSessions {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let connection = connect(path).or_else(|error| {
            let aside = path.with_extension(format!("damaged-{}", now_ms()));
            tracing::error!(path = %path.display(), aside = %aside.display(), %error, "sessions are damaged and put aside");
            fs_err::rename(path, &aside).map_err(|error| Error::io(path, error))?;
            connect(path).map_err(|error| Error::new(Code::Io, format!("{}: {error}", path.display())))
        })?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Works on the file off the async runtime.
    async fn with<T: Send + 'static>(
        &self,
        key: &SessionKey,
        work: impl FnOnce(&mut Connection, &SessionKey) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (connection, key) = (Arc::clone(&self.connection), key.clone());
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut connection, &key)
        });
        let done = done.await.map_err(|error| Error::internal(format!("sessions: {error}")))?;
        done.map_err(|error| Error::new(Code::Io, format!("sessions: {error}")).caused_by(error))
    }
}

#[async_trait]
impl SessionStore for SqliteSessions {
    async fn turns(&self, key: &SessionKey, asked: bool) -> Result<Option<Vec<Turn>>> {
        self.with(key, move |connection, key| {
            if asked {
                let used = "UPDATE sessions SET used_ms = ?3 WHERE caller = ?1 AND id = ?2";
                connection.execute(used, params![key.caller, key.id, now_ms()])?;
            }
            Ok(exists(connection, key)?.then_some(turns(connection, key)?))
        })
        .await
    }

    async fn append(&self, key: &SessionKey, turn: &Turn, limits: SessionLimits) -> Result<()> {
        let turn = turn.clone();
        self.with(key, move |connection, key| append(connection, key, &turn, limits)).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool> {
        let deleted = self.with(key, |connection, key| {
            connection.execute("DELETE FROM sessions WHERE caller = ?1 AND id = ?2", params![key.caller, key.id])
        });
        deleted.await.map(|deleted| deleted > 0)
    }
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
        params![key.caller, key.id, limits.chars()],
    )?;
    transaction.execute("DELETE FROM sessions WHERE used_ms < ?1", params![limits.oldest(now)])?;
    transaction.execute(
        "DELETE FROM sessions WHERE (caller, id) IN (
            SELECT caller, id FROM sessions ORDER BY used_ms DESC LIMIT -1 OFFSET ?1)",
        params![whole(limits.sessions)],
    )?;
    transaction.commit()
}
