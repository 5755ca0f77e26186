//! The kill test of `tests/`, as often as is asked for.
#![expect(clippy::print_stderr, reason = "a run of minutes says how far it is")]

use anyhow::Result;
use footnote_tests::kills::{self, KillReport, Plan, Stages};
use serde::Serialize;

use crate::args::KillsSubject;
use crate::report::{Claim, Section, Table};

const NOTES: [&str; 5] = [
    "`footnote ingest` is killed (SIGKILL) at an instant drawn evenly from the length of its run, while files are added, \
     changed, renamed and deleted; then `footnote verify` must find nothing amiss. One recovery in four is killed too.",
    "aimed: killed within 60 ms after the keyword index got its first new file, which is after the intent.",
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
    /// Before the intent, half written, after.
    stages: [u32; 3],
    aimed: u32,
    aimed_stages: [u32; 3],
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
    let KillsSubject { times, aimed, files, changes, seed } = *subject;
    let report = kills::run(&Plan { kills: times, aimed, files, changes, seed }, |report| {
        if let Some(last) = report.unclean.last() {
            eprintln!("{last}");
        }
        let done = report.kills + report.aimed;
        if done.is_multiple_of(10) {
            eprintln!("{done} of {} kills: {:?}, aimed {:?}", times + aimed, report.stages, report.aimed_stages);
        }
    });
    let KillReport { kills, stages, ended_first, recoveries_killed, instants_ms, changes, .. } = report;
    Kills {
        kills,
        stages: counts(stages),
        aimed: report.aimed,
        aimed_stages: counts(report.aimed_stages),
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

fn counts(stages: Stages) -> [u32; 3] {
    [stages.before_intent, stages.half_written, stages.after]
}

impl Section for Kills {
    fn title(&self) -> String {
        format!("{} kills at any instant, {} to {} ms after the start", self.kills, self.earliest_ms, self.latest_ms)
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut stages = Table::new(["kills", "number", "before the intent", "half written", "after"]);
        for (name, number, [before, half, after]) in
            [("at any instant", self.kills, self.stages), ("aimed", self.aimed, self.aimed_stages)]
        {
            let [number, before, half, after] = [number, before, half, after].map(|count| count.to_string());
            stages.row([name.into(), number, before, half, after]);
        }
        let mut others = Table::new(["recoveries killed", "runs that ended first"]);
        others.row([self.recoveries_killed, self.ended_first].map(|count| count.to_string()));
        let mut folder = Table::new(["files added", "changed", "renamed", "deleted", "documents at the end", "chunks"]);
        folder.row([
            self.adds.to_string(),
            self.changes.to_string(),
            self.renames.to_string(),
            self.deletes.to_string(),
            self.documents.to_string(),
            self.chunks.to_string(),
        ]);
        let mut tables = vec![stages, others, folder];
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
