//! What an index must remember of how it was made.

use footnote_core::seam::{Catalog, CatalogWriter, EmbeddingModel};
use footnote_core::{Code, Error, Result};

/// The fact that names the embedding model.
pub const EMBEDDING_MODEL: &str = "embedding_model";
/// The fact that gives the length of its vectors.
pub const DIMENSION: &str = "dimension";
/// The fact that tells how documents were cut.
pub const CHUNKING: &str = "chunking";

/// The fact that tells how files were read the last time.
pub(super) const READING: &str = "reading";

/// The fact that fingerprints the rules that gave the documents their metadata.
pub(super) const RULES: &str = "rules";

/// Whether a collection was made with another model or cut in another way than this, and so needs to be made anew.
///
/// # Errors
/// When the catalog cannot be read.
pub async fn differs(catalog: &dyn Catalog, collection: &str, model: &EmbeddingModel, chunking: &str) -> Result<bool> {
    let facts = [
        (EMBEDDING_MODEL, model.id.clone()),
        (DIMENSION, model.dimension.to_string()),
        (CHUNKING, chunking.to_owned()),
    ];
    for (name, value) in facts {
        if catalog.fact(collection, name).await?.is_some_and(|made_with| made_with != value) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Checks that `collection` was made with this model and this cutting, and notes it where it is new.
///
/// # Errors
/// [`Code::IndexMismatch`].
pub(super) async fn settle(
    catalog: &dyn CatalogWriter,
    collection: &str,
    model: &EmbeddingModel,
    chunking: &str,
) -> Result<()> {
    let facts = [
        (EMBEDDING_MODEL, model.id.clone(), "[embedding] model"),
        (DIMENSION, model.dimension.to_string(), "[embedding] model"),
        (CHUNKING, chunking.to_owned(), "[chunk]"),
    ];
    for (name, value, setting) in &facts {
        match catalog.fact(collection, name).await? {
            Some(made_with) if made_with != *value => {
                let what = name.replace('_', " ");
                let message =
                    format!("collection `{collection}` was made with {what} `{made_with}`; the settings say `{value}`");
                return Err(Error::new(Code::IndexMismatch, message)
                    .hint(format!("`footnote ingest` makes the index anew; or set {setting} back to what it was")));
            }
            _ => {}
        }
    }
    for (name, value, _) in &facts {
        if catalog.fact(collection, name).await?.is_none() {
            catalog.set_fact(collection, name, value).await?;
        }
    }
    Ok(())
}
