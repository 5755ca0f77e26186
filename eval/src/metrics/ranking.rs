//! How well a ranking puts the gold documents in front.
//!
//! A ranking is given as the grades of what was found, best first: 0 for what is no gold document,
//! else the gold document's grade, each gold document at most once. The formulas are those of
//! `trec_eval`, which BEIR uses.

use footnote_core::document::PageRange;

/// recall@k: the share of all `gold` documents that is among the first `k`. Not capped at `k`:
/// with two gold documents, recall@1 is at most a half. 0 without gold documents.
#[must_use]
pub fn recall_at(k: usize, grades: &[u32], gold: usize) -> f64 {
    let found = grades.iter().take(k).filter(|grade| **grade > 0).count();
    if gold == 0 { 0.0 } else { found as f64 / gold as f64 }
}

/// The rank (from 1) of the first gold document.
#[must_use]
pub fn first_rank(grades: &[u32]) -> Option<usize> {
    grades.iter().position(|grade| *grade > 0).map(|at| at + 1)
}

/// Reciprocal rank at `k`: one over the rank of the first gold document, 0 where it is past `k`.
/// Its mean over the questions is MRR (Voorhees 1999, TREC-8 question answering).
#[must_use]
pub fn reciprocal_rank_at(k: usize, grades: &[u32]) -> f64 {
    first_rank(grades).filter(|rank| *rank <= k).map_or(0.0, |rank| 1.0 / rank as f64)
}

/// nDCG@k: `DCG@k / IDCG@k` with `DCG@k = Σ grade_i / log2(i + 1)` over ranks `i = 1..=k`, where
/// IDCG is the DCG of the `gold` grades in descending order. Gains are linear, as in `trec_eval`'s
/// `ndcg_cut` (Järvelin and Kekäläinen 2002). 0 without gold documents.
#[must_use]
pub fn ndcg_at(k: usize, grades: &[u32], gold: &[u32]) -> f64 {
    let mut ideal = gold.to_vec();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best = dcg_at(k, &ideal);
    if best == 0.0 { 0.0 } else { dcg_at(k, grades) / best }
}

fn dcg_at(k: usize, grades: &[u32]) -> f64 {
    let gain = |(at, grade): (usize, &u32)| f64::from(*grade) / ((at + 2) as f64).log2();
    grades.iter().take(k).enumerate().map(gain).sum()
}

/// The share of the `gold` pages that one of the ranges touches. 0 without gold pages.
#[must_use]
pub fn page_recall(gold: &[u32], touched: &[PageRange]) -> f64 {
    let found = gold.iter().filter(|page| touches(touched, **page)).count();
    if gold.is_empty() { 0.0 } else { found as f64 / gold.len() as f64 }
}

/// Whether one of the ranges touches `page`.
#[must_use]
pub fn touches(ranges: &[PageRange], page: u32) -> bool {
    ranges.iter().any(|range| (range.start..=range.end).contains(&page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn recall_counts_all_gold_documents() {
        let grades = [0, 1, 0, 2, 0, 1];
        let at = |k| recall_at(k, &grades, 4);
        assert!(close(at(1), 0.0) && close(at(2), 0.25) && close(at(5), 0.5) && close(at(100), 0.75));
        assert!(close(recall_at(1, &[1, 1], 2), 0.5));
        assert!(close(recall_at(5, &[], 1), 0.0));
    }

    #[test]
    fn the_reciprocal_rank_ends_at_its_cut() {
        let tenth = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        assert!(close(reciprocal_rank_at(10, &tenth), 0.1));
        assert!(close(reciprocal_rank_at(9, &tenth), 0.0));
        assert!(close(reciprocal_rank_at(10, &[0, 3, 1]), 0.5));
        assert_eq!((first_rank(&[0, 0, 1, 1]), first_rank(&[0, 0])), (Some(3), None));
    }

    #[test]
    fn ndcg_is_what_trec_eval_computes() {
        // One gold document at rank 3: (1 / log2 4) / (1 / log2 2).
        assert!(close(ndcg_at(10, &[0, 0, 1], &[1]), 0.5));
        // Grades 2 and 1 the wrong way round: (1 + 2 / log2 3) / (2 + 1 / log2 3).
        assert!(close(ndcg_at(10, &[1, 2], &[2, 1]), 0.859_718_699_852_197_2));
        // The example of Wikipedia's article on DCG: grades 3,2,3,0,1,2, and 3 and 2 not found.
        // DCG@6 = 6.861126688593502; ideal 3,3,3,2,2,2: IDCG@6 = 8.740262365546284.
        assert!(close(
            ndcg_at(6, &[3, 2, 3, 0, 1, 2], &[3, 2, 3, 1, 2, 3, 2]),
            6.861_126_688_593_502 / 8.740_262_365_546_284
        ));
        // Past the cut nothing counts.
        assert!(close(ndcg_at(2, &[0, 0, 1], &[1]), 0.0));
        assert!(close(ndcg_at(10, &[], &[]), 0.0));
    }

    #[test]
    fn pages_are_found_inside_ranges() {
        let touched = [PageRange { start: 2, end: 3 }, PageRange { start: 7, end: 7 }];
        assert!(close(page_recall(&[3, 7, 8, 1], &touched), 0.5));
        assert!(close(page_recall(&[3], &[]), 0.0));
    }

    proptest! {
        #[test]
        fn the_perfect_ranking_scores_one_and_no_ranking_more(
            mut gold in prop::collection::vec(1u32..5, 1..12),
            noise in prop::collection::vec(0u32..1, 0..12),
            seed in any::<u64>(),
        ) {
            let mut ranking = gold.clone();
            ranking.extend(&noise);
            let by = seed as usize % ranking.len();
            ranking.rotate_left(by);
            let score = ndcg_at(10, &ranking, &gold);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&score));
            prop_assert!(recall_at(100, &ranking, gold.len()) == 1.0);
            gold.sort_unstable_by(|a, b| b.cmp(a));
            prop_assert!(close(ndcg_at(10, &gold, &gold), 1.0));
        }
    }
}
