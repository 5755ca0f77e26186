//! The kill test of `tests/`, as often as is asked for.
#![expect(clippy::print_stderr, reason = "a run of minutes says how far it is")]

use anyhow::Result;
use footnote_tests::kills::{self, KillReport, Plan};
use serde::Serialize;

use crate::args::KillsSubject;
use crate::report::{Claim, Section, Table};

const NOTES: [&str; 4] = [
    "`footnote ingest` is killed (SIGKILL) at an instant drawn evenly from the length of its run, while files are added, \
     changed, renamed and deleted; then `footnote verify` must find nothing amiss. One recovery in four is killed too.",
    "before the intent: this run had written nothing yet. half written: documents stood in the catalog as begun. after: \
     what it had begun was whole, between two batches or at its end.",
    "In the end the rows of `documents list --json` are compared with those of an undisturbed run over the same folder: \
     id, uri, content hash, chunks, status and all else but version, timings, times and the note of a move.",
    "Power loss is not tested: what the system had not written to the disk yet survives a kill.",
];

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Kills {
    kills: u32,
    before_intent: u32,
    half_written: u32,
    after: u32,
    recoveries_killed: u32,
    ended_first: u32,
    earliest_ms: u128,
    latest_ms: u128,
    adds: u32,
    changes: u32,
    renames: u32,
    deletes: u32,
    documents: usize,
    chunks: u64,
    unclean: Vec<String>,
    differences: Vec<String>,
}

/// Runs it.
pub(crate) fn run(subject: &KillsSubject) -> Kills {
    let KillsSubject { times, files, changes, seed } = *subject;
    let report = kills::run(&Plan { kills: times, files, changes, seed }, |report| {
        if let Some(last) = report.unclean.last() {
            eprintln!("{last}");
        }
        if report.kills % 10 == 0 {
            eprintln!("{} of {times} kills: {:?}", report.kills, report.stages);
        }
    });
    let KillReport { kills, stages, ended_first, recoveries_killed, instants_ms, changes, .. } = report;
    Kills {
        kills,
        before_intent: stages.before_intent,
        half_written: stages.half_written,
        after: stages.after,
        recoveries_killed,
        ended_first,
        earliest_ms: instants_ms.0,
        latest_ms: instants_ms.1,
        adds: changes.adds,
        changes: changes.changes,
        renames: changes.renames,
        deletes: changes.deletes,
        documents: report.documents,
        chunks: report.chunks,
        unclean: report.unclean,
        differences: report.differences,
    }
}

impl Section for Kills {
    fn title(&self) -> String {
        format!("{} kills, {} to {} ms after the start", self.kills, self.earliest_ms, self.latest_ms)
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut stages = Table::new(["before the intent", "half written", "after", "recoveries killed", "ended first"]);
        let counts = [self.before_intent, self.half_written, self.after, self.recoveries_killed, self.ended_first];
        stages.row(counts.map(|count| count.to_string()));
        let mut folder = Table::new(["files added", "changed", "renamed", "deleted", "documents at the end", "chunks"]);
        folder.row([
            self.adds.to_string(),
            self.changes.to_string(),
            self.renames.to_string(),
            self.deletes.to_string(),
            self.documents.to_string(),
            self.chunks.to_string(),
        ]);
        let mut tables = vec![stages, folder];
        if !(self.unclean.is_empty() && self.differences.is_empty()) {
            let mut wrong = Table::new(["what was wrong"]);
            for line in self.unclean.iter().chain(&self.differences) {
                wrong.row([line.replace('\n', " / ")]);
            }
            tables.push(wrong);
        }
        Ok(tables)
    }

    fn claims(&self) -> Vec<Claim> {
        vec![
            Claim::at_least("kills".into(), f64::from(self.kills), 100.0),
            Claim::at_most("restarts that `verify` did not find clean".into(), self.unclean.len() as f64, 0.0),
            Claim::at_most("documents unlike those of an undisturbed run".into(), self.differences.len() as f64, 0.0),
        ]
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}
