//! A PostgreSQL database: connections that are kept and renewed, and its errors told apart by what a user can do.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use footnote_core::{Code, Error, Result};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a silent peer is believed to be there.
const SILENCE: Duration = Duration::from_secs(30);

/// Where a database is, and how it is used.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, as libpq takes it. Never printed.
    pub url: String,
    /// The schema with footnote's tables: lower-case letters, digits and `_`.
    pub schema: String,
    /// The longest that a connection, and one question, may take.
    pub timeout: Duration,
    /// Questions that are asked at once.
    pub connections: usize,
}

/// A database. Cheap to clone; nothing is asked of it yet when it is made.
#[derive(Clone)]
pub struct Postgres {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    schema: String,
    place: String,
    timeout: Duration,
}

/// What a statement is given.
pub(super) type Values<'v> = &'v [&'v (dyn ToSql + Sync)];

impl Postgres {
    /// The database of these options.
    ///
    /// # Errors
    /// [`Code::SettingsInvalid`] for an address that cannot be one.
    pub fn new(options: PostgresOptions) -> Result<Self> {
        let PostgresOptions { url, schema, timeout, connections } = options;
        let mut config: Config = url.parse().map_err(|error| {
            // The address itself may hold a password.
            Error::new(
                Code::SettingsInvalid,
                format!("catalog.url: not an address of a PostgreSQL database: {}", told(&error)),
            )
            .hint("for example postgresql://footnote:PASSWORD@db.example.org:5432/footnote")
        })?;
        let place = format!("{} (schema {schema})", place(&config));
        // The server ends what nobody waits for any more, so that a kept connection is free again.
        let usual = format!("-c search_path={schema} -c statement_timeout={}", timeout.as_millis());
        let options = config.get_options().map_or_else(String::new, |given| format!("{given} "));
        config
            .options(format!("{options}{usual}"))
            .application_name("footnote")
            .connect_timeout(timeout)
            .keepalives_idle(SILENCE)
            .tcp_user_timeout(SILENCE);
        let kept = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = if config.get_ssl_mode() == SslMode::Disable {
            Manager::from_config(config, NoTls, kept)
        } else {
            Manager::from_config(config, MakeRustlsConnect::new(tls()?), kept)
        };
        let limits = Timeouts { wait: Some(timeout), create: Some(timeout), recycle: Some(timeout) };
        let pool = Pool::builder(manager).max_size(connections).timeouts(limits).runtime(Runtime::Tokio1).build();
        let pool = pool.map_err(|error| Error::internal(format!("{place}: {error}")))?;
        Ok(Self { inner: Arc::new(Inner { pool, schema, place, timeout }) })
    }

    /// Where it is, for people: host, port, database and schema.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.inner.place
    }

    /// The schema with footnote's tables.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.inner.schema
    }

    /// A text without what PostgreSQL's texts cannot hold: titles, reasons and questions may have it, canonical text has not.
    #[must_use]
    pub fn storable(text: &str) -> Cow<'_, str> {
        if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
    }

    /// The rows that a question gives. One that only reads: it is asked again on another connection where its own was
    /// cut, as a restarted server cuts them.
    ///
    /// # Errors
    /// [`Code::StoreUnavailable`], [`Code::StoreRefused`], [`Code::DiskFull`].
    pub async fn rows(&self, question: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        match self.ask(question, values).await {
            Err(Failure::Postgres(error)) if is_lost(&error) => {
                self.ask(question, values).await.map_err(|failure| self.error(failure))
            }
            outcome => outcome.map_err(|failure| self.error(failure)),
        }
    }

    /// Does what a statement says, once, and gives how many rows it touched.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub async fn execute(&self, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        let done = async {
            let client = self.kept().await?;
            let prepared = client.prepare_cached(statement).await?;
            Ok(client.execute(&prepared, values).await?)
        };
        self.in_time(done).await.map_err(|failure| self.error(failure))
    }

    /// Several statements without values, as one transaction.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub async fn batch(&self, statements: &str) -> Result<()> {
        let done = async { Ok(self.kept().await?.batch_execute(statements).await?) };
        self.in_time(done).await.map_err(|failure| self.error(failure))
    }

    async fn ask(&self, question: &str, values: Values<'_>) -> Result<Vec<Row>, Failure> {
        let rows = async {
            let client = self.kept().await?;
            let prepared = client.prepare_cached(question).await?;
            Ok(client.query(&prepared, values).await?)
        };
        self.in_time(rows).await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::time::timeout(self.inner.timeout, work).await.unwrap_or(Err(Failure::Slow))
    }

    async fn kept(&self) -> Result<Object, Failure> {
        self.inner.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => Failure::Postgres(error),
            PoolError::Timeout(_) => Failure::Slow,
            error => Failure::Footnote(Error::internal(error.to_string())),
        })
    }

    /// A connection of its own, which no question is given.
    pub(super) async fn connection(&self) -> Result<ClientWrapper, Failure> {
        self.kept().await.map(Object::take)
    }

    /// An error of PostgreSQL's, told apart by what the user can do about it.
    pub(super) fn error(&self, failure: Failure) -> Error {
        let error = match failure {
            Failure::Footnote(error) => return error,
            Failure::Slow => {
                let message = format!("no answer within {} s", self.inner.timeout.as_secs());
                return self.told(
                    Code::StoreUnavailable,
                    &message,
                    "see whether it is overloaded, or raise catalog.timeout_seconds",
                );
            }
            Failure::Postgres(error) => error,
        };
        let state = error.code().cloned();
        let (code, hint) = match state {
            _ if error.to_string().starts_with("error performing TLS") => (
                Code::StoreRefused,
                "where its certificate is your own, SSL_CERT_FILE=ca.pem names who signed it; ?sslmode=disable goes without TLS",
            ),
            _ if is_lost(&error) => (Code::StoreUnavailable, "start it, or correct catalog.url"),
            Some(SqlState::QUERY_CANCELED) => {
                (Code::StoreUnavailable, "see whether it is overloaded, or raise catalog.timeout_seconds")
            }
            Some(SqlState::TOO_MANY_CONNECTIONS) => {
                (Code::StoreUnavailable, "raise max_connections of the server, or lower catalog.connections")
            }
            Some(SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => (
                Code::StoreRefused,
                "correct user, password or sslmode in catalog.url (FOOTNOTE_CATALOG__URL); the server's pg_hba.conf says who may come in",
            ),
            Some(SqlState::INVALID_CATALOG_NAME) => (
                Code::StoreRefused,
                "make the database first: createdb NAME; footnote makes its schema and tables in it",
            ),
            Some(SqlState::INSUFFICIENT_PRIVILEGE) => (
                Code::StoreRefused,
                "let the user of catalog.url create a schema in the database: GRANT CREATE ON DATABASE … TO …",
            ),
            Some(SqlState::READ_ONLY_SQL_TRANSACTION) => {
                (Code::StoreRefused, "this server takes no writes, as a standby does: name the primary in catalog.url")
            }
            Some(SqlState::DISK_FULL) => (Code::DiskFull, "free some space there, and run the same command again"),
            None => (Code::StoreRefused, "correct catalog.url"),
            Some(_) => return Error::internal(format!("{}: {}", self.place(), told(&error))).caused_by(error),
        };
        self.told(code, &told(&error), hint).caused_by(error)
    }

    pub(super) fn told(&self, code: Code, what: &str, hint: &str) -> Error {
        Error::new(code, format!("{}: {what}", self.place())).hint(hint)
    }
}

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server, or the way to it.
    Postgres(tokio_postgres::Error),
    /// It took too long.
    Slow,
    /// Something of footnote's own.
    Footnote(Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Footnote(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Footnote(Error::internal(error.to_string()))
    }
}

impl Failure {
    /// Whether the connection is gone, or the server for the time being.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Postgres(error) => is_lost(error),
            Self::Slow => true,
            Self::Footnote(_) => false,
        }
    }
}

fn is_lost(error: &tokio_postgres::Error) -> bool {
    let states = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::CONNECTION_EXCEPTION,
        SqlState::CONNECTION_FAILURE,
    ];
    match error.code() {
        Some(state) => states.contains(state),
        None => error.is_closed() || is_of_the_network(error),
    }
}

/// Whether an I/O error is underneath.
fn is_of_the_network(error: &tokio_postgres::Error) -> bool {
    causes(error).any(|cause| cause.is::<std::io::Error>())
}

fn causes(error: &tokio_postgres::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}

/// The whole story: the library's own words are only their beginning.
fn told(error: &tokio_postgres::Error) -> String {
    causes(error).fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// Host, port and database: what may be printed of an address.
fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(folder) => folder.display().to_string(),
        }
    });
    let database = config.get_dbname().or(config.get_user()).unwrap_or("postgres");
    format!("PostgreSQL database {database} on {}", hosts.collect::<Vec<_>>().join(","))
}

/// TLS as the system trusts it.
fn tls() -> Result<ClientConfig> {
    let mut trusted = RootCertStore::empty();
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| Error::internal(format!("TLS: {error}")))?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}
