//! Settings in, a running footnote out. Every adapter is named in this folder and nowhere else.
//!
//! * here: [`Footnote`], what everything else asks for. `shelf`: the catalog, and the data folder where there is one.
//! * `reader`: indexes that another footnote writes.
//! * `api`: what the HTTP API needs.
//! * `index`: both legs of a collection. `live`: the indexes that answer. `renew`: a collection made anew beside the old
//!   one.
//! * `stores`: the stores behind both legs. `placed`: where a collection has them. `moving`: from one to another.
//! * `copying`: a catalog from a data folder to a database.
//! * `options`: settings to the options of each part; `prompting`: how the model is asked. `models`: those that read, loaded. `engines`: those that
//!   write.

mod api;
mod copying;
pub(crate) mod engines;
mod index;
mod live;
pub(crate) mod models;
mod moving;
pub(crate) mod options;
mod placed;
mod prompting;
mod reader;
mod renew;
mod shelf;
mod stores;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use footnote_config::{AnswerMode, ModelCatalog, Settings};
use footnote_core::seam::{Catalog, Embedder, Generator, Searcher, SpanReader};
use footnote_core::{Code, DocumentId, Error, Grants, Result};
use footnote_generator::{AnswererParts, GroundedAnswerer};
use footnote_ingest::pipeline::EMBEDDING_MODEL;
use footnote_ingest::{
    CancellationToken, IngestOptions, Ingestor, Progress, Repair, Retry, RetryWhich, Stores, VerifyReport,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

pub use self::copying::{Copied, copy_catalog};
use self::index::Index;
use self::live::{Live, LiveSearcher};
pub use self::models::span_reader;
pub use self::moving::{Move, Moved, OnMoved};
use self::options::{archive_limits, chunking, reader, rules};
pub use self::options::{grounding, retrieval};
pub use self::placed::Kinds;
use self::placed::Placed;
use self::reader::{Reader, SharedSearcher};
use self::renew::generation_of;
pub use self::shelf::Shelf;
pub(crate) use self::stores::servers;
use crate::api::state::unknown_collection;
use crate::api::{CollectionHandle, Collections};
use crate::data::DataFolder;
use crate::models::locate;

/// A running footnote.
pub struct Footnote {
    shelf: Shelf,
    settings: Settings,
    models: ModelCatalog,
    embedder: Arc<dyn Embedder>,
    span_reader: Option<Arc<dyn SpanReader>>,
    generator: Option<Arc<dyn Generator>>,
    live: Live,
    /// Where another footnote ingests.
    reader: Option<Arc<Reader>>,
    /// Held while an index is opened.
    opening: Mutex<()>,
    /// Held by whoever writes to a collection.
    writing: Mutex<HashMap<String, Arc<Mutex<()>>>>,
}

/// What a command needs loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// The embedding model: to ingest and to search.
    Retrieval,
    /// The reader too, and the generation model unless `grounding.mode = "quoted"`: to answer.
    Answers,
}

impl Footnote {
    /// Opens the data folder, making it where it is missing, and loads the models.
    ///
    /// # Errors
    /// Those of the data folder, the catalog and the models.
    pub async fn create(settings: &Settings, models: &ModelCatalog, load: Load, holder: &str) -> Result<Self> {
        Self::with(Shelf::create(settings, holder).await?, settings, models, load).await
    }

    /// Opens the data folder as it is, and loads the models.
    ///
    /// # Errors
    /// As [`Self::create`]; also where nothing was ingested yet.
    pub async fn open(settings: &Settings, models: &ModelCatalog, load: Load, holder: &str) -> Result<Self> {
        Self::with(Shelf::open(settings, holder).await?, settings, models, load).await
    }

    /// Loads the models to ask what was ingested: beside the footnote that ingests, without a data folder, where catalog
    /// and indexes are on servers; as [`Self::open`] otherwise.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn read(settings: &Settings, models: &ModelCatalog, load: Load, holder: &str) -> Result<Self> {
        match shelf::is_shared(settings) {
            true => Self::with(Shelf::read(settings, holder).await?, settings, models, load).await,
            false => Self::open(settings, models, load, holder).await,
        }
    }

    /// As [`Self::read`], for a query server: nothing else will do.
    ///
    /// # Errors
    /// As [`Self::read`]; [`Code::SettingsInvalid`] where something of it all is in a data folder.
    pub async fn query_server(settings: &Settings, models: &ModelCatalog) -> Result<Self> {
        if !shelf::is_shared(settings) {
            let message = "--query-only: what was ingested is in a data folder, which one process has open";
            return Err(Error::new(Code::SettingsInvalid, message).hint(
                "put it on servers that all can reach: catalog.store = \"postgres\", vectors.store = \"qdrant\" and \
                 keyword.index = \"qdrant\" (docs/query-servers.md)",
            ));
        }
        Self::read(settings, models, Load::Answers, "footnote serve --query-only").await
    }

    async fn with(shelf: Shelf, settings: &Settings, models: &ModelCatalog, load: Load) -> Result<Self> {
        let generator = async {
            match (load, settings.grounding.mode) {
                (Load::Answers, AnswerMode::Generated) => engines::generator(settings, models).await.map(Some),
                _ => Ok(None),
            }
        };
        // All are waited for, also when one fails: a process that ends while a library is loading a model can crash in that
        // library's destructors instead of telling the error.
        let span_reader = async {
            match load {
                Load::Answers => models::span_reader(settings, models).await,
                _ => Ok(None),
            }
        };
        let (embedder, generator, reranking, span_reader) = tokio::join!(
            models::embedder(settings, models, &settings.embedding.model),
            generator,
            models::reranking(settings, models),
            span_reader
        );
        let (embedder, generator, reranking, span_reader) = (embedder?, generator?, reranking?, span_reader?);
        let live = Live::new(reranking);
        let reader = shelf.only_reads().then(|| Reader {
            settings: settings.clone(),
            models: models.clone(),
            catalog: Arc::clone(&shelf.catalog) as _,
            embedder: Arc::clone(&embedder),
            live: live.clone(),
            opening: Mutex::default(),
        });
        Ok(Self {
            shelf,
            settings: settings.clone(),
            models: models.clone(),
            embedder,
            span_reader,
            generator,
            live,
            reader: reader.map(Arc::new),
            opening: Mutex::default(),
            writing: Mutex::new(HashMap::new()),
        })
    }

    /// The data folder.
    ///
    /// # Errors
    /// [`Code::QueryOnly`] where this one only reads.
    pub fn data(&self) -> Result<&DataFolder> {
        self.shelf.data()
    }

    /// What was ingested.
    #[must_use]
    pub fn catalog(&self) -> Arc<dyn Catalog> {
        Arc::clone(&self.shelf.catalog) as _
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Waits until nobody writes to a collection. While the guard lives, nobody else who asks for one does:
    /// ingestion and deletion at once would undo each other's work.
    pub async fn alone(&self, collection: &str) -> OwnedMutexGuard<()> {
        let lock = Arc::clone(self.writing.lock().await.entry(collection.to_owned()).or_default());
        lock.lock_owned().await
    }

    /// The ingestion worker of a collection, which comes to exist if it does not. Where it was made with another
    /// embedding model or cut in another way than the settings say, it is made anew first, which takes as long as an
    /// ingestion; until then the old index answers.
    ///
    /// # Errors
    /// Those of the indexes, the tokenizer and the models; [`Code::Cancelled`].
    pub async fn ingestor(
        &self,
        collection: &str,
        retry: RetryWhich,
        progress: &dyn Progress,
        cancel: &CancellationToken,
    ) -> Result<Ingestor> {
        self.renew(collection, progress, cancel).await?;
        let index = self.index(collection).await?;
        Placed::forget_moving(&self.data()?.index(collection, index.generation))?;
        // Makes the collection on a server that has none yet, so that a search finds it empty and not missing.
        index.vectors.flush().await?;
        index.clear_older().await;
        Ingestor::new(self.stores(&index), self.ingest_options(collection, &index.embedder.model().id, retry)?)
    }

    /// Compares the catalog, both indexes and the texts of a collection.
    ///
    /// # Errors
    /// [`Code::CollectionUnknown`], and what reading gives.
    pub async fn verify(&self, collection: &str) -> Result<VerifyReport> {
        self.must_exist(collection).await?;
        let index = self.index(collection).await?;
        footnote_ingest::verify(&*self.shelf.catalog, &*index.vectors, &*index.keyword, collection).await
    }

    /// Mends what [`Self::verify`] found.
    ///
    /// # Errors
    /// When a store or the model fails.
    pub async fn repair(&self, collection: &str, found: &VerifyReport) -> Result<Repair> {
        let index = self.index(collection).await?;
        let mut options = self.ingest_options(collection, &index.embedder.model().id, RetryWhich::Failed)?;
        options.chunk = self.chunking_of(collection).await?.unwrap_or(options.chunk);
        Ingestor::new(self.stores(&index), options)?.repair(found).await
    }

    /// Takes a document out of the catalog and both indexes of its collection. Gives whether it was there.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn remove(&self, collection: &str, document: DocumentId) -> Result<bool> {
        self.data()?;
        let index = self.index(collection).await?;
        let removed = footnote_ingest::remove(&self.stores(&index), document, "deleted by request").await?;
        Ok(removed.is_some())
    }

    async fn must_exist(&self, name: &str) -> Result<()> {
        // A list of all is made of every document's row: only for whom there is something to be told.
        if self.shelf.catalog.fact(name, EMBEDDING_MODEL).await?.is_some() {
            return Ok(());
        }
        let known = self.shelf.catalog.collections().await?;
        if known.iter().any(|known| known == name) { Ok(()) } else { Err(unknown_collection(name, &known)) }
    }

    fn stores(&self, index: &Index) -> Stores {
        Stores {
            catalog: Arc::clone(&self.shelf.catalog) as _,
            embedder: Arc::clone(&index.embedder),
            vectors: Arc::clone(&index.vectors),
            keyword: Arc::clone(&index.keyword),
        }
    }

    fn ingest_options(&self, collection: &str, model: &str, which: RetryWhich) -> Result<IngestOptions> {
        let model = self.models.get(model)?;
        let ingest = &self.settings.ingest;
        Ok(IngestOptions {
            collection: collection.to_owned(),
            tokenizer: locate(&self.settings.models, model, "tokenizer.json")?,
            chunk: chunking(&self.settings),
            max_file_bytes: ingest.max_file_bytes,
            follow_links: ingest.follow_links,
            reader: reader(&self.settings),
            archive: archive_limits(&self.settings),
            retry: Retry { attempts: ingest.attempts, wait: Duration::from_secs(ingest.retry_seconds), which },
            rules: rules(&self.settings, self.data()?.uploads()),
        })
    }

    /// The index that answers, opened once and kept. What a run that was cut short had begun is finished first.
    async fn index(&self, name: &str) -> Result<Index> {
        footnote_core::collection::check_name(name)?;
        if let Some(reader) = &self.reader {
            return reader.index(name).await;
        }
        let _alone = self.opening.lock().await;
        if let Some(index) = self.live.get(name) {
            return Ok(index);
        }
        let generation = generation_of(&*self.shelf.catalog, name).await?;
        self.must_be_here(name, generation).await?;
        let embedder = self.embedder_of(name).await?;
        let index = Index::open(&self.settings, self.data()?, (name, generation), embedder, true).await?;
        footnote_ingest::finish(&self.stores(&index), name).await?;
        // Where a crash came between a swap and the clearing up.
        self.clear_generations(name, generation)?;
        self.live.put(name, index.clone());
        Ok(index)
    }

    /// A catalog in a database may speak of an index that is in the data folder of another machine: an empty one made here
    /// would answer that nothing is known.
    async fn must_be_here(&self, name: &str, generation: u32) -> Result<()> {
        let data = self.data()?;
        let in_doubt = self.shelf.postgres.is_some() && !shelf::is_shared(&self.settings);
        if !in_doubt || Placed::read(&data.index(name, generation))?.is_some() {
            return Ok(());
        }
        match self.shelf.catalog.visible(name, &Grants::All).await? {
            0 => Ok(()),
            documents => {
                let root = data.root().display();
                let message =
                    format!("{root}: has no index of `{name}`, of which the catalog has {documents} documents");
                Err(Error::new(Code::IndexMismatch, message).hint(
                    "it is in the data folder of another machine, or lost: run this there, move it to a Qdrant server that all \
                     machines reach (`footnote migrate --to qdrant`), or make it anew here with `footnote verify --repair`",
                ))
            }
        }
    }

    /// Lets an index be made anew in this data folder, of which it may have nothing: [`Self::repair`] fills it.
    ///
    /// # Errors
    /// When the catalog cannot be read or the folder not be written.
    pub async fn begin_here(&self, name: &str) -> Result<()> {
        let folder = self.data()?.index(name, generation_of(&*self.shelf.catalog, name).await?);
        match Placed::read(&folder)? {
            Some(_) => Ok(()),
            None => Placed::new(Kinds::of(&self.settings)).write(&folder),
        }
    }

    /// The embedding model that a collection was made with.
    async fn embedder_of(&self, name: &str) -> Result<Arc<dyn Embedder>> {
        let made_with = self.shelf.catalog.fact(name, EMBEDDING_MODEL).await?;
        models::embedder_of(&self.settings, &self.models, &self.embedder, made_with.as_deref()).await
    }

    /// Searches whichever index of the collection answers.
    fn searcher(&self, name: &str) -> Arc<dyn Searcher> {
        let (collection, options) = (name.to_owned(), retrieval(&self.settings));
        match &self.reader {
            Some(reader) => Arc::new(SharedSearcher { reader: Arc::clone(reader), collection, options }),
            None => Arc::new(LiveSearcher { live: self.live.clone(), collection, catalog: self.catalog(), options }),
        }
    }
}

#[async_trait]
impl Collections for Footnote {
    async fn open(&self, name: &str) -> Result<CollectionHandle> {
        self.must_exist(name).await?;
        let index = self.index(name).await?;
        let searcher = self.searcher(name);
        let answerer = GroundedAnswerer::new(
            AnswererParts {
                searcher: Arc::clone(&searcher),
                embedder: self.live.remembering(&index),
                reader: self.span_reader.clone(),
                catalog: self.catalog(),
                generator: self.generator.clone(),
            },
            prompting::suited(grounding(&self.settings, name), &self.settings, &self.models),
        );
        Ok(CollectionHandle { searcher, answerer: Arc::new(answerer) })
    }
}
