//! What changed between two reports: settings, figures, what was found, and the questions that flipped.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::metrics::{Metric, Unit};
use crate::outcome::{LISTED, Outcome};
use crate::report::{Report, figure};

/// Two reports side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Why the two do not quite compare: other sets, other questions, other kinds of run.
    pub cautions: Vec<String>,
    /// Settings that differ, by their dotted path.
    pub settings: Vec<SettingChange>,
    /// Every figure that one of them has.
    pub figures: Vec<FigureChange>,
    /// How much of what was found is the same; absent where the two have no question in common.
    pub found: Option<FoundChange>,
    /// Questions that went right in one and wrong in the other; empty where the runs are of other kinds.
    pub flips: Vec<Flip>,
}

/// A setting that differs. `None`: it is not set there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SettingChange {
    /// Its dotted path.
    pub path: String,
    /// Before.
    pub before: Option<Value>,
    /// After.
    pub after: Option<Value>,
}

/// A figure, before and after. `None`: it does not apply there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FigureChange {
    /// Which.
    pub metric: Metric,
    /// Before.
    pub before: Option<f64>,
    /// After.
    pub after: Option<f64>,
}

/// How many questions find the same first 10 documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FoundChange {
    /// Questions that both reports have.
    pub questions: usize,
    /// Those of them that find the same documents.
    pub same: usize,
    /// Those of these that find them in the same order.
    pub in_order: usize,
}

/// A question that went right in one run and wrong in the other; see [`Outcome::is_right`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// Its id.
    pub id: String,
    /// What was asked.
    pub question: String,
    /// Whether it went right *after*.
    pub gained: bool,
    /// What came of it before, in words.
    pub before: String,
    /// What came of it after, in words.
    pub after: String,
}

impl Comparison {
    /// Compares two reports.
    #[must_use]
    pub fn of(before: &Report, after: &Report) -> Self {
        let of_one_kind = before.retrieval_only == after.retrieval_only;
        Self {
            cautions: cautions(before, after),
            settings: setting_changes(&before.settings, &after.settings),
            figures: figure_changes(before, after),
            found: found_change(before, after),
            flips: if of_one_kind { flips(before, after) } else { Vec::new() },
        }
    }

    /// As a table for the terminal.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        for caution in &self.cautions {
            let _ = writeln!(out, "caution: {caution}");
        }
        for change in &self.settings {
            let show = |value: &Option<Value>| value.as_ref().map_or_else(|| "unset".to_owned(), Value::to_string);
            let _ = writeln!(out, "{}: {} → {}", change.path, show(&change.before), show(&change.after));
        }
        let _ = writeln!(out, "{:<22}{:>10}{:>10}{:>11}", "", "before", "after", "change");
        for change in &self.figures {
            let _ = writeln!(out, "{}", change.line());
        }
        if let Some(found) = self.found {
            let FoundChange { questions, same, in_order } = found;
            let _ = writeln!(
                out,
                "\nfirst {LISTED} documents: the same for {same} of {questions} questions, in the same order for {in_order}"
            );
        }
        let gained = self.flips.iter().filter(|flip| flip.gained).count();
        let _ = writeln!(out, "flipped: {gained} gained, {} lost", self.flips.len() - gained);
        for flip in &self.flips {
            let sign = if flip.gained { '+' } else { '-' };
            let _ = writeln!(
                out,
                "{sign} {}: {}\n    before: {}\n    after:  {}",
                flip.id, flip.question, flip.before, flip.after
            );
        }
        out
    }
}

impl FigureChange {
    fn line(&self) -> String {
        let show = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| figure(self.metric, value));
        let change = match (self.before, self.after) {
            _ if show(self.before) == show(self.after) => "=".to_owned(),
            (Some(before), Some(after)) => match self.metric.unit() {
                Unit::Count => format!("{:+.0}", after - before),
                Unit::Share => format!("{:+.3}", after - before),
                Unit::Milliseconds => format!("{:+.1}", after - before),
            },
            _ => String::new(),
        };
        let line = format!("{:<22}{:>10}{:>10}{change:>11}", self.metric, show(self.before), show(self.after));
        line.trim_end().to_owned()
    }
}

fn cautions(before: &Report, after: &Report) -> Vec<String> {
    let mut cautions = Vec::new();
    if before.set != after.set {
        cautions.push(format!("the sets differ: {} and {}", named(before), named(after)));
    }
    let ids = |report: &Report| report.questions.iter().map(|outcome| outcome.id.clone()).collect::<Vec<_>>();
    if ids(before) != ids(after) {
        cautions.push("not the same questions were asked".to_owned());
    }
    if before.retrieval_only != after.retrieval_only {
        cautions.push("one run is retrieval only, the other is not".to_owned());
    }
    cautions
}

/// A set's name, with its collection where two of one name would look the same.
fn named(report: &Report) -> String {
    let set = &report.set;
    let name = set.collection.as_ref().unwrap_or(&set.name);
    format!("{name} ({} questions)", set.questions)
}

fn setting_changes(before: &Value, after: &Value) -> Vec<SettingChange> {
    let (before, after) = (leaves(before), leaves(after));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |path: &String| SettingChange {
        path: path.clone(),
        before: before.get(path).map(|value| (*value).clone()),
        after: after.get(path).map(|value| (*value).clone()),
    };
    paths.into_iter().map(change).filter(|change| change.before != change.after).collect()
}

/// The values that are no objects, by their dotted paths.
fn leaves(settings: &Value) -> BTreeMap<String, &Value> {
    let mut found = BTreeMap::new();
    let mut open = vec![(String::new(), settings)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(map) => open.extend(map.iter().map(|(key, inner)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                (path, inner)
            })),
            Value::Null => {}
            leaf => {
                found.insert(path, leaf);
            }
        }
    }
    found
}

fn figure_changes(before: &Report, after: &Report) -> Vec<FigureChange> {
    let change = |metric: &Metric| FigureChange {
        metric: *metric,
        before: before.summary.get(*metric),
        after: after.summary.get(*metric),
    };
    Metric::ALL.iter().map(change).filter(|change| change.before.or(change.after).is_some()).collect()
}

fn found_change(before: &Report, after: &Report) -> Option<FoundChange> {
    let earlier: HashMap<&str, &Vec<String>> =
        before.questions.iter().map(|outcome| (outcome.id.as_str(), &outcome.retrieved)).collect();
    let both = after.questions.iter().filter_map(|after| Some((*earlier.get(after.id.as_str())?, &after.retrieved)));
    let as_set = |found: &Vec<String>| found.iter().cloned().collect::<BTreeSet<_>>();
    let mut change = FoundChange { questions: 0, same: 0, in_order: 0 };
    for (before, after) in both {
        change.questions += 1;
        change.same += usize::from(as_set(before) == as_set(after));
        change.in_order += usize::from(before == after);
    }
    (change.questions > 0).then_some(change)
}

fn flips(before: &Report, after: &Report) -> Vec<Flip> {
    let earlier: HashMap<&str, &Outcome> =
        before.questions.iter().map(|outcome| (outcome.id.as_str(), outcome)).collect();
    let flip = |after: &Outcome| {
        let before = *earlier.get(after.id.as_str())?;
        let (was, is) = (before.is_right()?, after.is_right()?);
        (was != is).then(|| Flip {
            id: after.id.clone(),
            question: after.question.clone(),
            gained: is,
            before: in_words(before),
            after: in_words(after),
        })
    };
    after.questions.iter().filter_map(flip).collect()
}

/// What came of a question, on a line.
fn in_words(outcome: &Outcome) -> String {
    if let Some(failure) = &outcome.error {
        return format!("failed: {}", failure.message);
    }
    match (&outcome.answer, outcome.abstained) {
        (_, Some(true)) => "abstained".to_owned(),
        (Some(answer), _) => answer.split_whitespace().collect::<Vec<_>>().join(" "),
        (None, _) => match outcome.ranking.as_ref().and_then(|ranking| ranking.first_gold_rank) {
            Some(rank) => format!("first gold document at rank {rank}"),
            None => "no gold document found".to_owned(),
        },
    }
}
