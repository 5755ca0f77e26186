//! The metrics by name: the keys of a report's summary.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares the metrics, each with its key and unit, in the order in which reports show them.
macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident = $key:literal, $unit:ident;)*) => {
        /// A figure of a summary. Ordered as reports show them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $($(#[$doc])* $variant,)* }

        impl Metric {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The key in a summary.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            /// What it counts in.
            #[must_use]
            pub fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit,)* }
            }
        }
    };
}

/// What a metric counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Questions.
    Count,
    /// A share or a score in `0..=1`, higher is better.
    Share,
    /// Milliseconds, lower is better.
    Milliseconds,
}

metrics! {
    /// Questions asked.
    Questions = "questions", Count;
    /// Mean share of the gold documents that are the first document found, over the questions that
    /// are not marked as unanswerable and name documents. Passages count as their documents, a
    /// document at its best passage. So for all of the ranking metrics.
    RecallAt1 = "recall@1", Share;
    /// The same among the first 5 documents.
    RecallAt5 = "recall@5", Share;
    /// The same among the first 100 documents.
    RecallAt100 = "recall@100", Share;
    /// Mean share of the gold pages that the first 5 *passages* touch in gold documents, over the
    /// questions that name documents and pages.
    PageRecallAt5 = "page_recall@5", Share;
    /// Mean reciprocal rank of the first gold document, 0 past rank 10.
    MrrAt10 = "mrr@10", Share;
    /// Mean normalised discounted cumulative gain of the first 10 documents.
    NdcgAt10 = "ndcg@10", Share;
    /// Share of the answerable questions with gold answers where the answer's text or a citation's
    /// quote holds a gold answer.
    Contains = "contains", Share;
    /// Share of the same questions where the answer's text *is* a gold answer, both normalised.
    ExactMatch = "exact_match", Share;
    /// Mean over the same questions of the best word F1 with a gold answer.
    F1 = "f1", Share;
    /// Share of all citations whose quote is byte for byte the document's text at their span.
    /// Below 1 there is a bug.
    CitationExact = "citation_exact", Share;
    /// Share of the answerable questions with gold documents *that were answered* where the first
    /// citation's document is a gold document.
    CitationDocument = "citation_document", Share;
    /// Share of the answerable questions with gold pages that were answered where a citation of a
    /// gold document touches a gold page.
    CitationPage = "citation_page", Share;
    /// Share of all citations whose verdict is `supported`.
    Supported = "supported", Share;
    /// Of the questions that the system abstained from, the share that is unanswerable.
    AbstainPrecision = "abstain_precision", Share;
    /// Of the unanswerable questions, the share that the system abstained from.
    AbstainRecall = "abstain_recall", Share;
    /// The chance that an unanswerable question has a lower confidence than an answerable one.
    AbstainAuc = "abstain_auc", Share;
    /// The area under the coverage/accuracy curve of the questions that were answered: how right the
    /// answers are when only the surest are given, over all shares. An answer to an unanswerable question is wrong.
    CoverageAccuracy = "coverage_accuracy_area", Share;
    /// Median time to the whole answer; of a retrieval-only run, to the passages.
    LatencyP50 = "latency_ms_p50", Milliseconds;
    /// 95th percentile of the same.
    LatencyP95 = "latency_ms_p95", Milliseconds;
    /// Median time to the engine's first token, over the answers that a model wrote at.
    FirstTokenP50 = "first_token_ms_p50", Milliseconds;
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        Self::ALL
            .iter()
            .copied()
            .find(|metric| metric.key() == key)
            .ok_or_else(|| D::Error::custom(format!("`{key}` is no metric that this version knows")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_read_back() {
        for (at, metric) in Metric::ALL.iter().enumerate() {
            assert!(Metric::ALL[..at].iter().all(|earlier| earlier.key() != metric.key() && earlier < metric));
            let json = serde_json::to_string(metric).unwrap();
            assert_eq!(serde_json::from_str::<Metric>(&json).unwrap(), *metric);
        }
        assert!(serde_json::from_str::<Metric>("\"bleu\"").is_err());
    }
}
