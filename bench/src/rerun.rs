//! An ingestion that finds nothing new, beside bare stat calls over the same files.

use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use footnote_config::ModelCatalog;
use footnote_ingest::{CancellationToken, RetryWhich};
use footnote_server::wire::{Footnote, Load};
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use crate::args::{AgainJob, Options, RerunSubject};
use crate::ingest::{Run, measured};
use crate::measure::{Spread, peak_mib};
use crate::product::{explained, runtime, settings};
use crate::report::{Claim, Section, Table};

const NOTES: [&str; 3] = [
    "again: discover, the catalog's rows, compare, count; models loaded before. stat: walkdir and the metadata of each \
     file, nothing else, in the same process just before.",
    "The first time, every row goes from `indexed` to `unchanged`; after that nothing is written. The last column \
     counts what was embedded.",
    "The files are small and many are equal: equal chunks share a vector, which makes the set-up quick and changes \
     nothing of what is measured.",
];
/// Files in a folder.
const PER_FOLDER: u32 = 100;

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Rerun {
    files: u32,
    first: Run,
    again: Vec<Again>,
}

/// One run that found nothing new.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Again {
    /// Files that stat saw.
    files: usize,
    unchanged: usize,
    embedded: usize,
    stat_seconds: f64,
    seconds: f64,
    peak_mib: f64,
}

/// Ingests a folder once, then again and again.
pub(crate) fn run(options: &Options, subject: &RerunSubject) -> Result<Rerun> {
    let place = tempfile::tempdir()?;
    let (data, folder) = (place.path().join("data"), place.path().join("documents"));
    write(&folder, subject.files)?;
    let first: Run = measured(options, "ingest", &data, [OsString::from(&folder)])?;
    ensure!(first.documents == subject.files as usize, "{} of {} files", first.documents, subject.files);
    let again = (0..options.rounds + 1).map(|_| measured(options, "again", &data, [OsString::from(&folder)]));
    Ok(Rerun { files: subject.files, first, again: again.collect::<Result<_>>()? })
}

/// Small notes, many of them equal.
fn write(folder: &Path, files: u32) -> Result<()> {
    for number in 0..files {
        let folder = folder.join(format!("{:03}", number / PER_FOLDER));
        if number % PER_FOLDER == 0 {
            fs_err::create_dir_all(&folder)?;
        }
        let kind = number % 7;
        let text = format!("# Kettle {kind}\n\nThe kettle of kind {kind} is filled, heated and emptied.\n");
        fs_err::write(folder.join(format!("{number:05}.md")), text)?;
    }
    Ok(())
}

/// One run, in its own process.
pub(crate) fn measure(job: &AgainJob, models: Option<&Path>) -> Result<Again> {
    let settings = settings(models, &job.data)?;
    runtime()?.block_on(async {
        let catalog = ModelCatalog::builtin().map_err(explained)?;
        let footnote =
            Footnote::open(&settings, &catalog, Load::Retrieval, "footnote-bench").await.map_err(explained)?;
        let token = CancellationToken::new();
        let ingestor =
            footnote.ingestor(&settings.server.collection, RetryWhich::Failed, &(), &token).await.map_err(explained)?;
        let started = Instant::now();
        let files = stat(&job.folder)?;
        let stat_seconds = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let report = ingestor.ingest_paths(std::slice::from_ref(&job.folder), &(), &token).await.map_err(explained)?;
        let seconds = started.elapsed().as_secs_f64();
        ensure!(report.found_nothing_new(), "something was new: {report:?}");
        let (unchanged, embedded) = (report.unchanged, report.embedded);
        Ok(Again { files, unchanged, embedded, stat_seconds, seconds, peak_mib: peak_mib(std::process::id())? })
    })
}

/// Walks the folder and asks for each file's size and time.
fn stat(folder: &Path) -> Result<usize> {
    let mut files = 0;
    for entry in WalkDir::new(folder) {
        let metadata = entry?.metadata()?;
        std::hint::black_box((metadata.len(), metadata.modified()?));
        files += usize::from(metadata.is_file());
    }
    Ok(files)
}

impl Rerun {
    /// Those that had nothing to write.
    fn later(&self) -> &[Again] {
        self.again.get(1..).unwrap_or_default()
    }

    fn spread(runs: &[Again], fact: impl Fn(&Again) -> f64) -> Result<Spread> {
        Spread::of(runs.iter().map(fact))
    }
}

impl Section for Rerun {
    fn title(&self) -> String {
        format!("Again: {} unchanged files", self.files)
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut table = Table::new(["run", "files", "seconds", "stat, s", "over stat", "peak MiB", "embedded"]);
        let Run { documents, seconds, peak_mib, embedded, .. } = &self.first;
        table.row([
            "from nothing".into(),
            documents.to_string(),
            format!("{seconds:.1}"),
            "".into(),
            "".into(),
            format!("{peak_mib:.0}"),
            embedded.to_string(),
        ]);
        let first = self.again.get(..1).unwrap_or_default();
        for (name, runs) in [("again, the first time", first), ("again, later", self.later())] {
            table.row([
                name.into(),
                runs.first().context("nothing was measured")?.unchanged.to_string(),
                Self::spread(runs, |run| run.seconds)?.show(3),
                Self::spread(runs, |run| run.stat_seconds)?.show(3),
                Self::spread(runs, |run| run.seconds / run.stat_seconds)?.show(1),
                Self::spread(runs, |run| run.peak_mib)?.show(0),
                runs.iter().map(|run| run.embedded).sum::<usize>().to_string(),
            ]);
        }
        Ok(vec![table])
    }

    fn claims(&self) -> Vec<Claim> {
        let per_10_000 = |run: &Again| run.seconds * 10_000.0 / run.files as f64;
        let embedded: usize = self.again.iter().map(|run| run.embedded).sum();
        let slowest = self.again.iter().map(per_10_000).fold(0.0, f64::max);
        vec![
            Claim::below("seconds per 10,000 unchanged files, the slowest run".into(), slowest, 1.0),
            Claim::at_most("chunks embedded again".into(), embedded as f64, 0.0),
        ]
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}
