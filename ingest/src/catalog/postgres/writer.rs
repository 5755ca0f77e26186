//! The one who writes: a connection that holds the lock, so that what it commits was written while it was held.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use footnote_core::{Code, Error, Result};

use super::connect::{Failure, Postgres};
use super::schema;
use super::write::Change;

/// How often a change is made again after the connection was lost; the wait doubles each time. 51 seconds in all: a
/// server that is restarted is back by then.
const RETRIES: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// How often a lock that is held is looked at again before it counts as somebody's: a server notices in its own time that a
/// process was killed, and the next one is often started at once.
const GHOST_LOOKS: u32 = 5;

/// Who writes.
pub(super) struct Writer {
    postgres: Postgres,
    holder: String,
    /// `None` after it was lost.
    connection: Option<ClientWrapper>,
    /// Which turn of writing is this one's.
    turn: i64,
}

impl Writer {
    /// Takes the lock, and brings the tables up to date. `holder` is what others are told of whoever has it.
    ///
    /// # Errors
    /// [`Code::DataFolderInUse`] while somebody else holds it; those of the schema and the connection.
    pub(super) async fn begin(postgres: Postgres, holder: &str) -> Result<Self> {
        let holder = format!("process {} ({holder})", std::process::id());
        let mut writer = Self { postgres, holder, connection: None, turn: 0 };
        let mut taken = writer.lock_first().await;
        for _ in 0..GHOST_LOOKS {
            if !matches!(&taken, Err(failure) if writer.is_ghost(failure)) {
                break;
            }
            tokio::time::sleep(FIRST_WAIT).await;
            taken = writer.lock_first().await;
        }
        match taken {
            Ok(()) => Ok(writer),
            Err(failure) => Err(writer.postgres.error(failure)),
        }
    }

    async fn lock_first(&mut self) -> Result<(), Failure> {
        let mut connection = self.lock().await?;
        schema::migrate(&self.postgres, &mut connection).await?;
        let taken = "UPDATE writer SET turn = turn + 1, \
             holder = $1 || ' on ' || coalesce(host(inet_client_addr()), 'its own machine') RETURNING turn";
        self.turn = connection.query_one(taken, &[&self.holder]).await?.get(0);
        self.connection = Some(connection);
        Ok(())
    }

    /// A connection that holds the lock.
    async fn lock(&self) -> Result<ClientWrapper, Failure> {
        let connection = self.postgres.connection().await?;
        // A machine that vanished must not keep the lock for hours.
        connection
            .batch_execute(
                "SET statement_timeout = 0; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3",
            )
            .await?;
        let name = format!("footnote:{}", self.postgres.schema());
        let locked = connection.query_one("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", &[&name]).await?;
        if locked.get(0) {
            return Ok(connection);
        }
        let holder = connection.query_opt("SELECT holder FROM writer", &[]).await.ok().flatten();
        let holder = holder.map_or_else(|| "another footnote".to_owned(), |row| row.get(0));
        let hint = "one footnote ingests into a catalog, any number answer from it: footnote serve --query-only";
        let error = self.postgres.told(Code::DataFolderInUse, &format!("{holder} is writing to this catalog"), hint);
        Err(error.into())
    }

    /// The lock again, after the connection was lost.
    async fn lock_again(&mut self) -> Result<(), Failure> {
        let connection = self.lock().await?;
        let turn: i64 = connection.query_one("SELECT turn FROM writer", &[]).await?.get(0);
        if turn != self.turn {
            let what = "another footnote wrote to this catalog while the connection was lost";
            let hint = "start this one again: it finds what the other has done";
            return Err(Failure::Footnote(self.postgres.told(Code::StoresDisagree, what, hint)));
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// Makes a change, again where the connection is lost meanwhile.
    pub(super) async fn write(&mut self, change: &Change<'_>) -> Result<()> {
        let mut wait = FIRST_WAIT;
        for _ in 0..RETRIES {
            match self.try_to(change).await {
                Err(failure) if failure.is_lost() || self.is_ghost(&failure) => {
                    let error = self.postgres.error(failure);
                    tracing::warn!(%error, "the catalog's connection was lost; it is made again");
                    self.connection = None;
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                outcome => return outcome.map_err(|failure| self.postgres.error(failure)),
            }
        }
        self.try_to(change).await.map_err(|failure| self.postgres.error(failure))
    }

    /// The server may hold the lock for a connection that is gone.
    fn is_ghost(&self, failure: &Failure) -> bool {
        let in_use = |error: &Error| error.code() == Code::DataFolderInUse;
        self.connection.is_none() && matches!(failure, Failure::Footnote(error) if in_use(error))
    }

    async fn try_to(&mut self, change: &Change<'_>) -> Result<(), Failure> {
        if self.connection.as_ref().is_none_or(|connection| connection.is_closed()) {
            self.connection = None;
            self.lock_again().await?;
        }
        let Some(connection) = &mut self.connection else {
            return Err(Failure::Footnote(Error::internal("a writer without a connection")));
        };
        let transaction = connection.transaction().await?;
        change.make(&transaction).await?;
        Ok(transaction.commit().await?)
    }
}
