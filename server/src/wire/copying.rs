//! The catalog of a data folder copied to a database, so that other machines can read it. Indexes stay where they are.

use footnote_config::{CatalogKind, ModelCatalog, Settings};
use footnote_core::catalog::DocumentStatus;
use footnote_core::seam::{Catalog, CatalogWriter};
use footnote_core::{Code, Error, Result};
use footnote_ingest::{PostgresCatalog, SqliteCatalog};
use serde::Serialize;

use super::shelf::{moved_name, postgres};
use super::{Footnote, Load};
use crate::data::DataFolder;

/// A collection that was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Its name.
    pub collection: String,
    /// Its indexed documents.
    pub documents: usize,
    /// Their chunks.
    pub chunks: usize,
}

/// Copies every collection of the data folder's catalog, each in one transaction, and compares. Only then is the file
/// put aside, under another name. A copy that was stopped is begun again: what has arrived stays.
///
/// # Errors
/// [`Code::StoresDisagree`] where not all has arrived, [`Code::IndexMismatch`] where the database has a collection of
/// the same name that is another; those of both catalogs, and of the indexes: what was half written is finished first.
pub async fn copy_catalog(settings: &Settings, models: &ModelCatalog, holder: &str) -> Result<Vec<Copied>> {
    let mut of_the_folder = settings.clone();
    of_the_folder.catalog.store = CatalogKind::Sqlite;
    let to = PostgresCatalog::open_to_write(postgres(settings)?, holder).await?;
    let footnote = Footnote::open(&of_the_folder, models, Load::Retrieval, holder).await?;
    let from = SqliteCatalog::open(&footnote.data()?.catalog())?;
    let mut copied = Vec::new();
    for name in footnote.catalog().collections().await? {
        footnote.index(&name).await?;
        copied.push(copy(&from, &to, &name).await?);
    }
    drop((footnote, from));
    // Now that it is closed, which takes SQLite's other files away; and before another process opens it.
    let data = DataFolder::open(&settings.data, holder)?;
    let file = data.catalog();
    fs_err::rename(&file, moved_name(&file)).map_err(|error| Error::io(&file, error))?;
    Ok(copied)
}

async fn copy(from: &SqliteCatalog, to: &PostgresCatalog, name: &str) -> Result<Copied> {
    let expected = count(from, name).await?;
    if !to.collections().await?.iter().any(|known| known == name) {
        to.copy(from, name).await?;
    }
    let arrived = count(to, name).await?;
    if arrived == expected {
        return Ok(arrived);
    }
    let message = format!(
        "`{name}`: {} documents and {} chunks there, {} and {} in the data folder",
        arrived.documents, arrived.chunks, expected.documents, expected.chunks
    );
    Err(Error::new(Code::IndexMismatch, message).hint(
        "the database has another collection of this name: choose another schema for this catalog ([catalog] schema)",
    ))
}

async fn count(catalog: &dyn CatalogWriter, name: &str) -> Result<Copied> {
    let documents = catalog.documents(name, Some(DocumentStatus::Indexed)).await?.len();
    let chunks = catalog.chunk_ids(name).await?.len();
    Ok(Copied { collection: name.to_owned(), documents, chunks })
}
