//! A collection made anew beside the old one: other chunking, another embedding model. Then they swap.

use std::sync::Arc;

use footnote_core::seam::Catalog;
use footnote_core::{Error, Result};
use footnote_ingest::pipeline::{CHUNKING, differs};
use footnote_ingest::{CancellationToken, ChunkOptions, Ingestor, Progress, RetryWhich, SqliteCatalog, Stores};

use super::Footnote;
use super::index::Index;
use super::options::chunking;
use super::placed;

/// The fact that names the generation of the index that answers.
const GENERATION: &str = "generation";

impl Footnote {
    /// Makes the index of a collection anew where the settings ask for another one than it has, or an earlier version
    /// of footnote made it. The old one answers until the new one is whole; both change places in one step. Gives
    /// whether there was anything to do.
    ///
    /// # Errors
    /// Those of the stores and the model, and `Code::Cancelled`: what was made so far is kept, and the next call goes on.
    pub async fn renew(&self, name: &str, progress: &dyn Progress, cancel: &CancellationToken) -> Result<bool> {
        footnote_core::collection::check_name(name)?;
        let catalog = Arc::clone(&self.shelf.catalog);
        let wanted = chunking(&self.settings);
        let current = generation_of(&*self.shelf.catalog, name).await?;
        let outdated = placed::is_outdated(&self.data()?.index(name, current))?;
        if !outdated && !differs(&*catalog, name, self.embedder.model(), &wanted.describe()).await? {
            return Ok(false);
        }
        tracing::info!(collection = name, "the settings changed: making the index anew beside the old one");
        // What was half written is finished with the model and the cutting that it was begun with. An index that this
        // version cannot open is not: it is made anew from the texts, and what is unfinished is finished in the new one.
        let old = if outdated { None } else { Some(self.index(name).await?) };
        let generation = current + 1;
        let folder = self.data()?.index(name, generation);
        let (next, begun) = self.next_catalog(name, generation, &wanted).await?;
        let index =
            Index::open(&self.settings, self.data()?, (name, generation), Arc::clone(&self.embedder), false).await?;
        if !begun {
            index.begin_anew().await?;
        }
        let stores = Stores {
            catalog: Arc::new(next),
            embedder: Arc::clone(&index.embedder),
            vectors: Arc::clone(&index.vectors),
            keyword: Arc::clone(&index.keyword),
        };
        let options = self.ingest_options(name, &index.embedder.model().id, RetryWhich::Failed)?;
        let from: Arc<dyn Catalog> = Arc::clone(&catalog) as _;
        Ingestor::new(stores, options)?.rebuild(&from, progress, cancel).await?;
        let nobody_searches = self.live.nobody_searches().await;
        // First what can fail for want of a network.
        index.answer().await?;
        let number = generation.to_string();
        if let Err(error) = catalog.adopt(&folder.join("catalog.sqlite"), name, &[(GENERATION, &number)]).await {
            if let Some(old) = &old {
                old.answer().await?;
            }
            return Err(error);
        }
        self.live.put(name, index.clone());
        drop(nobody_searches);
        drop(old);
        self.clear_generations(name, generation)?;
        index.clear_older().await;
        Ok(true)
    }

    /// The collections that [`Self::renew`] would make anew.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub async fn outdated(&self) -> Result<Vec<String>> {
        let (mut outdated, wanted) = (Vec::new(), chunking(&self.settings).describe());
        for name in self.shelf.catalog.collections().await? {
            let folder = self.data()?.index(&name, generation_of(&*self.shelf.catalog, &name).await?);
            if placed::is_outdated(&folder)?
                || differs(&*self.shelf.catalog, &name, self.embedder.model(), &wanted).await?
            {
                outdated.push(name);
            }
        }
        Ok(outdated)
    }

    /// How the index of a collection was cut, where that is known.
    pub(super) async fn chunking_of(&self, name: &str) -> Result<Option<ChunkOptions>> {
        Ok(self.shelf.catalog.fact(name, CHUNKING).await?.and_then(|fact| ChunkOptions::parse(&fact)))
    }

    /// The catalog of the index that is being made, and whether it was begun before. One that was begun for other
    /// settings is thrown away.
    async fn next_catalog(&self, name: &str, generation: u32, wanted: &ChunkOptions) -> Result<(SqliteCatalog, bool)> {
        let folder = self.data()?.index(name, generation);
        let file = folder.join("catalog.sqlite");
        if file.is_file() && !placed::is_outdated(&folder)? {
            let begun = SqliteCatalog::open(&file)?;
            if !differs(&begun, name, self.embedder.model(), &wanted.describe()).await? {
                return Ok((begun, true));
            }
        }
        if folder.exists() {
            fs_err::remove_dir_all(&folder).map_err(|error| Error::io(&folder, error))?;
        }
        Ok((SqliteCatalog::open(&file)?, false))
    }

    /// Removes the files of indexes that no longer answer. Those of the first generation lie beside the others.
    pub(super) fn clear_generations(&self, name: &str, current: u32) -> Result<()> {
        for old in 0..current {
            let folder = self.data()?.index(name, old);
            let parts = ["vectors", "keyword", "index.json"].map(|part| folder.join(part));
            let parts = if old == 0 { parts.to_vec() } else { vec![folder] };
            for part in parts.into_iter().filter(|part| part.exists()) {
                let removed = if part.is_dir() { fs_err::remove_dir_all(&part) } else { fs_err::remove_file(&part) };
                if let Err(error) = removed {
                    tracing::warn!(%error, "an index that is no longer used was not removed");
                }
            }
        }
        Ok(())
    }
}

/// Which generation of a collection's index answers.
pub(super) async fn generation_of(catalog: &dyn Catalog, name: &str) -> Result<u32> {
    let fact = catalog.fact(name, GENERATION).await?;
    Ok(fact.and_then(|generation| generation.parse().ok()).unwrap_or(0))
}
