//! The scores of a run: what its outcomes come to.
//!
//! A question that failed is not passed over: it scores 0 where it has no score, and counts as
//! answered where it should have been abstained from. Only latencies leave it out.

use std::collections::BTreeMap;

use footnote_core::answer::{Timings, Verdict};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::metrics::abstain::{Abstentions, auc};
use crate::metrics::coverage::{area, curve};
use crate::metrics::spread::{mean, percentile};
use crate::metrics::{Metric, Unit};
use crate::outcome::{Outcome, Ranking};

/// Values by metric, in the order of [`Metric::ALL`]. A metric that does not apply is absent: one
/// that needs gold answers, say, for a set that has none.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Summary(BTreeMap<Metric, f64>);

impl Summary {
    /// A metric's value, where it applies.
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<f64> {
        self.0.get(&metric).copied()
    }

    /// The metrics that apply, with their values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Metric, f64)> + '_ {
        self.0.iter().map(|(metric, value)| (*metric, *value))
    }
}

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (metric, value) in self.iter() {
            match metric.unit() {
                Unit::Count => map.serialize_entry(&metric, &(value as u64))?,
                Unit::Share | Unit::Milliseconds => map.serialize_entry(&metric, &value)?,
            }
        }
        map.end()
    }
}

/// What a metric was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How many of them were hits, where the metric is a share of hits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits: Option<usize>,
    /// How many questions (for citation metrics: citations) it was taken over.
    pub of: usize,
}

/// What each metric was taken over.
pub type Counts = BTreeMap<Metric, Count>;

/// Sums up a run. `retrieval_only`: no answers were asked for, so their metrics do not apply.
#[must_use]
pub fn summarise(outcomes: &[Outcome], retrieval_only: bool) -> (Summary, Counts) {
    let mut tally = Tally::default();
    tally.summary.0.insert(Metric::Questions, outcomes.len() as f64);
    tally.rank(outcomes);
    if !retrieval_only {
        tally.judge_answers(outcomes);
        tally.judge_citations(outcomes);
        tally.judge_abstentions(outcomes);
        tally.judge_coverage(outcomes);
    }
    tally.judge_confidence(outcomes);
    tally.time(outcomes);
    (tally.summary, tally.counts)
}

/// The mean of each stage over the questions that ran through; `first_token` over those with one.
#[must_use]
pub fn mean_timings(outcomes: &[Outcome]) -> Option<Timings> {
    let all: Vec<Timings> = outcomes.iter().filter_map(|outcome| outcome.timings_ms).collect();
    let of = |stage: fn(&Timings) -> f64| mean(all.iter().map(stage));
    Some(Timings {
        embed: of(|t| t.embed)?,
        search: of(|t| t.search)?,
        rerank: of(|t| t.rerank)?,
        evidence: of(|t| t.evidence)?,
        first_token: mean(all.iter().filter_map(|t| t.first_token)),
        generate: of(|t| t.generate)?,
        verify: of(|t| t.verify)?,
        total: of(|t| t.total)?,
    })
}

/// A ranking metric of one question.
type Score = fn(&Ranking) -> f64;

/// A summary in the making.
#[derive(Default)]
struct Tally {
    summary: Summary,
    counts: Counts,
}

impl Tally {
    /// A share of hits; absent over nothing.
    fn share(&mut self, metric: Metric, hits: usize, of: usize) {
        if of > 0 {
            self.summary.0.insert(metric, hits as f64 / of as f64);
            self.counts.insert(metric, Count { hits: Some(hits), of });
        }
    }

    /// A figure over `of` questions; absent where there is none.
    fn figure(&mut self, metric: Metric, value: Option<f64>, of: usize) {
        if let Some(value) = value {
            self.summary.0.insert(metric, value);
            self.counts.insert(metric, Count { hits: None, of });
        }
    }

    fn rank(&mut self, outcomes: &[Outcome]) {
        let ranked: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.seeks_documents()).collect();
        let score = |outcome: &&Outcome, of: Score| outcome.ranking.as_ref().map_or(0.0, of);
        let metrics: [(Metric, Score); 5] = [
            (Metric::RecallAt1, |ranking| ranking.recall_at_1),
            (Metric::RecallAt5, |ranking| ranking.recall_at_5),
            (Metric::RecallAt100, |ranking| ranking.recall_at_100),
            (Metric::MrrAt10, |ranking| ranking.mrr_at_10),
            (Metric::NdcgAt10, |ranking| ranking.ndcg_at_10),
        ];
        for (metric, of) in metrics {
            self.figure(metric, mean(ranked.iter().map(|outcome| score(outcome, of))), ranked.len());
        }
        let paged: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.seeks_pages()).collect();
        let page_score = |ranking: &Ranking| ranking.page_recall_at_5.unwrap_or(0.0);
        self.figure(Metric::PageRecallAt5, mean(paged.iter().map(|outcome| score(outcome, page_score))), paged.len());
    }

    fn judge_answers(&mut self, outcomes: &[Outcome]) {
        let judged: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.seeks_answer()).collect();
        let hits =
            |hit: fn(&Outcome) -> Option<bool>| judged.iter().filter(|outcome| hit(outcome) == Some(true)).count();
        self.share(Metric::Contains, hits(|outcome| outcome.contains), judged.len());
        self.share(Metric::ExactMatch, hits(|outcome| outcome.exact_match), judged.len());
        self.figure(Metric::F1, mean(judged.iter().map(|outcome| outcome.f1.unwrap_or(0.0))), judged.len());
    }

    fn judge_citations(&mut self, outcomes: &[Outcome]) {
        let citations = || outcomes.iter().flat_map(|outcome| &outcome.citations);
        let all = citations().count();
        self.share(Metric::CitationExact, citations().filter(|citation| citation.exact).count(), all);
        let supported = citations().filter(|citation| citation.verdict == Verdict::Supported).count();
        self.share(Metric::Supported, supported, all);

        let answered = || outcomes.iter().filter(|outcome| outcome.abstained == Some(false));
        let first_is_gold =
            |outcome: &&Outcome| outcome.citations.first().is_some_and(|c| c.gold_document == Some(true));
        let on_document = answered().filter(|outcome| outcome.seeks_documents());
        self.share(Metric::CitationDocument, on_document.clone().filter(first_is_gold).count(), on_document.count());
        let touches_gold =
            |outcome: &&Outcome| outcome.citations.iter().any(|citation| citation.gold_page == Some(true));
        let on_page = answered().filter(|outcome| outcome.seeks_pages());
        self.share(Metric::CitationPage, on_page.clone().filter(touches_gold).count(), on_page.count());
    }

    fn judge_abstentions(&mut self, outcomes: &[Outcome]) {
        let abstained = |outcome: &Outcome| outcome.abstained == Some(true);
        let known = outcomes.iter().filter_map(|outcome| Some((outcome.answerable?, abstained(outcome))));
        let counts = Abstentions::count(known);
        // Without unanswerable questions every abstention is wrong, and precision says nothing.
        if counts.unanswerable() > 0 {
            self.share(Metric::AbstainPrecision, counts.right, counts.abstained());
            self.share(Metric::AbstainRecall, counts.right, counts.unanswerable());
        }
    }

    fn judge_coverage(&mut self, outcomes: &[Outcome]) {
        let answered = outcomes.iter().filter(|outcome| outcome.abstained == Some(false));
        let answers: Vec<(f64, bool)> = answered
            .filter_map(|outcome| {
                let right = if outcome.answerable == Some(false) { false } else { outcome.contains? };
                Some((outcome.confidence?, right))
            })
            .collect();
        self.figure(Metric::CoverageAccuracy, area(&curve(&answers)), answers.len());
    }

    fn judge_confidence(&mut self, outcomes: &[Outcome]) {
        if outcomes.iter().all(|outcome| outcome.confidence.is_none()) {
            return;
        }
        let of = |answerable: bool| -> Vec<f64> {
            let known = outcomes.iter().filter(|outcome| outcome.answerable == Some(answerable));
            // Found nothing: less sure than of anything found. Failed: nothing is known of it.
            let searched = known.filter(|outcome| outcome.confidence.is_some() || outcome.error.is_none());
            searched.map(|outcome| outcome.confidence.unwrap_or(f64::NEG_INFINITY)).collect()
        };
        let (answerable, unanswerable) = (of(true), of(false));
        self.figure(Metric::AbstainAuc, auc(&answerable, &unanswerable), answerable.len() + unanswerable.len());
    }

    fn time(&mut self, outcomes: &[Outcome]) {
        let ran = outcomes.iter().filter(|outcome| outcome.error.is_none());
        let latencies: Vec<f64> = ran.clone().filter_map(|outcome| outcome.latency_ms).collect();
        let first_tokens: Vec<f64> = ran.filter_map(|outcome| outcome.timings_ms?.first_token).collect();
        for (metric, values, percent) in [
            (Metric::LatencyP50, &latencies, 50.0),
            (Metric::LatencyP95, &latencies, 95.0),
            (Metric::FirstTokenP50, &first_tokens, 50.0),
        ] {
            self.figure(metric, percentile(values.iter().copied(), percent), values.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fakes::{abstention, answer, question};
    use crate::set::QaQuestion;

    fn answered(question: &QaQuestion, abstains: bool) -> Outcome {
        let mut outcome = Outcome::new(question);
        outcome.add_answer(question, if abstains { abstention() } else { answer("x", vec![]) }, &[]);
        outcome
    }

    fn keys(outcomes: &[Outcome]) -> Vec<&'static str> {
        summarise(outcomes, false).0.iter().map(|(metric, _)| metric.key()).collect()
    }

    #[test]
    fn what_a_set_does_not_know_is_not_measured() {
        assert_eq!(keys(&[answered(&question("q", &[], &[]), false)]), ["questions", "first_token_ms_p50"]);
        let with_answer = keys(&[answered(&question("q", &["x"], &[]), false)]);
        assert_eq!(
            with_answer,
            ["questions", "contains", "exact_match", "f1", "coverage_accuracy_area", "first_token_ms_p50"]
        );
    }

    #[test]
    fn abstentions_count_only_where_some_question_is_unanswerable() {
        let known = question("known", &["x"], &[]);
        assert!(!keys(&[answered(&known, true)]).contains(&"abstain_precision"));

        let unknown = QaQuestion { answerable: Some(false), ..question("unknown", &[], &[]) };
        let (summary, _) = summarise(&[answered(&known, true), answered(&unknown, false)], false);
        assert_eq!((summary.get(Metric::AbstainPrecision), summary.get(Metric::AbstainRecall)), (Some(0.0), Some(0.0)));
        let (never, _) = summarise(&[answered(&known, false), answered(&unknown, false)], false);
        assert_eq!((never.get(Metric::AbstainPrecision), never.get(Metric::AbstainRecall)), (None, Some(0.0)));
    }

    #[test]
    fn an_answer_without_citations_cites_no_gold_document() {
        let (summary, counts) = summarise(&[answered(&question("q", &["x"], &["a.md"]), false)], false);
        assert_eq!(summary.get(Metric::CitationDocument), Some(0.0));
        assert_eq!(counts[&Metric::CitationDocument], Count { hits: Some(0), of: 1 });
        assert_eq!(summary.get(Metric::CitationExact), None);
    }

    #[test]
    fn a_failed_question_is_no_abstention_and_has_no_latency() {
        let unknown = QaQuestion { answerable: Some(false), ..question("q", &[], &[]) };
        let mut failed = Outcome::new(&unknown);
        failed.latency_ms = Some(9.0);
        failed.add_error(&footnote_core::Error::internal("x"));
        let (summary, _) = summarise(&[failed, answered(&unknown, true)], false);
        assert_eq!(summary.get(Metric::AbstainRecall), Some(0.5));
        assert_eq!(summary.get(Metric::LatencyP50), None);
    }
}
