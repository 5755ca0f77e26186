//! A collection moved from one kind of store to another, without embedding it again.
//!
//! Vectors are read from the source, texts and facts from the catalog. The source stays as it is until all is there;
//! a move that was stopped goes on where it was.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use footnote_config::{KeywordKind, VectorKind};
use footnote_core::seam::{CatalogWriter, Hit, KeywordEntry, KeywordIndex, VectorPoint, VectorStore};
use footnote_core::{ChunkId, Code, Error, Filter, Result};
use footnote_ingest::verify::Difference;
use footnote_ingest::{Ingestor, RetryWhich, Stores, VerifyReport, verify};
use footnote_retriever::QdrantKeyword;
use footnote_retriever::index::terms::entry_terms;
use serde::Serialize;

use super::Footnote;
use super::placed::{Kinds, Placed};
use super::renew::generation_of;
use super::stores::Opener;

/// Where a collection is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The stores.
    pub to: Kinds,
    /// Whether what is in the old ones is removed when all has arrived.
    pub remove_source: bool,
}

/// What a move did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The collection.
    pub collection: String,
    /// Where it was.
    pub from: Kinds,
    /// Where it is.
    pub to: Kinds,
    /// Its chunks.
    pub chunks: usize,
    /// Those that were written now; the others were there.
    pub written: usize,
}

/// Told how many chunks of how many have arrived.
pub type OnMoved<'p> = &'p (dyn Fn(usize, usize) + Send + Sync);

impl Footnote {
    /// Moves a collection. Afterwards the settings have to name its new stores.
    ///
    /// # Errors
    /// [`Code::CollectionUnknown`], [`Code::IndexMismatch`] for an index of another version, [`Code::StoresDisagree`]
    /// when not all has arrived, and those of the stores.
    pub async fn migrate(&self, name: &str, wanted: Move, on_moved: OnMoved<'_>) -> Result<Moved> {
        self.must_exist(name).await?;
        let _alone = self.alone(name).await;
        let generation = generation_of(&*self.shelf.catalog, name).await?;
        let folder = self.data()?.index(name, generation);
        let placed = Placed::read(&folder)?.unwrap_or_else(|| Placed::new(Kinds::of(&self.settings)));
        let (from, to) = (placed.kinds, wanted.to);
        if from == to {
            let chunks = CatalogWriter::chunk_ids(&*self.shelf.catalog, name).await?.len();
            return Ok(Moved { collection: name.to_owned(), from, to, chunks, written: 0 });
        }
        let embedder = self.embedder_of(name).await?;
        let dimension = embedder.model().dimension;
        let opener = Opener::new(&self.settings, folder.clone(), (name, generation), dimension, true);
        let catalog = Arc::clone(&self.shelf.catalog);
        let source = Stores {
            catalog: Arc::clone(&catalog),
            embedder: Arc::clone(&embedder),
            vectors: opener.vectors(from.vectors).await?,
            keyword: opener.keyword(from.keyword).await?,
        };
        footnote_ingest::finish(&source, name).await?;
        if placed.moving_to != Some(to) {
            clear(&opener, from, to).await?;
            placed.moving_to(to).write(&folder)?;
        }
        let vectors =
            if from.vectors == to.vectors { Arc::clone(&source.vectors) } else { opener.vectors(to.vectors).await? };
        let keyword =
            if from.keyword == to.keyword { Arc::clone(&source.keyword) } else { opener.keyword(to.keyword).await? };
        let target = Stores { catalog, embedder, vectors, keyword };
        let course = Course { footnote: self, name, source: &source, target: &target };
        if to.keyword == KeywordKind::Qdrant {
            let mean = course.mean_length().await?;
            QdrantKeyword::new(opener.qdrant()?).settle_mean_length(mean).await?;
        }
        let (chunks, written) = course.run(on_moved).await?;
        Placed::new(to).write(&folder)?;
        drop((source, target));
        if wanted.remove_source {
            remove_source(&opener, from, to).await?;
        }
        Ok(Moved { collection: name.to_owned(), from, to, chunks, written })
    }
}

/// Throws away what an earlier move left at the target: it may be of an earlier state.
async fn clear(opener: &Opener<'_>, from: Kinds, to: Kinds) -> Result<()> {
    if from.vectors != to.vectors {
        match to.vectors {
            VectorKind::Edge => remove_folder(&opener.folder.join("vectors"))?,
            VectorKind::Qdrant => opener.qdrant()?.remove().await?,
        }
    }
    if from.keyword != to.keyword && to.keyword == KeywordKind::Tantivy {
        remove_folder(&opener.folder.join("keyword"))?;
    }
    Ok(())
}

async fn remove_source(opener: &Opener<'_>, from: Kinds, to: Kinds) -> Result<()> {
    if from.vectors != to.vectors {
        match from.vectors {
            VectorKind::Edge => remove_folder(&opener.folder.join("vectors"))?,
            VectorKind::Qdrant => opener.qdrant()?.remove().await?,
        }
    }
    if from.keyword != to.keyword && from.keyword == KeywordKind::Tantivy {
        remove_folder(&opener.folder.join("keyword"))?;
    }
    Ok(())
}

fn remove_folder(folder: &Path) -> Result<()> {
    if folder.exists() { fs_err::remove_dir_all(folder).map_err(|error| Error::io(folder, error)) } else { Ok(()) }
}

/// A move on its way.
struct Course<'m> {
    footnote: &'m Footnote,
    name: &'m str,
    source: &'m Stores,
    target: &'m Stores,
}

impl Course<'_> {
    /// Moves what is not there yet, and compares. Gives all chunks, and those that were written.
    async fn run(&self, on_moved: OnMoved<'_>) -> Result<(usize, usize)> {
        let found = self.compare().await?;
        let missing: BTreeSet<ChunkId> = found.vectors.missing.iter().chain(&found.keyword.missing).copied().collect();
        let bridge = Arc::new(Bridge {
            from: Arc::clone(&self.source.vectors),
            to: Arc::clone(&self.target.vectors),
            moved: AtomicUsize::new(0),
        });
        let stores = Stores { vectors: Arc::clone(&bridge) as _, ..copy_of(self.target) };
        let repair = self.write(stores, &found);
        tokio::pin!(repair);
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(200));
        loop {
            tokio::select! {
                done = &mut repair => { done?; break; }
                _ = tick.tick() => on_moved(bridge.moved.load(Ordering::Relaxed), missing.len()),
            }
        }
        on_moved(missing.len(), missing.len());
        self.target.vectors.optimize().await?;
        let after = self.compare().await?;
        let differ = |difference: &Difference| difference.missing.len() + difference.orphans.len();
        let wrong = differ(&after.vectors) + differ(&after.keyword);
        if wrong > 0 {
            let message = format!("`{}`: {wrong} chunks differ between the catalog and the new stores", self.name);
            return Err(Error::new(Code::StoresDisagree, message)
                .hint("run the same command again: it goes on where it was; the old stores are as they were"));
        }
        Ok((after.chunks, missing.len()))
    }

    async fn compare(&self) -> Result<VerifyReport> {
        verify(&*self.target.catalog, &*self.target.vectors, &*self.target.keyword, self.name).await
    }

    /// Writes what `found` says is missing to `stores`, and removes what is too much there.
    async fn write(&self, stores: Stores, found: &VerifyReport) -> Result<()> {
        let footnote = self.footnote;
        let mut options = footnote.ingest_options(self.name, &stores.embedder.model().id, RetryWhich::Failed)?;
        options.chunk = footnote.chunking_of(self.name).await?.unwrap_or(options.chunk);
        let wanted =
            VerifyReport { vectors: found.vectors.clone(), keyword: found.keyword.clone(), ..VerifyReport::default() };
        Ingestor::new(stores, options)?.repair(&wanted).await.map(drop)
    }

    /// The average length of the collection's chunks in terms, as the keyword leg would be told of them.
    async fn mean_length(&self) -> Result<f32> {
        let scale = Arc::new(Scale::default());
        let stores = Stores { vectors: Arc::new(Nowhere), keyword: Arc::clone(&scale) as _, ..copy_of(self.target) };
        let all = self.target.catalog.chunk_ids(self.name).await?;
        let mut found = VerifyReport::default();
        found.keyword.missing = all;
        self.write(stores, &found).await?;
        let (terms, entries) = (scale.terms.load(Ordering::Relaxed), scale.entries.load(Ordering::Relaxed));
        Ok((terms as f32 / entries.max(1) as f32).max(1.0))
    }
}

fn copy_of(stores: &Stores) -> Stores {
    Stores {
        catalog: Arc::clone(&stores.catalog),
        embedder: Arc::clone(&stores.embedder),
        vectors: Arc::clone(&stores.vectors),
        keyword: Arc::clone(&stores.keyword),
    }
}

/// Reads vectors from one store and writes them to another.
struct Bridge {
    from: Arc<dyn VectorStore>,
    to: Arc<dyn VectorStore>,
    moved: AtomicUsize,
}

#[async_trait]
impl VectorStore for Bridge {
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<()> {
        let count = points.len();
        self.to.upsert(points).await?;
        self.moved.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()> {
        self.to.delete(chunks).await
    }

    async fn flush(&self) -> Result<()> {
        self.to.flush().await
    }

    async fn optimize(&self) -> Result<()> {
        self.to.optimize().await
    }

    async fn search(&self, vector: Vec<f32>, limit: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        self.to.search(vector, limit, filter).await
    }

    async fn vectors(&self, chunks: &[ChunkId]) -> Result<Vec<Option<Vec<f32>>>> {
        self.from.vectors(chunks).await
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        self.to.chunk_ids().await
    }
}

/// Holds nothing and has every vector: so that chunks are only looked at.
struct Nowhere;

#[async_trait]
impl VectorStore for Nowhere {
    async fn upsert(&self, _: Vec<VectorPoint>) -> Result<()> {
        Ok(())
    }

    async fn delete(&self, _: Vec<ChunkId>) -> Result<()> {
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }

    async fn optimize(&self) -> Result<()> {
        Ok(())
    }

    async fn search(&self, _: Vec<f32>, _: usize, _: Option<&Filter>) -> Result<Vec<Hit>> {
        Ok(Vec::new())
    }

    async fn vectors(&self, chunks: &[ChunkId]) -> Result<Vec<Option<Vec<f32>>>> {
        Ok(vec![Some(Vec::new()); chunks.len()])
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        Ok(Vec::new())
    }
}

/// Counts what it is given.
#[derive(Default)]
struct Scale {
    entries: AtomicUsize,
    terms: AtomicUsize,
}

#[async_trait]
impl KeywordIndex for Scale {
    async fn upsert(&self, entries: Vec<KeywordEntry>) -> Result<()> {
        self.entries.fetch_add(entries.len(), Ordering::Relaxed);
        let terms = entries.iter().map(|entry| entry_terms(entry).len()).sum();
        self.terms.fetch_add(terms, Ordering::Relaxed);
        Ok(())
    }

    async fn delete(&self, _: Vec<ChunkId>) -> Result<()> {
        Ok(())
    }

    async fn commit(&self) -> Result<()> {
        Ok(())
    }

    async fn search(&self, _: &str, _: usize, _: Option<&Filter>) -> Result<Vec<Hit>> {
        Ok(Vec::new())
    }

    async fn scores(&self, _: &str, _: &[ChunkId]) -> Result<Vec<Hit>> {
        Ok(Vec::new())
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        Ok(Vec::new())
    }
}
