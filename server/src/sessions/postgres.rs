//! Sessions in the catalog's database: whichever query server is asked next finds them.

use async_trait::async_trait;
use footnote_core::question::Turn;
use footnote_core::{Error, Result};
use footnote_ingest::Postgres;

use super::{SessionKey, SessionLimits, SessionStore, beginning, now_ms, whole};

/// Query servers that start at once take turns in making the tables.
const SCHEMA: &str = r#"
    BEGIN;
    SELECT pg_advisory_xact_lock(hashtextextended('footnote:sessions', 0));
    CREATE TABLE IF NOT EXISTS sessions (
        caller TEXT COLLATE "C" NOT NULL,
        id TEXT COLLATE "C" NOT NULL,
        used_ms BIGINT NOT NULL,
        PRIMARY KEY (caller, id)
    );
    CREATE INDEX IF NOT EXISTS sessions_by_use ON sessions (used_ms);
    CREATE TABLE IF NOT EXISTS turns (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        caller TEXT COLLATE "C" NOT NULL,
        id TEXT COLLATE "C" NOT NULL,
        question TEXT NOT NULL,
        answer TEXT,
        FOREIGN KEY (caller, id) REFERENCES sessions ON DELETE CASCADE
    );
    CREATE INDEX IF NOT EXISTS turns_by_session ON turns (caller, id, seq);
    COMMIT;
"#;

/// The tables.
pub(super) struct PostgresSessions {
    postgres: Postgres,
}

impl PostgresSessions {
    pub(super) async fn open(postgres: Postgres) -> Result<Self> {
        postgres.batch(SCHEMA).await?;
        Ok(Self { postgres })
    }
}

#[async_trait]
impl SessionStore for PostgresSessions {
    async fn turns(&self, key: &SessionKey, asked: bool) -> Result<Option<Vec<Turn>>> {
        let (caller, id) = (&key.caller, &key.id);
        if asked {
            let used = "UPDATE sessions SET used_ms = $3 WHERE caller = $1 AND id = $2";
            self.postgres.execute(used, &[caller, id, &now_ms()]).await?;
        }
        // A session without turns is a row of NULLs; one that is not there is no row.
        let question = "SELECT t.question, t.answer FROM sessions s LEFT JOIN turns t USING (caller, id) \
             WHERE s.caller = $1 AND s.id = $2 ORDER BY t.seq";
        let rows = self.postgres.rows(question, &[caller, id]).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut turns = Vec::with_capacity(rows.len());
        for row in &rows {
            let read = |error| Error::internal(format!("sessions: {error}"));
            if let Some(question) = row.try_get(0).map_err(read)? {
                turns.push(Turn { question, answer: row.try_get(1).map_err(read)? });
            }
        }
        Ok(Some(turns))
    }

    /// Not one transaction: what is over the limits is forgotten by the next turn at the latest.
    async fn append(&self, key: &SessionKey, turn: &Turn, limits: SessionLimits) -> Result<()> {
        let (caller, id, now) = (&key.caller, &key.id, now_ms());
        let storable = |text| Postgres::storable(beginning(text));
        let (question, answer) = (storable(&turn.question), turn.answer.as_deref().map(storable));
        let added = "WITH used AS (INSERT INTO sessions (caller, id, used_ms) VALUES ($1, $2, $3) \
                 ON CONFLICT (caller, id) DO UPDATE SET used_ms = excluded.used_ms RETURNING caller, id) \
             INSERT INTO turns (caller, id, question, answer) SELECT caller, id, $4, $5 FROM used";
        self.postgres.execute(added, &[caller, id, &now, &question, &answer]).await?;
        // The newest turns that fit the budget together; the last one in any case.
        let trimmed = "DELETE FROM turns WHERE caller = $1 AND id = $2 AND seq NOT IN ( \
                 SELECT seq FROM ( \
                     SELECT seq, sum(length(question) + coalesce(length(answer), 0)) OVER (ORDER BY seq DESC) AS chars, \
                            row_number() OVER (ORDER BY seq DESC) AS place \
                     FROM turns WHERE caller = $1 AND id = $2 \
                 ) newest WHERE chars <= $3 OR place = 1)";
        self.postgres.execute(trimmed, &[caller, id, &limits.chars()]).await?;
        self.postgres.execute("DELETE FROM sessions WHERE used_ms < $1", &[&limits.oldest(now)]).await?;
        let surplus = "DELETE FROM sessions WHERE (caller, id) IN ( \
                 SELECT caller, id FROM sessions ORDER BY used_ms DESC OFFSET $1)";
        self.postgres.execute(surplus, &[&whole(limits.sessions)]).await.map(drop)
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool> {
        let deleted = "DELETE FROM sessions WHERE caller = $1 AND id = $2";
        Ok(self.postgres.execute(deleted, &[&key.caller, &key.id]).await? > 0)
    }
}
