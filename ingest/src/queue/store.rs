//! The jobs in SQLite: what outlives the process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use footnote_core::{Code, Error};
use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Result, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::job::{Job, JobError, JobFilter, JobId, JobKind, JobState, NewJob, Origin};

/// Marks the file as footnote's queue (`PRAGMA application_id`): "fnjq".
const APPLICATION_ID: i32 = 0x666e_6a71;

/// Each entry leads from the version of its index to the next; the file's version is `PRAGMA user_version`.
/// Entries that were released never change.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id BLOB NOT NULL UNIQUE,
        collection TEXT NOT NULL,
        kind TEXT NOT NULL,
        origin TEXT NOT NULL,
        state TEXT NOT NULL,
        cancelling INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        created_ms INTEGER NOT NULL,
        started_ms INTEGER,
        finished_ms INTEGER,
        progress TEXT NOT NULL DEFAULT '{}',
        report TEXT,
        error TEXT,
        -- Whether it found nothing to do: of such looks through a folder only the last is kept.
        idle INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX jobs_by_state ON jobs (state, seq);
"];

/// The columns that [`job`] reads, in its order.
const JOB: &str = "id, collection, kind, origin, state, cancelling, attempts, created_ms, started_ms, finished_ms, \
     progress, report, error";

/// A job that was begun so often without an end has ended the process each time.
const MAX_STARTS: u32 = 20;

/// How long a writer of another process is waited for.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file, makes it where there is none, and puts back what was running when the last process ended.
pub(super) fn open(path: &Path, now_ms: i64) -> footnote_core::Result<Connection> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
    }
    let mut connection = connect(path).map_err(|error| told(path, error))?;
    let foreign = |what: String| Error::new(Code::DataFolderFormat, format!("{}: {what}", path.display()));
    let version = version(&connection).map_err(|error| told(path, error))?;
    let Some(version) = version else {
        return Err(foreign("a database, but not footnote's".to_owned()).hint("choose another data folder with --data"));
    };
    if version > MIGRATIONS.len() {
        return Err(foreign(format!("written by a later footnote (format {version})")).hint("update footnote"));
    }
    migrate(&mut connection, version)
        .and_then(|()| put_back(&connection, now_ms))
        .map_err(|error| told(path, error))?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Full, not normal: a client that was told of a job finds it after a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// The version of the tables; `None` for a database of something else's.
fn version(connection: &Connection) -> Result<Option<usize>> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if tables > 0 && pragma("application_id")? != i64::from(APPLICATION_ID) {
        return Ok(None);
    }
    Ok(Some(usize::try_from(pragma("user_version")?).unwrap_or(usize::MAX)))
}

fn migrate(connection: &mut Connection, version: usize) -> Result<()> {
    for (index, step) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}

/// Ingestion is idempotent: to run the same paths again is to go on where the last process ended.
fn put_back(connection: &Connection, now_ms: i64) -> Result<()> {
    let poison = JobError {
        code: Code::EngineFailed.as_str().to_owned(),
        message: format!("the process ended {MAX_STARTS} times while this job ran"),
        hint: Some("a file may bring it down: ingest the files one by one to find which".to_owned()),
    };
    connection.execute(
        "UPDATE jobs SET state = 'failed', finished_ms = ?1, error = ?2 WHERE state = 'running' AND attempts >= ?3",
        params![now_ms, to_json(&poison)?, MAX_STARTS],
    )?;
    connection.execute(
        "UPDATE jobs SET state = 'cancelled', finished_ms = ?1 WHERE state = 'running' AND cancelling",
        [now_ms],
    )?;
    connection
        .execute("UPDATE jobs SET state = 'queued', started_ms = NULL, progress = '{}' WHERE state = 'running'", [])?;
    Ok(())
}

/// Adds a job to the end of the queue.
pub(super) fn insert(connection: &Connection, id: JobId, new: &NewJob, now_ms: i64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO jobs (id, collection, kind, origin, state, created_ms) VALUES (?1, ?2, ?3, ?4, 'queued', ?5)",
        )?
        .execute(params![id.0.as_bytes(), new.collection, to_json(&new.kind)?, new.origin.as_str(), now_ms])
        .map(drop)
}

/// The queued jobs of a collection, the last first.
pub(super) fn queued(connection: &Connection, collection: &str) -> Result<Vec<Job>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {JOB} FROM jobs WHERE state = 'queued' AND collection = ?1 ORDER BY seq DESC"
    ))?;
    query.query_map([collection], job)?.collect()
}

/// Gives a queued job other paths.
pub(super) fn set_paths(connection: &Connection, id: JobId, paths: Vec<PathBuf>) -> Result<()> {
    connection
        .prepare_cached("UPDATE jobs SET kind = ?2 WHERE id = ?1")?
        .execute(params![id.0.as_bytes(), to_json(&JobKind::Paths(paths))?])
        .map(drop)
}

/// One job.
pub(super) fn get(connection: &Connection, id: JobId) -> Result<Option<Job>> {
    let mut query = connection.prepare_cached(&format!("SELECT {JOB} FROM jobs WHERE id = ?1"))?;
    query.query_row([id.0.as_bytes()], job).optional()
}

/// Jobs, the newest first.
pub(super) fn list(connection: &Connection, filter: JobFilter) -> Result<Vec<Job>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {JOB} FROM jobs WHERE (?1 IS NULL OR state = ?1) ORDER BY seq DESC LIMIT ?2"
    ))?;
    let limit = filter.limit.map_or(-1, i64::from);
    query.query_map(params![filter.state.map(JobState::as_str), limit], job)?.collect()
}

/// Takes the job that is first in the queue and marks it as running.
pub(super) fn claim(connection: &Connection, now_ms: i64) -> Result<Option<Job>> {
    let mut query = connection.prepare_cached(&format!(
        "UPDATE jobs SET state = 'running', started_ms = ?1, attempts = attempts + 1, progress = '{{}}' \
         WHERE seq = (SELECT min(seq) FROM jobs WHERE state = 'queued') RETURNING {JOB}"
    ))?;
    query.query_row([now_ms], job).optional()
}

/// Notes that an attempt failed and that there will be another.
pub(super) fn again(connection: &Connection, id: JobId, error: &JobError) -> Result<()> {
    connection
        .prepare_cached("UPDATE jobs SET attempts = attempts + 1, error = ?2 WHERE id = ?1")?
        .execute(params![id.0.as_bytes(), to_json(error)?])
        .map(drop)
}

/// Puts a running job back to the place that it had in the queue; one that was cancelled meanwhile ends.
pub(super) fn requeue(connection: &Connection, id: JobId, now_ms: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE jobs SET state = iif(cancelling, 'cancelled', 'queued'), finished_ms = iif(cancelling, ?2, NULL), \
             started_ms = NULL, attempts = attempts - 1, progress = '{}' WHERE id = ?1",
        )?
        .execute(params![id.0.as_bytes(), now_ms])
        .map(drop)
}

/// Cancels a job that has not begun; notes of one that runs that it is to stop.
pub(super) fn cancel(connection: &Connection, id: JobId, now_ms: i64) -> Result<()> {
    connection
        .prepare_cached("UPDATE jobs SET state = 'cancelled', finished_ms = ?2 WHERE id = ?1 AND state = 'queued'")?
        .execute(params![id.0.as_bytes(), now_ms])?;
    connection
        .prepare_cached("UPDATE jobs SET cancelling = 1 WHERE id = ?1 AND state = 'running'")?
        .execute([id.0.as_bytes()])
        .map(drop)
}

/// Writes how a job ended, and drops the oldest ended ones over `keep`.
pub(super) fn finish(connection: &mut Connection, job: &Job, idle: bool, keep: u32) -> Result<()> {
    let transaction = connection.transaction()?;
    let id = job.id.0.as_bytes();
    let report = job.report.as_ref().map(to_json).transpose()?;
    let error = job.error.as_ref().map(to_json).transpose()?;
    transaction.execute(
        "UPDATE jobs SET state = ?2, cancelling = 0, finished_ms = ?3, progress = ?4, report = ?5, error = ?6, \
         idle = ?7 WHERE id = ?1",
        params![id, job.state.as_str(), job.finished_ms, to_json(&job.progress)?, report, error, idle],
    )?;
    if idle {
        transaction.execute(
            "DELETE FROM jobs WHERE idle AND collection = ?2 AND kind = ?3 AND id <> ?1",
            params![id, job.collection, to_json(&job.kind)?],
        )?;
    }
    transaction.execute(
        "DELETE FROM jobs WHERE finished_ms IS NOT NULL AND seq <= \
         (SELECT seq FROM jobs WHERE finished_ms IS NOT NULL ORDER BY seq DESC LIMIT 1 OFFSET ?1)",
        [keep],
    )?;
    transaction.commit()
}

fn job(row: &Row<'_>) -> Result<Job> {
    let word = |column: usize| row.get::<_, String>(column);
    let id: [u8; 16] = row.get(0)?;
    let (origin, state) = (word(3)?, word(4)?);
    Ok(Job {
        id: JobId(Uuid::from_bytes(id)),
        collection: row.get(1)?,
        kind: from_json(2, &word(2)?)?,
        origin: Origin::parse(&origin).ok_or_else(|| invalid(3, format!("origin `{origin}`")))?,
        state: JobState::parse(&state).ok_or_else(|| invalid(4, format!("state `{state}`")))?,
        cancelling: row.get(5)?,
        attempts: row.get(6)?,
        created_ms: row.get(7)?,
        started_ms: row.get(8)?,
        finished_ms: row.get(9)?,
        progress: from_json(10, &word(10)?)?,
        report: row.get::<_, Option<String>>(11)?.map(|text| from_json(11, &text)).transpose()?,
        error: row.get::<_, Option<String>>(12)?.map(|text| from_json(12, &text)).transpose()?,
    })
}

fn from_json<T: DeserializeOwned>(column: usize, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| invalid(column, error.to_string()))
}

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn invalid(column: usize, what: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
}

/// An error of SQLite's, told apart by what the user can do about it.
pub(super) fn told(path: &Path, error: rusqlite::Error) -> Error {
    let (code, what, hint) = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => (Code::DiskFull, "the disk is full".to_owned(), "free some space"),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => (
            Code::PermissionDenied,
            "the queue cannot be opened or written".to_owned(),
            "give the user that runs footnote access to the file and its folder",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            Code::DataFolderInUse,
            "another process is writing the queue".to_owned(),
            "wait for it to end, or choose another data folder with --data",
        ),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (
            Code::DataFolderFormat,
            "not a queue, or damaged".to_owned(),
            "remove the file: queued jobs are lost, documents are not; then ingest the folders again",
        ),
        Some(ErrorCode::SystemIoFailure) => (Code::Io, error.to_string(), "check the disk's space and health"),
        _ => return Error::internal(format!("{}: {error}", path.display())).caused_by(error),
    };
    Error::new(code, format!("{}: {what}", path.display())).hint(hint).caused_by(error)
}
