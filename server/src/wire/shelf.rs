//! What was ingested, opened: enough to look things up, without a model.
//!
//! With the catalog in a file there is one process per data folder, whatever it does. With it in PostgreSQL one footnote
//! ingests, and has a data folder for its jobs and uploads; any number read, and have none.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use footnote_config::{CatalogKind, KeywordKind, Settings, VectorKind};
use footnote_core::seam::{Catalog, CatalogWriter};
use footnote_core::{Code, Error, Result};
use footnote_ingest::{Postgres, PostgresCatalog, PostgresOptions, SqliteCatalog};

use crate::api::state::query_only;
use crate::data::DataFolder;

/// The catalog, and the data folder where this process has one.
pub struct Shelf {
    /// The locked data folder; `None` where another footnote ingests, and this one only reads.
    data: Option<DataFolder>,
    /// What was ingested.
    pub catalog: Arc<dyn CatalogWriter>,
    /// Where the catalog is in a database: conversations are there too.
    pub(super) postgres: Option<Postgres>,
}

impl Shelf {
    /// Opens it to be written to; makes what is missing. `holder` is what others are told of this process.
    ///
    /// # Errors
    /// Those of [`DataFolder::create`] and of the catalog; [`Code::IndexMismatch`] where the catalog is elsewhere than the
    /// settings say.
    pub async fn create(settings: &Settings, holder: &str) -> Result<Self> {
        Self::of(DataFolder::create(&settings.data, holder)?, settings, holder).await
    }

    /// As [`Self::create`], where something was ingested before.
    ///
    /// # Errors
    /// As [`Self::create`]; [`Code::PathMissing`] where nothing was.
    pub async fn open(settings: &Settings, holder: &str) -> Result<Self> {
        match settings.catalog.store {
            CatalogKind::Sqlite => Self::of(DataFolder::open(&settings.data, holder)?, settings, holder).await,
            CatalogKind::Postgres => Self::create(settings, holder).await,
        }
    }

    /// Opens it to be read: beside the footnote that ingests, where the catalog is in a database.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn read(settings: &Settings, holder: &str) -> Result<Self> {
        match settings.catalog.store {
            CatalogKind::Sqlite => Self::open(settings, holder).await,
            CatalogKind::Postgres => {
                let postgres = postgres(settings)?;
                let catalog = Arc::new(PostgresCatalog::open_to_read(postgres.clone()).await?);
                Ok(Self { data: None, catalog, postgres: Some(postgres) })
            }
        }
    }

    async fn of(data: DataFolder, settings: &Settings, holder: &str) -> Result<Self> {
        match settings.catalog.store {
            CatalogKind::Sqlite => {
                check_not_moved(&data)?;
                let catalog = Arc::new(SqliteCatalog::open(&data.catalog())?);
                Ok(Self { data: Some(data), catalog, postgres: None })
            }
            CatalogKind::Postgres => {
                check_moved(&data).await?;
                let postgres = postgres(settings)?;
                let catalog = Arc::new(PostgresCatalog::open_to_write(postgres.clone(), holder).await?);
                Ok(Self { data: Some(data), catalog, postgres: Some(postgres) })
            }
        }
    }

    /// The data folder.
    ///
    /// # Errors
    /// [`Code::QueryOnly`] where this process only reads.
    pub fn data(&self) -> Result<&DataFolder> {
        self.data.as_ref().ok_or_else(query_only)
    }

    /// Whether another footnote ingests.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.data.is_none()
    }
}

/// Whether processes without a data folder can answer: all that they need is on servers.
pub(super) fn is_shared(settings: &Settings) -> bool {
    settings.catalog.store == CatalogKind::Postgres
        && settings.vectors.store == VectorKind::Qdrant
        && settings.keyword.index == KeywordKind::Qdrant
}

/// The database that the settings name.
///
/// # Errors
/// [`Code::SettingsInvalid`] where they name none.
pub(super) fn postgres(settings: &Settings) -> Result<Postgres> {
    let catalog = &settings.catalog;
    let url = catalog.url.reveal().ok_or_else(|| {
        Error::new(Code::SettingsInvalid, "catalog.url: no database is named")
            .hint("for example FOOTNOTE_CATALOG__URL=postgresql://footnote:PASSWORD@db.example.org:5432/footnote")
    })?;
    Postgres::new(PostgresOptions {
        url: url.to_owned(),
        schema: catalog.schema.clone(),
        timeout: Duration::from_secs(catalog.timeout_seconds),
        connections: catalog.connections,
    })
}

/// What a catalog's file is called once it was copied to a database.
pub(super) fn moved_name(file: &Path) -> std::path::PathBuf {
    file.with_extension("sqlite.moved")
}

/// A catalog that was left in the data folder would be missed, and all of it embedded again.
async fn check_moved(data: &DataFolder) -> Result<()> {
    let file = data.catalog();
    if !file.is_file() {
        return Ok(());
    }
    let collections = SqliteCatalog::open(&file)?.collections().await?;
    if collections.is_empty() {
        return Ok(());
    }
    let message =
        format!("{}: has {}; the settings say catalog.store = \"postgres\"", file.display(), collections.join(", "));
    Err(Error::new(Code::IndexMismatch, message).hint(
        "`footnote migrate --catalog postgres` moves it there without embedding again; or set catalog.store back",
    ))
}

fn check_not_moved(data: &DataFolder) -> Result<()> {
    let (file, moved) = (data.catalog(), moved_name(&data.catalog()));
    if file.exists() || !moved.exists() {
        return Ok(());
    }
    let message = format!("{}: was moved to PostgreSQL; the settings say catalog.store = \"sqlite\"", file.display());
    Err(Error::new(Code::IndexMismatch, message).hint(format!(
        "set catalog.store = \"postgres\" and catalog.url; or, to go back to how it was then, rename {} to catalog.sqlite",
        moved.display()
    )))
}
