//! Settings in, a running footnote out. Every adapter is named in this file and nowhere else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use footnote_config::{AnswerMode, Engine, FusionKind, KeywordKind, Model, ModelCatalog, Settings, VectorKind};
use footnote_core::seam::{Catalog, Embedder, EmbeddingModel, Generator, KeywordIndex, VectorStore};
use footnote_core::{Code, DocumentId, Error, Result};
use footnote_generator::engine::{self, EngineChoice, EngineOptions};
use footnote_generator::{AnswererParts, GroundedAnswerer, GroundingOptions};
use footnote_ingest::{ChunkOptions, IngestOptions, Ingestor, SqliteCatalog, VerifyReport};
use footnote_retriever::{
    EdgeStore, FastEmbedder, FastEmbedderOptions, Fusion, Retriever, RetrieverOptions, RetrieverParts, TantivyIndex,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::api::state::unknown_collection;
use crate::api::{ApiState, CollectionHandle, Collections, Ingestion};
use crate::data::DataFolder;
use crate::models::locate;

/// The data folder with its catalog: enough to look things up, without a model.
pub struct Shelf {
    /// The locked data folder.
    pub data: DataFolder,
    /// What was ingested.
    pub catalog: Arc<dyn Catalog>,
}

impl Shelf {
    /// Opens what was ingested before.
    ///
    /// # Errors
    /// Those of [`DataFolder::open`] and of the catalog.
    pub fn open(settings: &Settings, holder: &str) -> Result<Self> {
        Self::of(DataFolder::open(&settings.data, holder)?)
    }

    fn of(data: DataFolder) -> Result<Self> {
        let catalog = Arc::new(SqliteCatalog::open(&data.catalog())?);
        Ok(Self { data, catalog })
    }
}

/// A running footnote.
pub struct Footnote {
    shelf: Shelf,
    settings: Settings,
    models: ModelCatalog,
    embedder: Arc<dyn Embedder>,
    generator: Option<Arc<dyn Generator>>,
    open: Mutex<HashMap<String, Legs>>,
    /// Held by whoever writes to a collection.
    writing: Mutex<HashMap<String, Arc<Mutex<()>>>>,
}

/// Both legs of a collection.
#[derive(Clone)]
struct Legs {
    vectors: Arc<dyn VectorStore>,
    keyword: Arc<dyn KeywordIndex>,
}

/// What a command needs loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// The embedding model: to ingest and to search.
    Retrieval,
    /// The generation model too, unless `grounding.mode = "quoted"`: to answer.
    Answers,
}

impl Footnote {
    /// Opens the data folder, making it where it is missing, and loads the models.
    ///
    /// # Errors
    /// Those of the data folder, the catalog and the models.
    pub async fn create(settings: &Settings, models: &ModelCatalog, load: Load, holder: &str) -> Result<Self> {
        let shelf = Shelf::of(DataFolder::create(&settings.data, holder)?)?;
        Self::with(shelf, settings, models, load).await
    }

    /// Opens the data folder as it is, and loads the models.
    ///
    /// # Errors
    /// As [`Self::create`]; also where nothing was ingested yet.
    pub async fn open(settings: &Settings, models: &ModelCatalog, load: Load, holder: &str) -> Result<Self> {
        Self::with(Shelf::open(settings, holder)?, settings, models, load).await
    }

    async fn with(shelf: Shelf, settings: &Settings, models: &ModelCatalog, load: Load) -> Result<Self> {
        let generator = async {
            match (load, settings.grounding.mode) {
                (Load::Answers, AnswerMode::Generated) => generator(settings, models).await.map(Some),
                _ => Ok(None),
            }
        };
        let (embedder, generator) = tokio::try_join!(embedder(settings, models), generator)?;
        Ok(Self {
            shelf,
            settings: settings.clone(),
            models: models.clone(),
            embedder,
            generator,
            open: Mutex::new(HashMap::new()),
            writing: Mutex::new(HashMap::new()),
        })
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &DataFolder {
        &self.shelf.data
    }

    /// What was ingested.
    #[must_use]
    pub fn catalog(&self) -> Arc<dyn Catalog> {
        Arc::clone(&self.shelf.catalog)
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

    /// The ingestion worker of a collection, which comes to exist if it does not.
    ///
    /// # Errors
    /// Those of the indexes and the tokenizer.
    pub async fn ingestor(&self, collection: &str) -> Result<Ingestor> {
        let legs = self.legs(collection).await?;
        let stores = footnote_ingest::Stores {
            catalog: self.catalog(),
            embedder: Arc::clone(&self.embedder),
            vectors: legs.vectors,
            keyword: legs.keyword,
        };
        let model = self.models.get(&self.settings.embedding.model)?;
        let ingest = &self.settings.ingest;
        Ingestor::new(
            stores,
            IngestOptions {
                collection: collection.to_owned(),
                tokenizer: locate(&self.settings.models, model, "tokenizer.json")?,
                chunk: ChunkOptions {
                    max_tokens: self.settings.chunk.max_tokens,
                    overlap_tokens: self.settings.chunk.overlap_tokens,
                },
                max_file_bytes: ingest.max_file_bytes,
                follow_links: ingest.follow_links,
                extract_deadline: Duration::from_secs(ingest.extract_deadline_seconds),
            },
        )
    }

    /// Compares the catalog, both indexes and the texts of a collection.
    ///
    /// # Errors
    /// [`Code::CollectionUnknown`], and what reading gives.
    pub async fn verify(&self, collection: &str) -> Result<VerifyReport> {
        self.must_exist(collection).await?;
        let legs = self.legs(collection).await?;
        footnote_ingest::verify(&*self.shelf.catalog, &*legs.vectors, &*legs.keyword, collection).await
    }

    /// Takes a document out of the catalog and both indexes of its collection. Gives whether it was there.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn remove(&self, collection: &str, document: DocumentId) -> Result<bool> {
        let legs = self.legs(collection).await?;
        footnote_ingest::remove(&*self.shelf.catalog, &*legs.vectors, &*legs.keyword, document).await
    }

    /// What the HTTP API needs.
    #[must_use]
    pub fn api_state(self: &Arc<Self>, ingestion: Ingestion) -> ApiState {
        ApiState {
            collections: Arc::clone(self) as Arc<dyn Collections>,
            catalog: self.catalog(),
            default_collection: self.settings.server.collection.as_str().into(),
            generator: self.generator.as_ref().map(|generator| generator.info().clone()),
            max_body_bytes: self.settings.server.max_body_bytes,
            ingestion,
        }
    }

    async fn must_exist(&self, name: &str) -> Result<()> {
        let known = self.shelf.catalog.collections().await?;
        if known.iter().any(|known| known == name) { Ok(()) } else { Err(unknown_collection(name, &known)) }
    }

    async fn legs(&self, name: &str) -> Result<Legs> {
        footnote_core::collection::check_name(name)?;
        let mut open = self.open.lock().await;
        if let Some(legs) = open.get(name) {
            return Ok(legs.clone());
        }
        let (vectors, keyword) = (self.shelf.data.vectors(name), self.shelf.data.keyword(name));
        let dimension = self.embedder.model().dimension;
        let (store, index) = (self.settings.vectors.store, self.settings.keyword.index);
        let opened = tokio::task::spawn_blocking(move || {
            let vectors: Arc<dyn VectorStore> = match store {
                VectorKind::Edge => Arc::new(EdgeStore::open(&vectors, dimension)?),
            };
            let keyword: Arc<dyn KeywordIndex> = match index {
                KeywordKind::Tantivy => Arc::new(TantivyIndex::open(&keyword)?),
            };
            Ok::<_, Error>(Legs { vectors, keyword })
        });
        let legs = opened.await.map_err(|error| Error::internal(error.to_string()))??;
        open.insert(name.to_owned(), legs.clone());
        Ok(legs)
    }
}

#[async_trait]
impl Collections for Footnote {
    async fn open(&self, name: &str) -> Result<CollectionHandle> {
        self.must_exist(name).await?;
        let legs = self.legs(name).await?;
        let retrieval = &self.settings.retrieval;
        let searcher = Arc::new(Retriever::new(
            RetrieverParts {
                embedder: Arc::clone(&self.embedder),
                vectors: legs.vectors,
                keyword: legs.keyword,
                catalog: self.catalog(),
            },
            RetrieverOptions {
                top_k: retrieval.top_k,
                candidates: retrieval.candidates,
                fusion: match retrieval.fusion {
                    FusionKind::MinMax => Fusion::MinMax { dense_weight: retrieval.dense_weight },
                    FusionKind::Rrf => Fusion::Rrf { k: retrieval.rrf_k },
                },
            },
        ));
        let answerer = GroundedAnswerer::new(
            AnswererParts {
                searcher: Arc::clone(&searcher) as _,
                embedder: Arc::clone(&self.embedder),
                catalog: self.catalog(),
                generator: self.generator.clone(),
            },
            grounding(&self.settings, name),
        );
        Ok(CollectionHandle { searcher, answerer: Arc::new(answerer) })
    }
}

/// How answers from `collection` are grounded, by the settings.
#[must_use]
pub fn grounding(settings: &Settings, collection: &str) -> GroundingOptions {
    let (grounding, generation) = (&settings.grounding, &settings.generation);
    GroundingOptions {
        collection: collection.to_owned(),
        max_evidence: grounding.max_evidence,
        lexical_weight: grounding.lexical_weight,
        min_score: grounding.min_score,
        max_tokens: generation.max_tokens,
        deadline: Duration::from_secs(generation.deadline_seconds),
        temperature: generation.temperature,
    }
}

/// The embedding model that the settings name.
pub(crate) async fn embedder(settings: &Settings, models: &ModelCatalog) -> Result<Arc<dyn Embedder>> {
    let model = models.get(&settings.embedding.model)?;
    let (Some(dimension), Some(max_tokens)) = (model.dimension, model.max_tokens) else {
        return Err(Error::new(Code::ModelUnknown, format!("`{}` is not an embedding model", model.id))
            .hint("footnote models list shows the kinds"));
    };
    let runtime = models.runtime()?;
    let options = FastEmbedderOptions {
        model: EmbeddingModel { id: model.id.clone(), dimension, max_tokens },
        folder: locate::folder(&settings.models, model)?,
        runtime: locate(&settings.models, runtime, &runtime.files[0].name)?,
        threads: threads(settings.embedding.threads),
        batch_size: settings.embedding.batch_size,
    };
    let loaded = tokio::task::spawn_blocking(move || FastEmbedder::load(options)).await;
    Ok(Arc::new(loaded.map_err(|error| Error::internal(error.to_string()))??))
}

/// The generation engine and model that the settings name.
pub(crate) async fn generator(settings: &Settings, models: &ModelCatalog) -> Result<Arc<dyn Generator>> {
    let generation = &settings.generation;
    let (model_id, file) = match models.get(&generation.model) {
        Ok(model) => (model.id.clone(), locate(&settings.models, model, &gguf(model)?)?),
        // Not an id: a path to a file of the user's own.
        Err(_) if generation.model.contains(['/', '.']) => (generation.model.clone(), generation.model.clone().into()),
        Err(unknown) => return Err(unknown),
    };
    let choice = match generation.engine {
        Engine::Auto => EngineChoice::Auto,
        Engine::Mistralrs => EngineChoice::MistralRs,
        Engine::LlamaCpp => EngineChoice::LlamaCpp,
    };
    let options = EngineOptions {
        model_id,
        file,
        context: generation.context,
        threads: threads(generation.threads),
        queue: generation.queue,
    };
    engine::load(choice, options).await
}

fn gguf(model: &Model) -> Result<String> {
    let file = model.files.iter().find(|file| file.name.ends_with(".gguf")).map(|file| file.name.clone());
    file.ok_or_else(|| {
        Error::new(Code::ModelUnsupported, format!("`{}` is not a model that writes text from a GGUF file", model.id))
            .hint("footnote models list shows the generation models")
    })
}

/// 0 stands for one per core.
fn threads(setting: usize) -> usize {
    match setting {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}
