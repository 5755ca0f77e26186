//! Retrieval by the size of the collection: latency of both legs together beside each leg alone through its own
//! library, memory and disk per chunk, and what the approximate index misses.
//!
//! [`source`] is real text, [`grow`] makes a collection of any size of it, [`fill`] fills the stores, [`bare`] asks
//! the libraries, [`hybrid`] asks the product.

mod bare;
mod fill;
mod grow;
mod hybrid;
mod source;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use footnote_core::ChunkId;
use footnote_core::filter::Filter;
use footnote_retriever::VectorOptions;
use footnote_retriever::index::options::Quantization;
use footnote_server::wire::retrieval;
use serde::{Deserialize, Serialize};

use self::fill::Filled;
use self::hybrid::Opened;
use self::source::{Source, place};
use crate::args::{Options, RetrievalJob, RetrievalSubject};
use crate::child;
use crate::measure::{Percentiles, anonymous_mib, mapped_mib};
use crate::plot::{self, BLUE, GREEN, GREY};
use crate::product::{runtime, settings};
use crate::report::{Claim, Section, Table};

const NOTES: [&str; 6] = [
    "Collections are made of real chunks and their vectors: leaned towards another's, shaken, with a word in seven \
     exchanged; the first ones are the real ones. 20 chunks a document, texts in the catalog.",
    "The question's embedding is left out on all sides: vectors of real questions were made before.",
    "bare: qdrant-edge and tantivy called directly, one thread, the same number of candidates and the same beam; \
     hybrid: the product's retriever with its default settings but without a reranker, texts loaded from the catalog.",
    "All in one process per size, one question at a time, each leg warmed by the whole set before. Milliseconds.",
    "filters: one that a tenth of the documents fit, one that a thousandth fit.",
    "memory: RssAnon and RssFile of the process that asks, with the collection open, after all questions; what the system \
     caches of files is not in it. Disk: blocks that are written.",
];

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Retrieval {
    quantization: String,
    sizes: Vec<Size>,
    plot: PathBuf,
}

/// One size.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Size {
    filled: Filled,
    /// Without a filter, with one for a tenth, with one for a thousandth.
    scopes: Vec<Scope>,
    /// Share of the ten nearest by exact comparison that the approximate index finds among its first ten.
    recall_at_10: f64,
    anonymous_mib: f64,
    file_mib: f64,
}

/// One filter.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Scope {
    name: String,
    vectors: Percentiles,
    keyword: Percentiles,
    hybrid: Percentiles,
}

/// Measures each size and draws the plot.
pub(crate) fn run(options: &Options, subject: &RetrievalSubject) -> Result<Retrieval> {
    fs_err::create_dir_all(&subject.work)?;
    runtime()?.block_on(Source::of(options, subject.set.as_deref(), &subject.work))?;
    let mut sizes = Vec::new();
    for chunks in &subject.chunks {
        // Filled in one process and asked in another: memory is then that of a server that was started afresh.
        for step in ["--fill", "--ask"] {
            let arguments: Vec<OsString> = vec![
                "retrieval".into(),
                step.into(),
                "--work".into(),
                subject.work.clone().into(),
                "--chunks".into(),
                chunks.to_string().into(),
                "--quantization".into(),
                subject.quantization.clone().into(),
            ];
            let mut command = child::command(arguments)?;
            if let Some(models) = &options.models {
                command.arg("--models").arg(models);
            }
            match step {
                "--fill" => {
                    child::measured::<Filled>(command)?;
                }
                _ => sizes.push(child::measured::<Size>(command)?),
            }
        }
    }
    plot::pair(&subject.plot, &latencies(&sizes, 0), &latencies(&sizes, 1))?;
    Ok(Retrieval { quantization: subject.quantization.clone(), sizes, plot: subject.plot.clone() })
}

/// One step of one size, in its own process.
pub(crate) fn measure(job: &RetrievalJob, models: Option<&Path>) -> Result<()> {
    let source: Source = serde_json::from_slice(&fs_err::read(job.work.join("source.json"))?)?;
    let vectors = vector_options(&job.quantization)?;
    let folder = place(&job.work, job.chunks, &job.quantization);
    let runtime = runtime()?;
    let filled = runtime.block_on(fill::fill(&source, job.chunks, vectors, &folder))?;
    if job.fill {
        return child::answer(&filled);
    }
    let settings = settings(models, &folder)?;
    // First, while nothing else has been opened: that is a server's memory.
    let (anonymous_mib, file_mib) = runtime.block_on(async {
        let opened = Opened::open(&source, &folder, vectors)?;
        opened.ask(&source.questions, None, retrieval(&settings)).await?;
        anyhow::Ok((anonymous_mib()?, mapped_mib()?))
    })?;
    let (mut scopes, mut recall_at_10) = (Vec::new(), f64::NAN);
    for (name, tag) in [("all", None), ("a tenth", Some("tenth-3")), ("a thousandth", Some("thousandth-3"))] {
        let filter = tag.map(|tag| Filter::Fact(vec![format!("tags={tag}")]));
        let questions = &source.questions;
        bare::vectors(&folder, questions, tag, vectors, false)?;
        let leg = bare::vectors(&folder, questions, tag, vectors, false)?;
        if tag.is_none() {
            let exact = bare::vectors(&folder, questions, None, vectors, true)?;
            recall_at_10 = recall(&exact.found, &leg.found);
        }
        bare::keyword(&folder, questions, tag)?;
        let words = bare::keyword(&folder, questions, tag)?;
        let opened = Opened::open(&source, &folder, vectors)?;
        // As a server asks: on a thread of the runtime's.
        let (questions, options) = (questions.clone(), retrieval(&settings));
        let asked = runtime.spawn(async move {
            opened.ask(&questions, filter.as_ref(), options).await?;
            opened.ask(&questions, filter.as_ref(), options).await
        });
        let hybrid = runtime.block_on(asked)??;
        scopes.push(Scope {
            name: name.to_owned(),
            vectors: Percentiles::of(leg.ms),
            keyword: Percentiles::of(words.ms),
            hybrid: Percentiles::of(hybrid.ms),
        });
    }
    child::answer(&Size { filled, scopes, recall_at_10, anonymous_mib, file_mib })
}

fn vector_options(kind: &str) -> Result<VectorOptions> {
    let (quantization, on_disk) = kind.strip_suffix("-on-disk").map_or((kind, false), |kind| (kind, true));
    let quantization = match quantization {
        "scalar" => Quantization::Scalar,
        "binary" => Quantization::Binary,
        _ => Quantization::None,
    };
    Ok(VectorOptions { quantization, on_disk, ..VectorOptions::default() })
}

/// The mean share of the first ten of `exact` that are among the first ten of `found`.
fn recall(exact: &[Vec<ChunkId>], found: &[Vec<ChunkId>]) -> f64 {
    let share = |(exact, found): (&Vec<ChunkId>, &Vec<ChunkId>)| {
        let (wanted, given) = (&exact[..exact.len().min(10)], &found[..found.len().min(10)]);
        wanted.iter().filter(|id| given.contains(id)).count() as f64 / wanted.len().max(1) as f64
    };
    exact.iter().zip(found).map(share).sum::<f64>() / exact.len().max(1) as f64
}

/// The lines of a plot: every leg's p50 and p99 under one of the filters.
fn latencies(sizes: &[Size], scope: usize) -> plot::Chart {
    let line = |value: fn(&Scope) -> f64| -> Vec<(f64, f64)> {
        let points = sizes.iter().filter_map(|size| Some((size.filled.chunks as f64, value(size.scopes.get(scope)?))));
        points.collect()
    };
    let name = sizes.first().and_then(|size| size.scopes.get(scope)).map_or("", |scope| scope.name.as_str());
    plot::Chart {
        title: format!("milliseconds, {name} of the documents"),
        lines: vec![
            ("hybrid, p99", line(|scope| scope.hybrid.p99), plot::RED),
            ("hybrid, p50", line(|scope| scope.hybrid.p50), BLUE),
            ("vectors alone, p50", line(|scope| scope.vectors.p50), GREEN),
            ("words alone, p50", line(|scope| scope.keyword.p50), GREY),
        ],
    }
}

impl Section for Retrieval {
    fn title(&self) -> String {
        format!("Retrieval, quantization {}; plot in {}", self.quantization, self.plot.display())
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut latency = Table::new([
            "chunks",
            "documents",
            "vectors p50",
            "p99",
            "words p50",
            "p99",
            "hybrid p50",
            "p99",
            "over the slower leg",
        ]);
        let mut room = Table::new([
            "chunks",
            "recall@10",
            "filled in s",
            "graphs s",
            "anon MiB",
            "mapped MiB",
            "vectors, B/chunk",
            "words, B/chunk",
            "catalog, B/chunk",
        ]);
        for size in &self.sizes {
            let chunks = size.filled.chunks;
            for scope in &size.scopes {
                let ms = |value: f64| format!("{value:.2}");
                latency.row([
                    chunks.to_string(),
                    scope.name.clone(),
                    ms(scope.vectors.p50),
                    ms(scope.vectors.p99),
                    ms(scope.keyword.p50),
                    ms(scope.keyword.p99),
                    ms(scope.hybrid.p50),
                    ms(scope.hybrid.p99),
                    ms(scope.ratio()),
                ]);
            }
            let per_chunk = |mib: f64| format!("{:.0}", mib * 1024.0 * 1024.0 / chunks as f64);
            room.row([
                chunks.to_string(),
                format!("{:.4}", size.recall_at_10),
                format!("{:.0}", size.filled.seconds),
                format!("{:.0}", size.filled.graph_seconds),
                format!("{:.0}", size.anonymous_mib),
                format!("{:.0}", size.file_mib),
                per_chunk(size.filled.vectors_mib),
                per_chunk(size.filled.keyword_mib),
                per_chunk(size.filled.catalog_mib),
            ]);
        }
        Ok(vec![latency, room])
    }

    fn claims(&self) -> Vec<Claim> {
        let mut claims = Vec::new();
        for size in &self.sizes {
            let chunks = size.filled.chunks;
            for scope in &size.scopes {
                let what = format!("hybrid p50 over the slower leg, {} of {chunks} chunks", scope.name);
                claims.push(Claim::at_most(what, scope.ratio(), 1.15));
            }
            claims.push(Claim::at_least(format!("recall@10 of the index, {chunks} chunks"), size.recall_at_10, 0.98));
            if chunks >= 1_000_000 {
                let slowest = size.scopes.iter().map(|scope| scope.hybrid.p99).fold(0.0, f64::max);
                claims.push(Claim::below(format!("hybrid p99 in ms, {chunks} chunks"), slowest, 50.0));
            }
        }
        claims
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}

impl Scope {
    /// Hybrid's median over the slower leg's.
    fn ratio(&self) -> f64 {
        self.hybrid.p50 / self.vectors.p50.max(self.keyword.p50)
    }
}
