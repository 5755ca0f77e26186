//! A report as plain text: meaning without colour, a figure a line.

use std::fmt::Write as _;

use crate::metrics::{Metric, Unit};
use crate::report::Report;

/// The figures by subject.
const GROUPS: [(&str, &[Metric]); 5] = [
    (
        "retrieval",
        &[
            Metric::RecallAt1,
            Metric::RecallAt5,
            Metric::RecallAt100,
            Metric::PageRecallAt5,
            Metric::MrrAt10,
            Metric::NdcgAt10,
        ],
    ),
    ("answers", &[Metric::Contains, Metric::ExactMatch, Metric::F1]),
    ("citations", &[Metric::CitationExact, Metric::CitationDocument, Metric::CitationPage, Metric::Supported]),
    ("abstention", &[Metric::AbstainPrecision, Metric::AbstainRecall, Metric::AbstainAuc, Metric::CoverageAccuracy]),
    ("time", &[Metric::LatencyP50, Metric::LatencyP95, Metric::FirstTokenP50]),
];

/// Failed questions that are shown; the JSON has them all.
const MAX_ERRORS: usize = 10;

/// The whole table.
pub(super) fn of(report: &Report) -> String {
    let mut out = heading(report);
    for (title, metrics) in GROUPS {
        let lines: Vec<String> = metrics.iter().filter_map(|metric| line(report, *metric)).collect();
        if !lines.is_empty() {
            let _ = writeln!(out, "\n{title}\n{}", lines.join("\n"));
        }
    }
    stages(report, &mut out);
    warnings(report, &mut out);
    out
}

fn heading(report: &Report) -> String {
    let of = |answerable| report.questions.iter().filter(|outcome| outcome.answerable == Some(answerable)).count();
    let asked = report.questions.len();
    let mut out = format!("{}: {asked} questions", report.set.name);
    if asked < report.set.questions {
        let _ = write!(out, " of {}", report.set.questions);
    }
    let _ = write!(out, ", {} answerable, {} not", of(true), of(false));
    if report.retrieval_only {
        out.push_str("; retrieval only");
    }
    out.push('\n');
    out
}

/// `  contains             0.911  41/45`; `None` where the metric does not apply.
fn line(report: &Report, metric: Metric) -> Option<String> {
    let value = report.summary.get(metric)?;
    let mut line = format!("  {metric:<20}{:>8}", figure(metric, value));
    if let Some(count) = report.counts.get(&metric) {
        let _ = match count.hits {
            Some(hits) => write!(line, "  {hits}/{}", count.of),
            None => write!(line, "  over {}", count.of),
        };
    }
    Some(line)
}

/// A value in its unit's digits.
pub(crate) fn figure(metric: Metric, value: f64) -> String {
    match metric.unit() {
        Unit::Count => format!("{value:.0}"),
        Unit::Share => format!("{value:.3}"),
        Unit::Milliseconds => format!("{value:.1}"),
    }
}

fn stages(report: &Report, out: &mut String) {
    let Some(mean) = report.timings_ms else { return };
    let _ = writeln!(out, "\nmean ms per stage");
    let all = [
        ("embed", Some(mean.embed)),
        ("search", Some(mean.search)),
        ("rerank", Some(mean.rerank)),
        ("evidence", Some(mean.evidence)),
        ("first_token", mean.first_token),
        ("generate", Some(mean.generate)),
        ("verify", Some(mean.verify)),
        ("total", Some(mean.total)),
    ];
    let ran = ["embed", "search", "total"];
    for (stage, value) in all.into_iter().filter(|(stage, _)| !report.retrieval_only || ran.contains(stage)) {
        if let Some(value) = value {
            let _ = writeln!(out, "  {stage:<20}{value:>8.1}");
        }
    }
}

fn warnings(report: &Report, out: &mut String) {
    if report.summary.get(Metric::CitationExact).is_some_and(|exact| exact < 1.0) {
        let _ = writeln!(out, "\nbug: a quote is not its document's text (`\"exact\": false` in the report)");
    }
    let failed: Vec<_> =
        report.questions.iter().filter_map(|outcome| Some((&outcome.id, outcome.error.as_ref()?))).collect();
    if failed.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{} of {} questions failed; each scores 0", failed.len(), report.questions.len());
    for (id, failure) in failed.iter().take(MAX_ERRORS) {
        let _ = writeln!(out, "  {id}: {} ({})", failure.message, failure.code);
    }
    if failed.len() > MAX_ERRORS {
        let _ = writeln!(out, "  and {} more, in the report", failed.len() - MAX_ERRORS);
    }
}
