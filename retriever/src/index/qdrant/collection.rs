//! A collection on the server: found or made, its alias, its generations.
//!
//! ```text
//! PREFIX-NAME       the alias: what searches ask. It names the generation that answers.
//! PREFIX-NAME.gN    the Nth generation: written while another answers, then the alias changes in one step.
//! ….terms           how many chunks have a word, and its alias: where there are several shards.
//! ```
//!
//! Nothing is asked of the server before it is needed: a footnote starts while Qdrant is away, and the keyword leg may
//! answer alone.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use footnote_core::{ChunkId, Code, Error, Result};
use qdrant_client::Qdrant;
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::vectors_config::Config;
use qdrant_client::qdrant::{
    CollectionInfo, CollectionStatus, CreateAliasBuilder, CreateFieldIndexCollectionBuilder, FieldType, Modifier,
    UpdateCollection, Value, WriteOrdering, WriteOrderingType,
};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use super::super::bm25::Sparse;
use super::super::payload::{FACTS, LANGUAGE, MAX_NUMBER_INDEXES, number_path};
use super::connect::Connection;
use super::counts::{self, Counts};
use super::creation::creation;
use super::languages::Languages;
use super::{MEANING, QdrantOptions, WORDS};

/// The fact of a collection that gives the average length of its documents in terms.
const MEAN_LENGTH: &str = "footnote_mean_length";
/// How often it is asked whether the graphs are built, and for how long.
const LOOK: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(600);

/// A generation of a collection on the server; both legs share it.
pub struct QdrantCollection {
    pub(super) connection: Connection,
    pub(super) options: QdrantOptions,
    pub(super) dimension: usize,
    /// What searches ask once this generation answers.
    alias: String,
    name: String,
    generation: u32,
    /// Whether the alias is to name this generation.
    answers: AtomicBool,
    /// Filled when the collection was found or made.
    ready: OnceCell<()>,
    /// What its documents are written in.
    pub(super) languages: Languages,
    /// How many chunks have a word, where that is footnote's to know.
    pub(super) counts: Counts,
    /// Whether it is: filled with `ready`.
    counted: AtomicBool,
    /// Held by whoever writes: the legs write the same points, and neither may undo the other's work.
    writing: Mutex<Writing>,
}

/// What a writer knows.
#[derive(Default)]
pub(super) struct Writing {
    /// Paths in the payload that have an index.
    indexed: HashSet<String>,
    /// The average length of documents in terms, once it is settled.
    pub(super) mean_length: Option<f32>,
    /// The words that were written since the last flush: a point that is written again by the vector leg keeps them.
    pub(super) words: HashMap<ChunkId, Sparse>,
    /// Chunks whose words were written or deleted since words were counted.
    pub(super) changed: u64,
    /// Chunks whose words were counted, once that is known.
    pub(super) counted: Option<u64>,
}

impl QdrantCollection {
    /// The `generation`-th of the collection `name`, for vectors of length `dimension`. It is one that `answers`, or
    /// one that is being made. Asks nothing of the server yet.
    ///
    /// # Errors
    /// [`Code::SettingsInvalid`] where an address cannot be one.
    pub fn new(name: &str, generation: u32, dimension: usize, answers: bool, options: QdrantOptions) -> Result<Self> {
        let alias = format!("{}-{name}", options.prefix);
        Ok(Self {
            connection: Connection::new(&options)?,
            options,
            dimension,
            name: generation_name(&alias, generation),
            alias,
            generation,
            answers: AtomicBool::new(answers),
            ready: OnceCell::new(),
            languages: Languages::default(),
            counts: Counts::default(),
            counted: AtomicBool::new(false),
            writing: Mutex::default(),
        })
    }

    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{} on {}", self.alias, self.connection.url())
    }

    /// Whether its server can be reached and used.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn reach(&self) -> Result<()> {
        self.connection.check_version().await?;
        // The version is told to whoever asks; this needs the key.
        self.is_there(&self.name).await.map(drop)
    }

    /// Whether it is there. Checked the first time, with the server's version and the vectors' length.
    ///
    /// # Errors
    /// [`Code::IndexMismatch`], and those of the connection.
    pub async fn exists(&self) -> Result<bool> {
        if self.ready.initialized() {
            return Ok(true);
        }
        self.connection.check_version().await?;
        let there = self
            .connection
            .ask_soon("look for the collection", |client| async move { client.collection_exists(&self.name).await })
            .await?;
        if there {
            self.ready.get_or_try_init(|| self.take_up()).await?;
        }
        Ok(there)
    }

    /// Makes it where it is not there yet.
    pub(super) async fn made(&self) -> Result<()> {
        if self.exists().await? {
            return Ok(());
        }
        let request = creation(&self.name, self.dimension, &self.options);
        let create = |client: Qdrant| {
            let request = request.clone();
            async move { client.create_collection(request).await }
        };
        let created = self.connection.ask("make the collection", create).await;
        // Another footnote may have been quicker.
        if created.is_err() && self.exists().await? {
            return Ok(());
        }
        created?;
        self.ready.get_or_try_init(|| self.take_up()).await?;
        Ok(())
    }

    /// Checks what is there, and sees to the alias, older generations and the indexes for filters.
    async fn take_up(&self) -> Result<()> {
        let info = self.info().await?;
        let found = length_of_vectors(&info).unwrap_or_default();
        if found != self.dimension {
            let message =
                format!("{}: holds vectors of {found}, but the embedding model gives {}", self.place(), self.dimension);
            return Err(Error::new(Code::IndexMismatch, message)
                .hint("set embedding.model back to the model it was made with, or set another qdrant.prefix"));
        }
        self.counted.store(!has_idf(&info), Ordering::Relaxed);
        let mut writing = self.writing.lock().await;
        writing.indexed = info.payload_schema.keys().cloned().collect();
        writing.mean_length = mean_length(&info);
        self.index(FACTS, FieldType::Keyword, &mut writing).await?;
        self.index(LANGUAGE, FieldType::Keyword, &mut writing).await?;
        drop(writing);
        if self.answers.load(Ordering::Relaxed) {
            self.answer().await?;
        }
        Ok(())
    }

    /// Lets searches find this generation, from now on, in one step; and removes older ones.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn answer(&self) -> Result<()> {
        let counts = counts::name(&self.name);
        // First: it is better to weigh the old one's words by the new one's counts than by none.
        if self.is_there(&counts).await? {
            self.point(&counts::name(&self.alias), &counts).await?;
        }
        self.point(&self.alias, &self.name).await?;
        self.answers.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Lets searches find the counts that were made for this generation, if it answers.
    pub(super) async fn let_counts_answer(&self) -> Result<()> {
        match self.answers.load(Ordering::Relaxed) {
            true => self.point(&counts::name(&self.alias), &counts::name(&self.name)).await,
            false => Ok(()),
        }
    }

    /// Lets an alias name a collection.
    async fn point(&self, alias: &str, name: &str) -> Result<()> {
        let aliases =
            self.connection.ask("read the aliases", |client| async move { client.list_aliases().await }).await?.aliases;
        if aliases.iter().any(|known| known.alias_name == alias && known.collection_name == name) {
            return Ok(());
        }
        let point = |client: Qdrant| async move { client.create_alias(CreateAliasBuilder::new(name, alias)).await };
        self.connection.ask("change the alias", point).await.map(drop)
    }

    pub(super) async fn is_there(&self, name: &str) -> Result<bool> {
        let there = |client: Qdrant| async move { client.collection_exists(name).await };
        self.connection.ask("look for a collection", there).await
    }

    /// Removes generations before this one. What cannot be removed now is removed the next time.
    pub async fn clear_older(&self) {
        if let Err(error) = self.try_clear_older().await {
            tracing::warn!(%error, "an index that is no longer used was not removed");
        }
    }

    async fn try_clear_older(&self) -> Result<()> {
        for older in 0..self.generation {
            self.remove_all(&generation_name(&self.alias, older)).await?;
        }
        Ok(())
    }

    /// Removes a generation and its counts, where they are there.
    async fn remove_all(&self, name: &str) -> Result<()> {
        for name in [counts::name(name).as_str(), name] {
            if self.is_there(name).await? {
                let delete = |client: Qdrant| async move { client.delete_collection(name).await };
                self.connection.ask("remove a collection", delete).await?;
            }
        }
        Ok(())
    }

    /// Removes it from the server, with its alias.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn remove(&self) -> Result<()> {
        self.remove_all(&self.name).await
    }

    /// Whether footnote counts its words, instead of the server.
    pub(super) fn is_counted(&self) -> bool {
        self.counted.load(Ordering::Relaxed)
    }

    /// About how many chunks it has.
    pub(super) async fn points(&self) -> Result<u64> {
        Ok(self.info().await?.points_count.unwrap_or_default())
    }

    /// What searches ask.
    pub(super) fn asked(&self) -> &str {
        if self.answers.load(Ordering::Relaxed) { &self.alias } else { &self.name }
    }

    /// What is written to.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().await
    }

    /// How writes to the same point are kept in order. Where each shard is on several nodes, one of them decides.
    pub(super) fn ordering(&self) -> WriteOrdering {
        let several = self.options.replication_factor > 1;
        let kind = if several { WriteOrderingType::Medium } else { WriteOrderingType::Weak };
        WriteOrdering { r#type: kind as i32 }
    }

    /// A search against a collection that is not there. Not "nothing found": that would be a lie.
    pub(super) fn not_there(&self) -> Error {
        Error::new(Code::IndexMismatch, format!("there is no collection {}", self.place())).hint(
            "check qdrant.url and qdrant.prefix; `footnote migrate --to qdrant` moves an embedded collection there, and \
             `footnote verify --repair` makes a lost one anew",
        )
    }

    /// Gives the fields that have numbers an index, when they are first met.
    pub(super) async fn index_numbers(&self, fields: HashSet<&str>, writing: &mut Writing) -> Result<()> {
        for path in fields.into_iter().map(number_path) {
            // Two of them are those of the words and of the language.
            if writing.indexed.len() < MAX_NUMBER_INDEXES + 2 {
                self.index(&path, FieldType::Float, writing).await?;
            }
        }
        Ok(())
    }

    async fn index(&self, path: &str, kind: FieldType, writing: &mut Writing) -> Result<()> {
        if writing.indexed.contains(path) {
            return Ok(());
        }
        // Not waited for: with many points it takes long, and later writes are applied after it all the same.
        let request = CreateFieldIndexCollectionBuilder::new(self.name.as_str(), path, kind).wait(false).build();
        let create = |client: Qdrant| {
            let request = request.clone();
            async move { client.create_field_index(request).await }
        };
        self.connection.ask("index what filters ask for", create).await?;
        writing.indexed.insert(path.to_owned());
        Ok(())
    }

    /// Settles the average length of documents in terms, for all who write to the collection.
    pub(super) async fn settle_mean_length(&self, mean: f32, writing: &mut Writing) -> Result<()> {
        let value = Value { kind: Some(Kind::DoubleValue(f64::from(mean))) };
        let request = UpdateCollection {
            collection_name: self.name.clone(),
            metadata: [(MEAN_LENGTH.to_owned(), value)].into(),
            ..UpdateCollection::default()
        };
        let update = |client: Qdrant| {
            let request = request.clone();
            async move { client.update_collection(request).await }
        };
        self.connection.ask("note the average length", update).await?;
        writing.mean_length = Some(mean);
        Ok(())
    }

    /// Waits until the server has built its graphs. It does so by itself.
    pub(super) async fn wait_for_graphs(&self) -> Result<()> {
        let begun = tokio::time::Instant::now();
        loop {
            match self.info().await?.status() {
                CollectionStatus::Green => return Ok(()),
                CollectionStatus::Red => {
                    let message = format!("{}: the Qdrant server cannot build its index", self.place());
                    return Err(Error::new(Code::Network, message).hint("the Qdrant server's log tells why"));
                }
                _ if begun.elapsed() > PATIENCE => {
                    tracing::warn!(collection = self.place(), "still being indexed: searches are right, and slower");
                    return Ok(());
                }
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }

    async fn info(&self) -> Result<CollectionInfo> {
        let info = |client: Qdrant| async move { client.collection_info(self.name.as_str()).await };
        let reply = self.connection.ask("read the collection's state", info).await?;
        reply.result.ok_or_else(|| Error::new(Code::StoreVersion, format!("{}: no state was given", self.place())))
    }
}

fn generation_name(alias: &str, generation: u32) -> String {
    // A dot: the names of collections have none, so that no alias is another's generation.
    format!("{alias}.g{generation}")
}

fn length_of_vectors(info: &CollectionInfo) -> Option<usize> {
    let params = info.config.as_ref()?.params.as_ref()?;
    match params.vectors_config.as_ref()?.config.as_ref()? {
        Config::ParamsMap(named) => Some(named.map.get(MEANING)?.size as usize),
        Config::Params(_) => None,
    }
}

/// Whether the server multiplies words with their IDF.
fn has_idf(info: &CollectionInfo) -> bool {
    let words = || info.config.as_ref()?.params.as_ref()?.sparse_vectors_config.as_ref()?.map.get(WORDS);
    words().is_some_and(|words| words.modifier == Some(Modifier::Idf as i32))
}

fn mean_length(info: &CollectionInfo) -> Option<f32> {
    match info.config.as_ref()?.metadata.get(MEAN_LENGTH)?.kind {
        Some(Kind::DoubleValue(mean)) => Some(mean as f32),
        Some(Kind::IntegerValue(mean)) => Some(mean as f32),
        _ => None,
    }
}
