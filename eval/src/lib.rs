//! QA sets in, metrics, reports: what footnote is worth on questions whose answers are known.
//!
//! Read it in the order in which data passes:
//!
//! ```text
//! set (jsonl │ beir │ squad) → run (search, answer) → outcome per question → summary → report → compare
//! ```
//!
//! * [`set`]: questions with their gold answers and documents, and the corpus where a set brings one.
//! * [`mod@run`]: asks every question of the set of a whole product, one after the other.
//! * [`outcome`]: what came of one question, and how it scores.
//! * [`metrics`]: the arithmetic, pure, each formula with its source.
//! * [`summary`]: the scores of a run under the names of [`metrics::Metric`].
//! * [`report`]: settings, summary and questions, as JSON and as a table.
//! * [`mod@fit`]: the threshold of abstention, fitted to a run.
//! * [`compare`]: what changed between two reports, and which questions flipped.

pub mod compare;
pub mod fit;
pub mod metrics;
pub mod outcome;
pub mod report;
pub mod run;
pub mod set;
pub mod summary;

pub use compare::Comparison;
pub use fit::{Fit, fit};
pub use report::Report;
pub use run::{Condense, RunOptions, System, run};
pub use set::{EvalSet, QaQuestion, SetKind};
