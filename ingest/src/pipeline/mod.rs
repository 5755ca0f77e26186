//! The ingestion worker: three stages that overlap, joined by short channels.
//!
//! ```text
//! prepare (read, extract, cut; blocking threads) → gather and embed → write (catalog, indexes, catalog)
//! ```

mod batch;
mod facts;
mod prepare;
mod recover;
mod remove;
mod stages;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use footnote_core::catalog::DocumentRecord;
use footnote_core::collection::check_name;
use footnote_core::seam::{Catalog, Embedder, KeywordIndex, VectorStore};
use footnote_core::source::file_of_uri;
use footnote_core::{Code, Error, Result, Source};

pub use self::facts::{CHUNKING, DIMENSION, EMBEDDING_MODEL};
use self::prepare::{Input, Preparer, Task};
pub use self::recover::recover;
pub use self::remove::remove;
use self::stages::{Run, Work};
use crate::chunk::{ChunkOptions, Chunker};
use crate::discover::{Discovered, FoundFile, discover};
use crate::progress::Progress;
use crate::report::{IngestReport, Outcome, Problem};

/// What the worker reads with and writes to.
#[derive(Clone)]
pub struct Stores {
    /// The record of what was ingested.
    pub catalog: Arc<dyn Catalog>,
    /// The embedding model.
    pub embedder: Arc<dyn Embedder>,
    /// The vector leg of the collection.
    pub vectors: Arc<dyn VectorStore>,
    /// The keyword leg of the collection.
    pub keyword: Arc<dyn KeywordIndex>,
}

/// How to ingest.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// The collection to write to.
    pub collection: String,
    /// How documents are cut.
    pub chunk: ChunkOptions,
    /// The embedding model's `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// Larger files are skipped.
    pub max_file_bytes: u64,
    /// Whether symbolic links inside a folder are followed.
    pub follow_links: bool,
    /// The longest that one file may take to be read.
    pub extract_deadline: Duration,
}

/// Ingests into one collection. One run at a time: two at once would write the same documents.
pub struct Ingestor {
    stores: Stores,
    options: IngestOptions,
    preparer: Arc<Preparer>,
    running: tokio::sync::Mutex<()>,
}

impl Ingestor {
    /// Loads the tokenizer and checks the options.
    ///
    /// # Errors
    /// [`Code::CollectionName`], [`Code::SettingsInvalid`], [`Code::ModelMissing`], [`Code::ModelDamaged`].
    pub fn new(stores: Stores, options: IngestOptions) -> Result<Self> {
        check_name(&options.collection)?;
        options.chunk.check(stores.embedder.model().max_tokens)?;
        let preparer = Preparer {
            collection: options.collection.clone(),
            chunker: Chunker::new(&options.tokenizer, options.chunk)?,
            max_file_bytes: options.max_file_bytes,
            deadline: options.extract_deadline,
        };
        Ok(Self { stores, options, preparer: Arc::new(preparer), running: tokio::sync::Mutex::default() })
    }

    /// Ingests files and folders. Unchanged files are left alone; documents whose files are gone from a
    /// folder given are removed. A file that cannot be ingested is a problem in the report, not an error.
    ///
    /// # Errors
    /// [`Code::PathMissing`], [`Code::NothingToIngest`] and [`Code::IndexMismatch`] before anything is
    /// written; those of the stores and the model. What was committed until then stays.
    pub async fn ingest_paths(
        &self,
        paths: &[PathBuf],
        progress: &dyn Progress,
        cancel: &CancellationToken,
    ) -> Result<IngestReport> {
        let _alone = self.running.lock().await;
        let started = Instant::now();
        let (paths, follow_links) = (paths.to_vec(), self.options.follow_links);
        let found = tokio::task::spawn_blocking(move || discover(&paths, follow_links))
            .await
            .map_err(|error| Error::internal(format!("discover: {error}")))??;
        let mut report = IngestReport::default();
        let cut_short = self.start(&mut report).await?;
        let work = self.work_on(found, cut_short, &mut report).await?;
        self.run(work, report, started, progress).await
    }

    /// Ingests sources that are named one by one: files, and texts of a data set. Nothing is removed.
    ///
    /// # Errors
    /// As [`Self::ingest_paths`].
    pub async fn ingest_sources(
        &self,
        sources: Vec<Source>,
        progress: &dyn Progress,
        cancel: &CancellationToken,
    ) -> Result<IngestReport> {
        let _alone = self.running.lock().await;
        let started = Instant::now();
        if sources.is_empty() {
            return Err(Error::new(Code::NothingToIngest, "no source was given"));
        }
        let mut report = IngestReport::default();
        self.start(&mut report).await?;
        let mut priors = self.priors().await?;
        let mut met = HashSet::new();
        let mut work = Work::default();
        for source in sources {
            let input = input_of(source)?;
            let uri = input.uri();
            if met.insert(uri.clone()) {
                work.tasks.push(Task { input, prior: priors.remove(&uri) });
            } else {
                let reason = "named twice; the first one was taken".to_owned();
                pass_over(&mut report, uri, false, reason, None);
            }
        }
        self.run(work, report, started, progress).await
    }

    /// Makes sure that the collection can be written to and that its stores agree.
    async fn start(&self, report: &mut IngestReport) -> Result<Vec<DocumentRecord>> {
        let (catalog, collection) = (&*self.stores.catalog, self.options.collection.as_str());
        let chunking = self.options.chunk.describe();
        facts::settle(catalog, collection, self.stores.embedder.model(), &chunking).await?;
        let cut_short = recover(catalog, &*self.stores.vectors, &*self.stores.keyword, collection).await?;
        report.recovered = cut_short.len();
        Ok(cut_short)
    }

    async fn priors(&self) -> Result<HashMap<String, DocumentRecord>> {
        let records = self.stores.catalog.documents(&self.options.collection, None).await?;
        Ok(records.into_iter().map(|record| (record.uri.clone(), record)).collect())
    }

    /// What is to be done about what was found, what an earlier run was cut short at, and what is gone.
    async fn work_on(
        &self,
        found: Discovered,
        cut_short: Vec<DocumentRecord>,
        report: &mut IngestReport,
    ) -> Result<Work> {
        let mut priors = self.priors().await?;
        let mut inputs: BTreeMap<String, Input> = BTreeMap::new();
        for record in cut_short {
            // It may lie outside the paths of this run; without this it would be lost in silence.
            if !found.covers(&record.uri)
                && let Some(path) = file_of_uri(&record.uri)
                && let Ok(metadata) = fs_err::metadata(&path)
                && metadata.is_file()
            {
                inputs.insert(record.uri, Input::File(FoundFile::new(path, &metadata)));
            }
        }
        for file in &found.files {
            let input = Input::File(file.clone());
            inputs.insert(input.uri(), input);
        }
        let tasks = inputs.into_iter().map(|(uri, input)| Task { input, prior: priors.remove(&uri) }).collect();
        let mut gone: Vec<DocumentRecord> = priors.into_values().filter(|record| found.covers(&record.uri)).collect();
        gone.sort_by(|a, b| a.uri.cmp(&b.uri));
        for passed in found.passed_over {
            pass_over(report, passed.uri, passed.failed, passed.reason, passed.hint);
        }
        Ok(Work { tasks, gone })
    }

    async fn run(
        &self,
        work: Work,
        report: IngestReport,
        started: Instant,
        progress: &dyn Progress,
    ) -> Result<IngestReport> {
        let outcome = Run::new(&self.stores, progress, report).through(work, &self.preparer).await;
        match outcome {
            Ok(mut report) => {
                report.problems.sort_by(|a, b| a.uri.cmp(&b.uri));
                report.seconds = started.elapsed().as_secs_f64();
                Ok(report)
            }
            Err(error) => {
                // So that catalog and indexes agree now. Should it fail too, the next run does it.
                let Stores { catalog, vectors, keyword, .. } = &self.stores;
                if let Err(also) = recover(&**catalog, &**vectors, &**keyword, &self.options.collection).await {
                    tracing::warn!(%also, "could not clear what was half written; the next run will");
                }
                Err(error)
            }
        }
    }
}

fn input_of(source: Source) -> Result<Input> {
    match source {
        Source::Text { uri, title, text } => Ok(Input::Text { uri, title, text }),
        Source::File(path) => {
            let path = fs_err::canonicalize(&path).map_err(|error| Error::io(&path, error))?;
            let metadata = fs_err::metadata(&path).map_err(|error| Error::io(&path, error))?;
            if !metadata.is_file() {
                return Err(Error::new(Code::BadRequest, format!("{}: not a regular file", path.display())));
            }
            Ok(Input::File(FoundFile::new(path, &metadata)))
        }
    }
}

fn pass_over(report: &mut IngestReport, uri: String, failed: bool, reason: String, hint: Option<&str>) {
    let outcome = if failed { Outcome::Failed } else { Outcome::Skipped };
    report.count(outcome);
    report.problems.push(Problem { uri, outcome, code: None, reason, hint: hint.map(str::to_owned) });
}

#[cfg(test)]
mod fakes;
#[cfg(test)]
mod tests;
