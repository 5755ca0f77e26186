//! How well a system knows what it does not know.

/// Questions by whether the documents answer them and whether the system did. Errors count as
/// answered: an error is no honest "not in these documents".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abstentions {
    /// Unanswerable, and the system abstained.
    pub right: usize,
    /// Answerable, but the system abstained.
    pub wrong: usize,
    /// Unanswerable, but the system did not abstain.
    pub missed: usize,
}

impl Abstentions {
    /// Counts pairs of (answerable, abstained).
    #[must_use]
    pub fn count(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = Self::default();
        for pair in pairs {
            match pair {
                (false, true) => counts.right += 1,
                (true, true) => counts.wrong += 1,
                (false, false) => counts.missed += 1,
                (true, false) => {}
            }
        }
        counts
    }

    /// How often the system abstained.
    #[must_use]
    pub fn abstained(self) -> usize {
        self.right + self.wrong
    }

    /// How many of the questions are unanswerable.
    #[must_use]
    pub fn unanswerable(self) -> usize {
        self.right + self.missed
    }
}

/// The area under the ROC curve of telling `unanswerable` from `answerable` questions by
/// confidence: the chance that a random unanswerable question has the lower one, ties counting
/// half. Computed as the Mann–Whitney U statistic over ranks, `U / (n1 n2)` with
/// `U = R1 − n1 (n1 + 1) / 2`, where `R1` sums the (tied: mean) ranks of the answerable questions
/// (Hanley and McNeil 1982). `None` without both kinds.
#[must_use]
pub fn auc(answerable: &[f64], unanswerable: &[f64]) -> Option<f64> {
    if answerable.is_empty() || unanswerable.is_empty() {
        return None;
    }
    let mut all: Vec<(f64, bool)> = answerable.iter().map(|confidence| (*confidence, true)).collect();
    all.extend(unanswerable.iter().map(|confidence| (*confidence, false)));
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));

    let (mut rank_sum, mut before) = (0.0, 0_usize);
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        // The ranks `before + 1 ..= before + tied.len()`, of which each gets the mean.
        let mean_rank = before as f64 + (tied.len() + 1) as f64 / 2.0;
        rank_sum += mean_rank * tied.iter().filter(|(_, answerable)| *answerable).count() as f64;
        before += tied.len();
    }
    let (n1, n2) = (answerable.len() as f64, unanswerable.len() as f64);
    Some((rank_sum - n1 * (n1 + 1.0) / 2.0) / (n1 * n2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn abstentions_are_told_apart() {
        let pairs = [(false, true), (false, true), (false, false), (true, true), (true, false), (true, false)];
        let counts = Abstentions::count(pairs);
        assert_eq!(counts, Abstentions { right: 2, wrong: 1, missed: 1 });
        assert_eq!((counts.abstained(), counts.unanswerable()), (3, 3));
    }

    #[test]
    fn auc_is_the_share_of_pairs_in_the_right_order() {
        assert_eq!(auc(&[0.9, 0.8], &[0.1, 0.2]), Some(1.0));
        assert_eq!(auc(&[0.1, 0.2], &[0.9, 0.8]), Some(0.0));
        assert_eq!(auc(&[0.5, 0.5], &[0.5]), Some(0.5));
        // Of the 6 pairs (0.9>0.4, 0.9>0.6, 0.4=0.4, 0.4<0.6, 0.6>0.4, 0.6=0.6): 3 right, 2 tied.
        assert_eq!(auc(&[0.9, 0.4, 0.6], &[0.4, 0.6]), Some(4.0 / 6.0));
        // A question for which nothing was found has the lowest confidence there is.
        assert_eq!(auc(&[0.3], &[f64::NEG_INFINITY, 0.5]), Some(0.5));
        assert_eq!((auc(&[], &[0.1]), auc(&[0.1], &[])), (None, None));
    }

    proptest! {
        #[test]
        fn ranks_give_what_counting_the_pairs_gives(
            answerable in prop::collection::vec(0u8..6, 1..20),
            unanswerable in prop::collection::vec(0u8..6, 1..20),
        ) {
            let mut won = 0.0;
            for a in &answerable {
                for u in &unanswerable {
                    won += if a > u { 1.0 } else if a == u { 0.5 } else { 0.0 };
                }
            }
            let floats = |values: &[u8]| values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
            let by_pairs = won / (answerable.len() * unanswerable.len()) as f64;
            let by_ranks = auc(&floats(&answerable), &floats(&unanswerable)).unwrap();
            prop_assert!((by_pairs - by_ranks).abs() < 1e-9, "{by_pairs} {by_ranks}");
        }
    }
}
