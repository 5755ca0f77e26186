//! Time and memory of an ingestion by the size of the collection, the embedding model left out.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use footnote_config::{ModelCatalog, Settings};
use footnote_ingest::metadata::Rules;
use footnote_ingest::{
    ArchiveLimits, CancellationToken, ChunkOptions, IngestOptions, Ingestor, Isolation, OcrOptions, ReaderOptions,
    Retry, SqliteCatalog, Stores,
};
use footnote_retriever::{EdgeStore, TantivyIndex};
use footnote_server::models::locate;
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use crate::args::{GrowthJob, GrowthSubject, Options};
use crate::growth_text;
use crate::ingest::measured;
use crate::measure::{Watch, anonymous_mib, cpu_seconds, peak_mib};
use crate::plot::{self, BLUE, GREEN, GREY, RED};
use crate::product::{explained, runtime, settings};
use crate::report::{Claim, Section, Table};
use crate::stand_in::StandIn;
use crate::watched::{Stopwatch, Watched};

const NOTES: [&str; 6] = [
    "THE EMBEDDING MODEL IS LEFT OUT: a stand-in makes a vector of a text's hash, in microseconds. Embedding is linear \
     by nature, and `footnote-bench ingest` measures it; here is what is left: read, cut, both indexes, catalog.",
    "One run each, in fresh processes, over synthetic Markdown of about 20 chunks a file.",
    "peak RSS is VmHWM: the mapped pages of the indexes are counted. heap is the most that RssAnon showed, looked at \
     every 5 ms: the indexes' mapped files are not in it, what they hold in memory is.",
    "vectors: 4 bytes times 384 for each chunk. The other sizes are those of the files on disk.",
    "Files are read in this process and not in reader processes, so that their memory is counted too.",
    "without indexes: a second process in which what would go into the vector store and the keyword index is dropped; \
     all else is as it was.",
];
const MIB: f64 = 1024.0 * 1024.0;

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    sizes: Vec<Pair>,
    plot: PathBuf,
}

/// One size.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Size {
    documents: usize,
    pub(crate) chunks: usize,
    pub(crate) seconds: f64,
    cpu_seconds: f64,
    /// The most of `RssAnon`.
    pub(crate) heap_mib: f64,
    /// `VmHWM`.
    pub(crate) rss_mib: f64,
    vectors_mib: f64,
    vector_store_mib: f64,
    keyword_mib: f64,
    catalog_mib: f64,
    /// Seconds that calls of the indexes took: they run side by side.
    vector_write_seconds: f64,
    vector_flush_seconds: f64,
    keyword_seconds: f64,
}

/// A size with the indexes and without them.
#[derive(Debug, Serialize)]
pub(crate) struct Pair {
    pub(crate) whole: Size,
    pub(crate) bare: Size,
}

/// Measures each size and draws the plot.
pub(crate) fn run(options: &Options, subject: &GrowthSubject) -> Result<Growth> {
    let mut sizes = Vec::new();
    for chunks in &subject.chunks {
        let place = tempfile::tempdir()?;
        let (data, folder) = (place.path().join("data"), place.path().join("documents"));
        growth_text::write(&folder, *chunks)?;
        let whole = measured(options, "growth", &data, [OsString::from(&folder)])?;
        let none = place.path().join("none");
        let bare = measured(options, "growth", &none, ["--no-indexes".into(), OsString::from(&folder)])?;
        sizes.push(Pair { whole, bare });
    }
    draw(&subject.plot, &sizes)?;
    Ok(Growth { sizes, plot: subject.plot.clone() })
}

/// Seconds and peak memory over chunks, beside a straight line of time through the middle size.
fn draw(path: &Path, sizes: &[Pair]) -> Result<()> {
    let points = |value: fn(&Size) -> f64| -> Vec<(f64, f64)> {
        sizes.iter().map(|pair| (pair.whole.chunks as f64, value(&pair.whole))).collect()
    };
    let bare = |value: fn(&Size) -> f64| -> Vec<(f64, f64)> {
        sizes.iter().map(|pair| (pair.bare.chunks as f64, value(&pair.bare))).collect()
    };
    let middle = &sizes.get(sizes.len() / 2).context("nothing to draw")?.whole;
    let per_chunk = middle.seconds / middle.chunks as f64;
    let linear = sizes.iter().map(|pair| (pair.whole.chunks as f64, pair.whole.chunks as f64 * per_chunk)).collect();
    let time = vec![
        ("measured", points(|size| size.seconds), BLUE),
        ("without indexes", bare(|size| size.seconds), GREEN),
        ("a straight line", linear, GREY),
    ];
    let memory = vec![
        ("peak RSS, mapped index files counted", points(|size| size.rss_mib), RED),
        ("heap", points(|size| size.heap_mib), BLUE),
        ("heap without indexes", bare(|size| size.heap_mib), GREEN),
    ];
    let chart = |title: &str, lines| plot::Chart { title: title.to_owned(), lines };
    plot::pair(path, &chart("seconds, embedding left out", time), &chart("memory, MiB", memory))
}

/// One size, in its own process.
pub(crate) fn measure(job: &GrowthJob, models: Option<&Path>) -> Result<Size> {
    let settings = settings(models, &job.data)?;
    runtime()?.block_on(async {
        let watches: [Stopwatch; 3] = Default::default();
        let ingestor = ingestor(&settings, job, &watches)?;
        let watch = Watch::begin(5, anonymous_mib);
        let (cpu, started, token) = (cpu_seconds()?, Instant::now(), CancellationToken::new());
        let report = ingestor.ingest_paths(std::slice::from_ref(&job.folder), &(), &token).await.map_err(explained)?;
        let seconds = started.elapsed().as_secs_f64();
        let cpu_seconds = cpu_seconds()? - cpu;
        let (heap_mib, rss_mib) = (watch.most()?, peak_mib(std::process::id())?);
        drop(ingestor);
        let on_disk = |name: &str| size_of(&job.data.join(name));
        Ok(Size {
            documents: report.documents(),
            chunks: report.chunks,
            seconds,
            cpu_seconds,
            heap_mib,
            rss_mib,
            vectors_mib: (report.chunks * 384 * 4) as f64 / MIB,
            vector_store_mib: on_disk("vectors")?,
            keyword_mib: on_disk("keyword")?,
            catalog_mib: on_disk("catalog.sqlite")?,
            vector_write_seconds: watches[0].seconds(),
            vector_flush_seconds: watches[1].seconds(),
            keyword_seconds: watches[2].seconds(),
        })
    })
}

/// footnote's worker with its real stores, and the stand-in before them.
fn ingestor(settings: &Settings, job: &GrowthJob, [write, flush, keyword]: &[Stopwatch; 3]) -> Result<Ingestor> {
    let data = &job.data;
    fs_err::create_dir_all(data.join("vectors"))?;
    fs_err::create_dir_all(data.join("keyword"))?;
    let models = ModelCatalog::builtin().map_err(explained)?;
    let model = models.get(&settings.embedding.model).map_err(explained)?;
    let (dimension, max_tokens) = model.dimension.zip(model.max_tokens).context("not an embedding model")?;
    let (mut vectors, mut words) = (None, None);
    if !job.no_indexes {
        vectors = Some(EdgeStore::open(&data.join("vectors"), dimension).map_err(explained)?);
        words = Some(TantivyIndex::open(&data.join("keyword")).map_err(explained)?);
    }
    let stores = Stores {
        catalog: Arc::new(SqliteCatalog::open(&data.join("catalog.sqlite")).map_err(explained)?),
        embedder: Arc::new(StandIn::new(dimension, max_tokens)),
        vectors: Arc::new(Watched { index: vectors, write: write.clone(), flush: flush.clone() }),
        keyword: Arc::new(Watched { index: words, write: keyword.clone(), flush: keyword.clone() }),
    };
    let ingest = &settings.ingest;
    let options = IngestOptions {
        collection: settings.server.collection.clone(),
        chunk: ChunkOptions { max_tokens: settings.chunk.max_tokens, overlap_tokens: settings.chunk.overlap_tokens },
        tokenizer: locate::locate(&settings.models, model, "tokenizer.json").map_err(explained)?,
        max_file_bytes: ingest.max_file_bytes,
        follow_links: ingest.follow_links,
        reader: ReaderOptions {
            isolation: Isolation::Thread,
            workers: ingest.extract_workers,
            memory_bytes: ingest.extract_memory_bytes,
            deadline: Duration::from_secs(ingest.extract_deadline_seconds),
            page_deadline: Duration::from_secs(ingest.page_deadline_seconds),
            ocr: OcrOptions::default(),
        },
        archive: ArchiveLimits {
            max_files: ingest.archive_max_files,
            max_bytes: ingest.archive_max_bytes,
            max_file_bytes: ingest.max_file_bytes,
        },
        retry: Retry::default(),
        rules: Rules::default(),
    };
    Ingestor::new(stores, options).map_err(explained)
}

/// Bytes of a file or of all files below a folder, in MiB; what is not there has none.
fn size_of(path: &Path) -> Result<f64> {
    let mut bytes = 0;
    for entry in WalkDir::new(path) {
        let metadata = entry?.metadata()?;
        bytes += if metadata.is_file() { metadata.len() } else { 0 };
    }
    Ok(bytes as f64 / MIB)
}

impl Section for Growth {
    fn title(&self) -> String {
        format!("Growth, the embedding model left out; plot in {}", self.plot.display())
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut time = Table::new([
            "chunks",
            "files",
            "seconds",
            "CPU s",
            "vectors: write",
            "flush and graphs",
            "keyword index",
            "without indexes",
            "CPU s",
        ]);
        let mut memory = Table::new([
            "chunks",
            "heap, no indexes",
            "heap",
            "peak RSS",
            "vectors",
            "vector store",
            "keyword index",
            "catalog",
        ]);
        for Pair { whole, bare } in &self.sizes {
            let seconds = |value: f64| format!("{value:.1}");
            time.row([
                whole.chunks.to_string(),
                whole.documents.to_string(),
                seconds(whole.seconds),
                seconds(whole.cpu_seconds),
                seconds(whole.vector_write_seconds),
                seconds(whole.vector_flush_seconds),
                seconds(whole.keyword_seconds),
                seconds(bare.seconds),
                seconds(bare.cpu_seconds),
            ]);
            let mib = |value: f64| format!("{value:.0}");
            memory.row([
                whole.chunks.to_string(),
                mib(bare.heap_mib),
                mib(whole.heap_mib),
                mib(whole.rss_mib),
                mib(whole.vectors_mib),
                mib(whole.vector_store_mib),
                mib(whole.keyword_mib),
                mib(whole.catalog_mib),
            ]);
        }
        Ok(vec![time, memory])
    }

    fn claims(&self) -> Vec<Claim> {
        let [.., before, last] = self.sizes.as_slice() else { return Vec::new() };
        let (few, many) = (before.whole.chunks, last.whole.chunks);
        let per_chunk = |size: &Size| size.seconds / size.chunks as f64;
        let cpu_per_chunk = |size: &Size| size.cpu_seconds / size.chunks as f64;
        let claim = |what: &str, value: f64| Claim::at_most(format!("{what} at {many} chunks over {few}"), value, 1.3);
        vec![
            claim("time per chunk", per_chunk(&last.whole) / per_chunk(&before.whole)),
            claim("processor time per chunk", cpu_per_chunk(&last.whole) / cpu_per_chunk(&before.whole)),
            claim("processor time per chunk without indexes", cpu_per_chunk(&last.bare) / cpu_per_chunk(&before.bare)),
            claim("peak heap without indexes", last.bare.heap_mib / before.bare.heap_mib),
        ]
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}
