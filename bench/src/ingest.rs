//! Ingestion beside a bare loop over the embedding model, which is most of its work, and beside plain Python.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use footnote_config::ModelCatalog;
use footnote_ingest::{CancellationToken, RetryWhich};
use footnote_server::wire::{Footnote, Load};
use serde::{Deserialize, Serialize};

use crate::args::{IngestJob, Options};
use crate::bare_onnx::Sweep;
use crate::child;
use crate::measure::{Spread, Watch, children_peak_mib, cpu_seconds, peak_mib};
use crate::product::{explained, runtime, settings};
use crate::python::{Batches, Python, PythonRun};
use crate::report::{Claim, Section, Table};

const NOTES: [&str; 5] = [
    "footnote: discover, extract, chunk, embed, both indexes, catalog, from an empty data folder; models loaded before.",
    "bare loop: ONNX Runtime over the texts that footnote embedded, each once, sorted by length, as many threads; the \
     batch size is the best of a sweep over a sample, with threads that spin or sleep, whichever is faster.",
    "Python: pypdf, LangChain's recursive splitter, ONNX Runtime with the same model and tokenizer, qdrant-client's \
     local mode; one stage after the other. plain: batches of 32 in document order; tuned: by length, the sweep's best size.",
    "The sides take turns, each time in a fresh process; medians, and the ends in brackets. CPU seconds show what other \
     programs on the machine added to the time of the clock.",
    "Peak memory is VmHWM: the mapped files (model, indexes) are counted. readers: the processes that read files, together.",
];
/// Where the filings lie on the machine that the project is developed on.
const FILINGS: &str = "../shared/data/pdfs/filings";

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Ingest {
    documents: String,
    files: usize,
    sweep: Sweep,
    footnote: Vec<Run>,
    bare: Vec<Run>,
    /// Median of chunks embedded per second, footnote over bare.
    ratio: f64,
    python: Result<Pythons, String>,
}

/// Plain Python, twice.
#[derive(Debug, Serialize)]
struct Pythons {
    plain: Vec<PythonRun>,
    tuned: Vec<PythonRun>,
    /// Median of the seconds for the same files, Python over footnote.
    plain_ratio: f64,
    tuned_ratio: f64,
}

/// One measurement.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) documents: usize,
    pub(crate) chunks: usize,
    /// Chunks that went through the model: equal ones share a vector.
    pub(crate) embedded: usize,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_mib: f64,
    /// The reader processes together.
    pub(crate) readers_mib: f64,
}

impl Run {
    fn rate(&self) -> f64 {
        self.embedded as f64 / self.seconds
    }
}

/// Measures both comparisons over the same PDFs.
pub(crate) fn run(options: &Options) -> Result<Ingest> {
    let filings = Path::new(FILINGS);
    let folder = options
        .documents
        .clone()
        .unwrap_or_else(|| if filings.is_dir() { filings.to_owned() } else { options.handbook.clone() });
    let files = pdfs(&folder)?;
    ensure!(!files.is_empty(), "{}: no PDF below it", folder.display());
    let data = tempfile::tempdir()?;
    let mut footnote = vec![ingested(options, &data.path().join("0"), &files)?];
    let sweep: Sweep = measured(options, "bare", &data.path().join("0"), [])?;
    let best = sweep.best;
    let arguments = || {
        let spinning = best.spinning.then(|| OsString::from("--spinning"));
        [OsString::from("--batch"), best.batch.to_string().into()].into_iter().chain(spinning)
    };
    let python = Python::ready().map_err(|error| format!("{error:#}"));
    let (mut bare, mut plain, mut tuned) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..options.rounds {
        if round > 0 {
            footnote.push(ingested(options, &data.path().join(round.to_string()), &files)?);
        }
        bare.push(measured(options, "bare", &data.path().join("0"), arguments())?);
        if let Ok(python) = &python {
            let settings = settings(options.models.as_deref(), data.path())?;
            plain.push(python.run(&settings, &files, Batches::Plain)?);
            tuned.push(python.run(&settings, &files, Batches::Tuned(best.batch))?);
        }
    }
    let seconds = Spread::of(footnote.iter().map(|run| run.seconds))?.median;
    let ratio_of =
        |runs: &[PythonRun]| Ok::<_, anyhow::Error>(Spread::of(runs.iter().map(|run| run.seconds))?.median / seconds);
    let python = match python {
        Ok(_) => Ok(Pythons { plain_ratio: ratio_of(&plain)?, tuned_ratio: ratio_of(&tuned)?, plain, tuned }),
        Err(reason) => Err(reason),
    };
    let ratio = Spread::of(footnote.iter().map(Run::rate))?.median / Spread::of(bare.iter().map(Run::rate))?.median;
    Ok(Ingest { documents: folder.display().to_string(), files: files.len(), sweep, footnote, bare, ratio, python })
}

/// The PDFs below a folder, sorted, as whole paths.
fn pdfs(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let path = entry?.into_path();
        if path.extension().is_some_and(|extension| extension == "pdf") {
            files.push(fs_err::canonicalize(path)?);
        }
    }
    Ok(files)
}

fn ingested(options: &Options, data: &Path, files: &[PathBuf]) -> Result<Run> {
    measured(options, "ingest", data, files.iter().map(OsString::from))
}

/// A measurement over a data folder, in a process of its own.
pub(crate) fn measured<T: serde::de::DeserializeOwned>(
    options: &Options,
    kind: &str,
    data: &Path,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<T> {
    let words = [OsString::from(kind), "--data".into(), data.into()];
    let models = options.models.iter().flat_map(|models| [OsString::from("--models"), models.into()]);
    child::measured(child::command(words.into_iter().chain(models).chain(arguments))?).context(kind.to_owned())
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
        let readers = Watch::begin(50, children_peak_mib);
        let (cpu, started) = (cpu_seconds()?, Instant::now());
        let report = ingestor.ingest_paths(&job.paths, &(), &token).await.map_err(explained)?;
        let seconds = started.elapsed().as_secs_f64();
        Ok(Run {
            documents: report.documents(),
            chunks: report.chunks,
            embedded: report.embedded,
            seconds,
            cpu_seconds: cpu_seconds()? - cpu,
            peak_mib: peak_mib(std::process::id())?,
            readers_mib: readers.most()?,
        })
    })
}

impl Section for Ingest {
    fn title(&self) -> String {
        format!("Ingestion: {} PDFs of {}", self.files, self.documents)
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut swept = Table::new(["bare loop: batch", "threads", "chunks/s"]);
        for tried in &self.sweep.tried {
            let threads = if tried.spinning { "spin" } else { "sleep" };
            swept.row([tried.batch.to_string(), threads.into(), format!("{:.1}", tried.rate)]);
        }
        let mut table =
            Table::new(["side", "chunks", "embedded", "seconds", "CPU s", "embedded/s", "peak MiB", "readers"]);
        let bare = format!("bare loop, batch {}", self.sweep.best.batch);
        for (side, runs) in [("footnote", &self.footnote), (bare.as_str(), &self.bare)] {
            let facts = runs
                .iter()
                .map(|run| (run.chunks, run.embedded, run.seconds, run.cpu_seconds, [run.peak_mib, run.readers_mib]));
            table.row(row(side, facts)?);
        }
        if let Ok(python) = &self.python {
            for (side, runs) in [("Python, plain", &python.plain), ("Python, tuned", &python.tuned)] {
                let facts =
                    runs.iter().map(|run| (run.chunks, run.chunks, run.seconds, run.cpu_seconds, [run.peak_mib, 0.0]));
                table.row(row(side, facts)?);
            }
        }
        let mut tables = vec![swept, table];
        tables.push(match &self.python {
            Err(reason) => {
                let mut skipped = Table::new(["!!! the Python pipeline was SKIPPED: its packages could not be had"]);
                skipped.row([reason.clone()]);
                skipped
            }
            Ok(python) => stages(python),
        });
        Ok(tables)
    }

    fn claims(&self) -> Vec<Claim> {
        let mut claims = vec![Claim::at_least("chunks/s over the bare loop's".into(), self.ratio, 0.95)];
        if let Ok(python) = &self.python {
            claims.push(Claim::at_least("plain Python's seconds over footnote's".into(), python.plain_ratio, 2.0));
            claims.push(Claim::at_least("tuned Python's seconds over footnote's".into(), python.tuned_ratio, 2.0));
        }
        claims
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}

/// Chunks, embedded, seconds, processor seconds, peaks.
type Facts = (usize, usize, f64, f64, [f64; 2]);

fn row(side: &str, runs: impl Iterator<Item = Facts> + Clone) -> Result<[String; 8]> {
    let (chunks, embedded, ..) = runs.clone().next().context("nothing was measured")?;
    let of = |fact: fn(Facts) -> f64| Spread::of(runs.clone().map(fact));
    Ok([
        side.to_owned(),
        chunks.to_string(),
        embedded.to_string(),
        of(|run| run.2)?.show(1),
        of(|run| run.3)?.show(1),
        of(|run| run.1 as f64 / run.2)?.show(1),
        of(|run| run.4[0])?.show(0),
        of(|run| run.4[1])?.show(0),
    ])
}

/// Where Python's time went, in its first run.
fn stages(python: &Pythons) -> Table {
    let mut table = Table::new(["Python's seconds", "read", "split", "embed", "write", "ONNX Runtime"]);
    for (name, runs) in [("plain", &python.plain), ("tuned", &python.tuned)] {
        if let Some(run) = runs.first() {
            let stage = |name: &str| format!("{:.1}", run.stages.get(name).copied().unwrap_or_default());
            let version = run.onnxruntime.clone();
            table.row([name.into(), stage("read"), stage("split"), stage("embed"), stage("write"), version]);
        }
    }
    table
}
