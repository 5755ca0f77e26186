//! Ingestion beside a bare loop over the embedding model, which is most of its work.

use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use footnote_config::{ModelCatalog, Settings};
use footnote_core::catalog::DocumentStatus;
use footnote_core::seam::{Catalog, CatalogWriter, Embedder};
use footnote_ingest::{CancellationToken, RetryWhich};
use footnote_server::wire::{Footnote, Load, Shelf};
use serde::{Deserialize, Serialize};

use crate::args::{EmbedJob, IngestJob, Options};
use crate::child;
use crate::measure::peak_mib;
use crate::product::{embedder, explained, runtime, settings};
use crate::report::{Claim, Section, Table};

const NOTES: [&str; 2] = [
    "footnote: discover, extract, chunk, embed, both indexes, catalog, from an empty data folder; models loaded before. \
     bare embedder: the same model, batch size and threads over the same chunks in document order, nothing else.",
    "One run each, in fresh processes. Peak memory is VmHWM: the mapped files are counted.",
];

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Ingest {
    sets: Vec<Compared>,
}

/// One set of documents, both sides.
#[derive(Debug, Serialize)]
struct Compared {
    documents: String,
    footnote: Run,
    bare: Run,
    /// Chunks per second, footnote over bare.
    ratio: f64,
}

/// One measurement.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    chunks: usize,
    seconds: f64,
    peak_mib: f64,
}

impl Run {
    fn rate(&self) -> f64 {
        self.chunks as f64 / self.seconds
    }
}

/// Measures the handbook, and the further documents where there are some.
pub(crate) fn run(options: &Options) -> Result<Ingest> {
    let folders = [Some(&options.handbook), options.documents.as_ref()];
    let sets = folders.into_iter().flatten().map(|folder| compare(options, folder)).collect::<Result<_>>()?;
    Ok(Ingest { sets })
}

fn compare(options: &Options, documents: &Path) -> Result<Compared> {
    let folder = tempfile::tempdir()?;
    let measured = |kind: &str, paths: Option<OsString>| -> Result<Run> {
        let words = [OsString::from(kind), "--data".into(), folder.path().into()];
        let models = options.models.iter().flat_map(|models| [OsString::from("--models"), models.into()]);
        child::measured(child::command(words.into_iter().chain(models).chain(paths))?)
            .context(documents.display().to_string())
    };
    let footnote = measured("ingest", Some(fs_err::canonicalize(documents)?.into_os_string()))?;
    let bare = measured("embed", None)?;
    Ok(Compared { documents: documents.display().to_string(), ratio: footnote.rate() / bare.rate(), footnote, bare })
}

/// The ingestion itself, in its own process.
pub(crate) fn measure(job: &IngestJob, models: Option<&Path>) -> Result<Run> {
    let settings = settings(models, &job.data)?;
    runtime()?.block_on(async {
        let catalog = ModelCatalog::builtin().map_err(explained)?;
        let footnote =
            Footnote::create(&settings, &catalog, Load::Retrieval, "footnote-bench").await.map_err(explained)?;
        let token = CancellationToken::new();
        let ingestor =
            footnote.ingestor(&settings.server.collection, RetryWhich::Failed, &(), &token).await.map_err(explained)?;
        let started = Instant::now();
        let report = ingestor.ingest_paths(&job.paths, &(), &token).await.map_err(explained)?;
        finished(report.chunks, started)
    })
}

/// The bare loop, in its own process.
pub(crate) fn measure_bare(job: &EmbedJob, models: Option<&Path>) -> Result<Run> {
    let settings = settings(models, &job.data)?;
    runtime()?.block_on(async {
        let texts = texts(&settings).await?;
        let embedder = embedder(&settings)?;
        let chunks = texts.len();
        let started = Instant::now();
        for batch in texts.chunks(settings.embedding.batch_size) {
            embedder.embed_passages(batch.to_vec()).await.map_err(explained)?;
        }
        finished(chunks, started)
    })
}

fn finished(chunks: usize, started: Instant) -> Result<Run> {
    Ok(Run { chunks, seconds: started.elapsed().as_secs_f64(), peak_mib: peak_mib(std::process::id())? })
}

/// What the embedding model read of every chunk in the data folder.
async fn texts(settings: &Settings) -> Result<Vec<String>> {
    let catalog = Shelf::open(settings, "footnote-bench").map_err(explained)?.catalog;
    let collection = &settings.server.collection;
    let mut texts = Vec::new();
    for record in catalog.documents(collection, Some(DocumentStatus::Indexed)).await.map_err(explained)? {
        let ids = catalog.chunk_ids_of(record.id).await.map_err(explained)?;
        let chunks = catalog.chunks(&ids).await.map_err(explained)?;
        texts.extend(chunks.iter().map(|(chunk, record)| chunk.embedded_text(&record.title)));
    }
    Ok(texts)
}

impl Section for Ingest {
    fn title(&self) -> String {
        "Ingestion".into()
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut table = Table::new(["documents", "side", "chunks", "seconds", "chunks/s", "ratio", "peak MiB"]);
        for compared in &self.sets {
            let ratio = format!("{:.3}", compared.ratio);
            for (side, run, ratio) in
                [("footnote", &compared.footnote, ratio), ("bare embedder", &compared.bare, "1".into())]
            {
                table.row([
                    compared.documents.clone(),
                    side.to_owned(),
                    run.chunks.to_string(),
                    format!("{:.1}", run.seconds),
                    format!("{:.1}", run.rate()),
                    ratio,
                    format!("{:.0}", run.peak_mib),
                ]);
            }
        }
        Ok(vec![table])
    }

    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}
