//! Fills the stores of a collection, as ingestion does, and says what that took.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use footnote_core::seam::{CatalogWriter, KeywordIndex, VectorStore};
use footnote_ingest::SqliteCatalog;
use footnote_retriever::{EdgeStore, TantivyIndex, VectorOptions};
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::grow::{self, PER_DOCUMENT};
use super::source::Source;
use crate::measure::{Watch, anonymous_mib, cpu_seconds, peak_mib};
use crate::product::explained;

/// Documents that are written at once.
const BATCH: usize = 250;
/// Batches between two commits of the keyword index.
const COMMIT_EVERY: usize = 10;
const MIB: f64 = 1024.0 * 1024.0;

/// What filling took. Disk in MiB.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Filled {
    pub(super) chunks: usize,
    pub(super) seconds: f64,
    pub(super) cpu_seconds: f64,
    /// Of them: building graphs.
    pub(super) graph_seconds: f64,
    pub(super) heap_mib: f64,
    pub(super) peak_mib: f64,
    pub(super) vectors_mib: f64,
    pub(super) keyword_mib: f64,
    pub(super) catalog_mib: f64,
}

/// Fills a collection of `chunks` in `folder`, or says what it took when it was filled before.
pub(super) async fn fill(source: &Source, chunks: usize, options: VectorOptions, folder: &Path) -> Result<Filled> {
    let kept = folder.join("filled.json");
    if kept.is_file() {
        return Ok(serde_json::from_slice(&fs_err::read(&kept)?)?);
    }
    let names = ["vectors", "keyword"];
    for name in names {
        fs_err::create_dir_all(folder.join(name))?;
    }
    let watch = Watch::begin(20, anonymous_mib);
    let (started, cpu) = (Instant::now(), cpu_seconds()?);
    let graph_seconds = {
        let dimension = source.chunks[0].vector.len();
        let vectors = EdgeStore::open_with(&folder.join("vectors"), dimension, options).map_err(explained)?;
        let keyword = TantivyIndex::open(&folder.join("keyword")).map_err(explained)?;
        let catalog = SqliteCatalog::open(&folder.join("catalog.sqlite")).map_err(explained)?;
        let documents = chunks.div_ceil(PER_DOCUMENT);
        for (batch, first) in (0..documents).step_by(BATCH).enumerate() {
            write(source, chunks, first..(first + BATCH).min(documents), (&vectors, &keyword, &catalog)).await?;
            if batch % COMMIT_EVERY == COMMIT_EVERY - 1 {
                keyword.commit().await.map_err(explained)?;
            }
        }
        keyword.commit().await.map_err(explained)?;
        vectors.flush().await.map_err(explained)?;
        let graphs = Instant::now();
        vectors.optimize().await.map_err(explained)?;
        graphs.elapsed().as_secs_f64()
    };
    let filled = Filled {
        chunks,
        seconds: started.elapsed().as_secs_f64(),
        cpu_seconds: cpu_seconds()? - cpu,
        graph_seconds,
        heap_mib: watch.most()?,
        peak_mib: peak_mib(std::process::id())?,
        vectors_mib: size_of(&folder.join("vectors"))?,
        keyword_mib: size_of(&folder.join("keyword"))?,
        catalog_mib: size_of(&folder.join("catalog.sqlite"))?,
    };
    fs_err::write(&kept, serde_json::to_vec_pretty(&filled)?)?;
    Ok(filled)
}

async fn write(
    source: &Source,
    chunks: usize,
    numbers: std::ops::Range<usize>,
    (vectors, keyword, catalog): (&EdgeStore, &TantivyIndex, &SqliteCatalog),
) -> Result<()> {
    let (mut points, mut entries, mut intents, mut done) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in numbers {
        let grown = grow::document(source, number, chunks);
        ensure!(!grown.points.is_empty(), "an empty document");
        done.push((grown.ingested.record.id, grown.ingested.record.timings));
        points.extend(grown.points);
        entries.extend(grown.entries);
        intents.push(grown.ingested);
    }
    catalog.begin(intents).await.map_err(explained)?;
    tokio::try_join!(vectors.upsert(points), keyword.upsert(entries)).map_err(explained)?;
    catalog.commit(&done).await.map_err(explained)
}

/// Bytes of a file or of all files below a folder, in MiB, as the disk holds them: files with holes count what is
/// written of them.
fn size_of(path: &Path) -> Result<f64> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in WalkDir::new(path) {
        let metadata = entry?.metadata()?;
        bytes += if metadata.is_file() { metadata.blocks() * 512 } else { 0 };
    }
    Ok(bytes as f64 / MIB)
}
