//! The ingestion worker: three stages that overlap, joined by short channels.
//!
//! ```text
//! plan → prepare (load, extract, cut; blocking threads) → gather and embed → write (catalog, indexes, catalog)
//! ```
//!
//! * `plan`: what is read, what is left alone, what is gone. `retry`: when a failure is tried again.
//! * `prepare`, `load`, `unpack`: a source to documents. `outcome`: or to the reason why there is none.
//! * `batch`, `stages`: documents into the stores, many at once.
//! * `finish`: what a crash left open. `remove`: one document out of everything.
//! * `rebuild`, `repair`: an index made anew, and one mended. `retell`: other rules for metadata.

mod batch;
mod clock;
mod facts;
mod finish;
mod load;
mod outcome;
mod plan;
mod prepare;
mod rebuild;
mod remove;
mod repair;
mod retell;
mod retry;
mod stages;
mod unpack;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::collection::check_name;
use footnote_core::seam::{CatalogWriter, Embedder, KeywordIndex, VectorStore};
use footnote_core::{Code, Error, Result, Source};
use tokio_util::sync::CancellationToken;

pub use self::facts::{CHUNKING, DIMENSION, EMBEDDING_MODEL, differs};
pub use self::finish::finish;
use self::outcome::standing;
use self::plan::{Planner, Priors, Work};
use self::prepare::{Input, Preparer, Task};
pub use self::remove::remove;
pub use self::repair::Repair;
pub use self::retry::{Retry, RetryWhich};
use self::stages::{Run, Tally};
use crate::archive::ArchiveLimits;
use crate::chunk::{ChunkOptions, Chunker};
use crate::discover::{Discovered, FoundFile, PassedOver, discover};
use crate::metadata::Rules;
use crate::progress::{Event, Progress};
use crate::reader::{Reader, ReaderOptions};
use crate::report::{IngestReport, Outcome, Problem};

/// The way in which files are read; a new one may give more of a file than the last.
const READING_VERSION: &str = "3";
/// Rows that are written at once.
const ROWS_AT_ONCE: usize = 10_000;

/// What the worker reads with and writes to.
#[derive(Clone)]
pub struct Stores {
    /// The record of what was ingested.
    pub catalog: Arc<dyn CatalogWriter>,
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
    /// How files are read.
    pub reader: ReaderOptions,
    /// What an archive may unpack to.
    pub archive: ArchiveLimits,
    /// When failed files are read again.
    pub retry: Retry,
    /// What documents get beside what they say of themselves.
    pub rules: Rules,
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
            reader: Reader::new(options.reader.clone()),
            max_file_bytes: options.max_file_bytes,
            archive: options.archive,
            retry: options.retry,
            rules: options.rules.clone(),
        };
        Ok(Self { stores, options, preparer: Arc::new(preparer), running: tokio::sync::Mutex::default() })
    }

    /// Ingests files and folders. Unchanged files are left alone; documents whose files are gone from a
    /// folder given are removed. A file that cannot be ingested is a problem in the report, not an error.
    ///
    /// # Errors
    /// [`Code::PathMissing`], [`Code::NothingToIngest`] and [`Code::IndexMismatch`] before anything is
    /// written; those of the stores and the model; [`Code::Cancelled`]. What was committed until then stays.
    pub async fn ingest_paths(
        &self,
        paths: &[PathBuf],
        progress: &dyn Progress,
        cancel: &CancellationToken,
    ) -> Result<IngestReport> {
        let _alone = self.running.lock().await;
        let started = Instant::now();
        // First: what an earlier run left half written is settled before anything is compared with it.
        let mut report = IngestReport {
            recovered: finish(&self.stores, &self.options.collection).await?.len(),
            ..IngestReport::default()
        };
        let mut priors = self.priors().await?;
        let (paths, gone) = sift(paths, &priors);
        for record in &gone {
            priors.remove(&record.uri);
        }
        let follow_links = self.options.follow_links;
        let found = if paths.is_empty() && !gone.is_empty() {
            Discovered::default()
        } else {
            tokio::task::spawn_blocking(move || discover(&paths, follow_links))
                .await
                .map_err(|error| Error::internal(format!("discover: {error}")))??
        };
        self.start(&mut report).await?;
        let reading = self.preparer.reader.describe(READING_VERSION);
        let read_before = self.stores.catalog.fact(&self.options.collection, facts::READING).await?;
        let planner = Planner {
            retry: &self.options.retry,
            max_file_bytes: self.options.max_file_bytes,
            anew: read_before.as_deref() != Some(reading.as_str()),
            reread: read_before.is_some_and(|before| before.split(' ').next() != Some(READING_VERSION)),
        };
        let mut work = planner.plan(found, priors);
        work.gone.extend(gone);
        let rules = self.retell(&mut work).await?;
        progress.event(Event::Discovered { documents: work.tasks.len() + work.unchanged.len() + work.standing.len() });
        let run = self.begin_run(report, progress, cancel);
        self.note_untouched(&run, &work).await?;
        self.note_passed_over(&run, work.passed_over).await?;
        self.queue(&work.tasks).await?;
        let report = self.finish_run(run, work.tasks, work.gone, started).await?;
        let done = [(facts::READING, Some(reading)), (facts::RULES, rules)];
        for (name, value) in done {
            if let Some(value) = value {
                self.stores.catalog.set_fact(&self.options.collection, name, &value).await?;
            }
        }
        Ok(report)
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
        let run = self.begin_run(report, progress, cancel);
        let mut priors = self.priors().await?;
        let mut met = HashSet::new();
        let mut tasks = Vec::new();
        for source in sources {
            let input = input_of(source)?;
            let uri = input.uri();
            if met.insert(uri.clone()) {
                tasks.push(Task { input, prior: priors.remove(&uri), members: Priors::new(), anew: false });
            } else {
                let reason = "named twice; the first one was taken".to_owned();
                run.problem(Problem { uri, outcome: Outcome::Skipped, code: None, reason, hint: None });
            }
        }
        progress.event(Event::Discovered { documents: tasks.len() });
        self.finish_run(run, tasks, Vec::new(), started).await
    }

    /// Makes sure that the collection can be written to and that its stores agree.
    async fn start(&self, report: &mut IngestReport) -> Result<()> {
        let (catalog, collection) = (&*self.stores.catalog, self.options.collection.as_str());
        let chunking = self.options.chunk.describe();
        facts::settle(catalog, collection, self.stores.embedder.model(), &chunking).await?;
        report.recovered += finish(&self.stores, collection).await?.len();
        Ok(())
    }

    /// What the catalog knows of the collection, deleted documents among it: their versions go on.
    async fn priors(&self) -> Result<Priors> {
        let (catalog, collection) = (&self.stores.catalog, self.options.collection.as_str());
        let mut records = catalog.documents(collection, None).await?;
        records.extend(catalog.documents(collection, Some(DocumentStatus::Deleted)).await?);
        Ok(records.into_iter().map(|record| (record.uri.clone(), record)).collect())
    }

    fn begin_run<'a>(
        &'a self,
        report: IngestReport,
        progress: &'a dyn Progress,
        cancel: &'a CancellationToken,
    ) -> Run<'a> {
        let tally = Mutex::new(Tally { report, ..Tally::default() });
        Run { collection: &self.options.collection, stores: &self.stores, progress, cancel, tally }
    }

    /// Counts the documents that nothing is done about, and says so in their rows where that is new.
    async fn note_untouched(&self, run: &Run<'_>, work: &Work) -> Result<()> {
        let new = work.unchanged.iter().filter(|record| record.status == DocumentStatus::Indexed);
        let new: Vec<_> = new.map(|record| (record.id, record.modified_ms)).collect();
        for rows in new.chunks(ROWS_AT_ONCE) {
            self.stores.catalog.found_unchanged(rows).await?;
        }
        for record in &work.unchanged {
            run.settled(&record.uri, Outcome::Unchanged);
        }
        for record in &work.standing {
            run.problem(standing(record));
        }
        Ok(())
    }

    /// Notes what discovery passed over: it has a row too.
    async fn note_passed_over(
        &self,
        run: &Run<'_>,
        passed_over: Vec<(PassedOver, Option<DocumentRecord>)>,
    ) -> Result<()> {
        let mut rows = Vec::new();
        for (PassedOver { uri, failed, reason, hint }, prior) in passed_over {
            let status = if failed { DocumentStatus::Failed } else { DocumentStatus::Skipped };
            // What could not be looked at may be as it was. What was a file, and is a link or a pipe now, is not.
            if let Some(prior) = prior.as_ref().filter(|prior| !failed && prior.status.is_indexed())
                && remove(&self.stores, prior.id, &reason).await?.is_some()
            {
                run.settled(&uri, Outcome::Removed);
            }
            let known = prior.as_ref().is_some_and(|prior| {
                (failed && prior.status.is_indexed())
                    || (prior.status == status && prior.reason.as_ref() == Some(&reason))
            });
            if !known {
                let blank = self.preparer.blank(&uri, prior.as_ref());
                rows.push(DocumentRecord { status, reason: Some(reason.clone()), ..blank });
            }
            let outcome = if failed { Outcome::Failed } else { Outcome::Skipped };
            run.problem(Problem { uri, outcome, code: None, reason, hint: hint.map(str::to_owned) });
        }
        self.write_rows(rows).await
    }

    /// Gives rows to the files that are met for the first time, so that they are seen from the start.
    async fn queue(&self, tasks: &[Task]) -> Result<()> {
        let new =
            tasks.iter().filter(|task| task.prior.as_ref().is_none_or(|prior| prior.status == DocumentStatus::Deleted));
        let row = |task: &Task| self.preparer.blank(&task.input.uri(), task.prior.as_ref());
        self.write_rows(new.map(row).collect()).await
    }

    async fn write_rows(&self, mut rows: Vec<DocumentRecord>) -> Result<()> {
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(ROWS_AT_ONCE));
            self.stores.catalog.record_outcomes(rows).await?;
            rows = rest;
        }
        Ok(())
    }

    async fn finish_run(
        &self,
        run: Run<'_>,
        tasks: Vec<Task>,
        gone: Vec<DocumentRecord>,
        started: Instant,
    ) -> Result<IngestReport> {
        let outcome = run.through(tasks, gone, &self.preparer).await;
        self.preparer.reader.rest();
        if let Err(error) = outcome {
            // So that catalog and indexes agree now. Should it fail too, the next start does it.
            if let Err(also) = finish(&self.stores, &self.options.collection).await {
                tracing::warn!(%also, "could not finish what was half written; the next start will");
            }
            return Err(error);
        }
        let mut report = run.tally.into_inner().unwrap_or_else(PoisonError::into_inner).report;
        // Even to find that there is nothing to build takes longer than to look at 10,000 unchanged files.
        if report.chunks + report.removed + report.recovered > 0 {
            self.stores.vectors.optimize().await?;
        }
        report.problems.sort_by(|a, b| a.uri.cmp(&b.uri));
        report.seconds = started.elapsed().as_secs_f64();
        Ok(report)
    }
}

/// The paths that are to be looked at; and the documents of files that were named, were ingested before, and are no
/// longer in their folders.
fn sift(paths: &[PathBuf], priors: &Priors) -> (Vec<PathBuf>, Vec<DocumentRecord>) {
    let (mut there, mut gone) = (Vec::new(), Vec::new());
    for path in paths {
        let missing = fs_err::symlink_metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
        // A folder that is gone too may be on a disk that is not mounted.
        let known = path.parent().filter(|_| missing).and_then(|folder| fs_err::canonicalize(folder).ok());
        let uri = known.zip(path.file_name()).map(|(folder, name)| Source::File(folder.join(name)).uri());
        match uri.and_then(|uri| priors.get(&uri)) {
            Some(record) if record.status != DocumentStatus::Deleted => gone.push(record.clone()),
            _ => there.push(path.clone()),
        }
    }
    (there, gone)
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

#[cfg(test)]
mod fakes;
#[cfg(test)]
mod tests;
