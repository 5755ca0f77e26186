//! The kill test: a folder that changes all the time, and an ingestion that is killed at random instants.
//!
//! After every kill the next start must find nothing amiss, and in the end all must be as if nothing had happened.

mod disturbed;
mod random;
mod script;

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::disturbed::{Disturbed, When};
use self::random::Random;
pub use self::script::Changes;
use self::script::Script;
use crate::{Output, Scenario};

/// How often a recovery is killed too: once in so many kills.
const RECOVERY_KILLED: u64 = 4;
/// A recovery is killed within its first moments, in milliseconds.
const RECOVERY_MS: u64 = 700;
/// An aimed kill falls within so long after the first sign of writing.
const WRITING: Duration = Duration::from_millis(60);

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Kills of an ingestion at instants drawn evenly from the length of its run.
    pub kills: u32,
    /// Kills that are aimed at the moments in which a batch is written. They are short, and chance seldom meets them.
    pub aimed: u32,
    /// Files in the folder to begin with.
    pub files: u32,
    /// The most changes to the folder between two kills, half of them while the ingestion runs. A batch is written
    /// after 256 documents.
    pub changes: u32,
    /// The same seed makes the same changes.
    pub seed: u64,
}

/// Where a kill found the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stages {
    /// It had written nothing yet.
    pub before_intent: u32,
    /// Documents stood in the catalog as begun, and not as indexed.
    pub half_written: u32,
    /// All that it had begun was whole: between two batches, or at its end.
    pub after: u32,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct KillReport {
    /// Ingestions that were killed at any instant.
    pub kills: u32,
    /// Where those kills found them.
    pub stages: Stages,
    /// Ingestions that were killed as they wrote.
    pub aimed: u32,
    /// Where those kills found them.
    pub aimed_stages: Stages,
    /// Ingestions that ended before their kill; they count for nothing else.
    pub ended_first: u32,
    /// Recoveries that were killed too.
    pub recoveries_killed: u32,
    /// Earliest and latest kill, in milliseconds after the start of its ingestion.
    pub instants_ms: (u128, u128),
    /// What was done to the folder.
    pub changes: Changes,
    /// Documents in the catalog at the end.
    pub documents: usize,
    /// Chunks of them.
    pub chunks: u64,
    /// What `footnote verify` or an ingestion said where it should have found nothing amiss.
    pub unclean: Vec<String>,
    /// Documents that are not as they are in an undisturbed run over the same folder.
    pub differences: Vec<String>,
}

impl KillReport {
    /// Whether every restart was clean and the end is that of an undisturbed run.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.unclean.is_empty() && self.differences.is_empty()
    }
}

/// Runs the kill test; it breaks off at the first restart that is not clean, and leaves the folder as it is then.
/// `each` is told of every kill.
///
/// # Panics
/// When the binary cannot be run, or the folder cannot be written.
pub fn run(plan: &Plan, mut each: impl FnMut(&KillReport)) -> KillReport {
    let mut report = KillReport { instants_ms: (u128::MAX, 0), ..KillReport::default() };
    let mut scenario = Scenario::new();
    let mut random = Random::new(plan.seed);
    let mut script = Script::begin(scenario.path("documents"), plan.files, Random::new(plan.seed ^ 1));
    let mut length = undisturbed(&Scenario::new(), &script);
    while report.unclean.is_empty() && (report.kills < plan.kills || report.aimed < plan.aimed) {
        let both = report.kills < plan.kills && report.aimed < plan.aimed;
        let aimed = if both { random.below(2) == 0 } else { report.aimed < plan.aimed };
        let changes = 1 + random.below(u64::from(plan.changes));
        let (before, during) = (changes / 2, changes - changes / 2);
        (0..before).for_each(|_| script.change());
        let rows = rows(&scenario);
        let mut instants: Vec<Duration> = (0..during).map(|_| random.part_of(length)).collect();
        instants.sort_unstable();
        let when = if aimed { When::Writing(random.part_of(WRITING)) } else { When::At(random.part_of(length)) };
        let mut run = Disturbed::begin(&scenario, &script);
        let ended = run.disturb(when, &instants, &mut script);
        if let Some((status, took)) = ended {
            report.ended_first += 1;
            length = took;
            if !status.success() {
                report.unclean.push(format!("an ingestion that was not killed: {status}"));
            }
        } else {
            report.count(when, &rows, &self::rows(&scenario));
            // What it left undone makes the next run longer.
            length = length.mul_f64(1.05);
        }
        recover(&scenario, &mut random, &mut report);
        each(&report);
    }
    report.changes = script.changes;
    if !report.unclean.is_empty() {
        scenario.keep();
        report.unclean.push(format!("the folder is kept: {}", scenario.path("").display()));
        return report;
    }
    compare(&scenario, &script, &mut report);
    report
}

/// The next start, which must find nothing amiss; now and then it is killed too, and started again.
fn recover(scenario: &Scenario, random: &mut Random, report: &mut KillReport) {
    if random.below(RECOVERY_KILLED) == 0 {
        let mut child = quiet(scenario, &["verify"]);
        sleep(Duration::from_millis(random.below(RECOVERY_MS)));
        child.kill().expect("the recovery is a child");
        let status = child.wait().expect("the recovery is a child");
        report.recoveries_killed += u32::from(status.code().is_none());
    }
    if rows(scenario).is_empty() {
        // Killed before there was anything: `verify` would say so, as an error.
        return;
    }
    let verified = scenario.run(["verify"]);
    if verified.code != 0 {
        report.unclean.push(format!(
            "after kill {}: {}{}",
            report.kills + report.aimed,
            verified.stdout,
            verified.stderr
        ));
    }
}

/// Lets both come to their end: the data folder that suffered, and a fresh one over the same documents.
fn compare(scenario: &Scenario, script: &Script, report: &mut KillReport) {
    let fresh = Scenario::new();
    undisturbed(&fresh, script);
    let last = scenario.run(["ingest".as_ref(), script.folder().as_os_str()]);
    if last.code != 0 {
        report.unclean.push(format!("the last ingestion: {}", end_of(&last)));
    }
    for (name, scenario) in [("the one that was killed", scenario), ("the undisturbed one", &fresh)] {
        let verified = scenario.run(["verify"]);
        if verified.code != 0 {
            report.unclean.push(format!("{name}, at the end: {}", end_of(&verified)));
        }
    }
    let (suffered, expected) = (rows(scenario), rows(&fresh));
    report.documents = expected.len();
    report.chunks = expected.iter().filter_map(|row| row["chunks"].as_u64()).sum();
    let facts = |rows: &[Value]| rows.iter().map(lasting).collect::<Vec<_>>();
    let (suffered, expected) = (facts(&suffered), facts(&expected));
    let only = |rows: &[Value], others: &[Value], whose: &str| -> Vec<String> {
        rows.iter().filter(|row| !others.contains(row)).map(|row| format!("only in {whose}: {row}")).collect()
    };
    report.differences.extend(only(&suffered, &expected, "the one that was killed"));
    report.differences.extend(only(&expected, &suffered, "the undisturbed one"));
    if report.differences.is_empty() && suffered != expected {
        report.differences.push("the same rows, in another order or more than once".to_owned());
    }
}

/// What a command said last.
fn end_of(output: &Output) -> String {
    let lines: Vec<&str> = output.stdout.lines().chain(output.stderr.lines()).collect();
    lines[lines.len().saturating_sub(4)..].join("\n")
}

/// What must not depend on how a document came to be in the catalog. Its version, its times and the note of a move do.
fn lasting(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(fields) = row.as_object_mut() {
        for history in ["version", "timings", "updated_ms", "reason"] {
            fields.remove(history);
        }
        if row["status"] == "unchanged" {
            row["status"] = "indexed".into();
        }
    }
    row
}

impl KillReport {
    /// Counts a kill, by the rows before its run and after it.
    fn count(&mut self, when: When, before: &[Value], after: &[Value]) {
        match when {
            When::Writing(_) => {
                self.aimed += 1;
                self.aimed_stages.count(before, after);
            }
            When::At(at) => {
                self.kills += 1;
                let at = at.as_millis();
                self.instants_ms = (self.instants_ms.0.min(at), self.instants_ms.1.max(at));
                self.stages.count(before, after);
            }
        }
    }
}

impl Stages {
    /// Counts a kill by the rows before its run and after it.
    fn count(&mut self, before: &[Value], after: &[Value]) {
        let whole = |rows: &[Value]| -> Vec<(Value, Value)> {
            let indexed = rows.iter().filter(|row| row["status"] == "indexed" || row["status"] == "unchanged");
            indexed.map(|row| (row["uri"].clone(), row["content_hash"].clone())).collect()
        };
        if after.iter().any(|row| row["status"] == "indexing") {
            self.half_written += 1;
        } else if whole(before) == whole(after) {
            self.before_intent += 1;
        } else {
            self.after += 1;
        }
    }
}

/// The catalog's rows. No model is loaded for it, and nothing is mended.
fn rows(scenario: &Scenario) -> Vec<Value> {
    let output = scenario.run(["--json", "documents", "list"]);
    // Before the first run there is no catalog, and nothing is in it.
    let rows = serde_json::from_str::<Value>(&output.stdout).ok();
    rows.and_then(|rows| rows.as_array().cloned()).unwrap_or_default()
}

/// An ingestion to its end, and how long it took.
fn undisturbed(scenario: &Scenario, script: &Script) -> Duration {
    let started = Instant::now();
    scenario.ok(["ingest".as_ref(), script.folder().as_os_str()]);
    started.elapsed()
}

fn quiet(scenario: &Scenario, args: &[&str]) -> Child {
    let mut command = scenario.command();
    command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the binary starts")
}
