//! Two rankings into one: reciprocal rank fusion and the min-max weighted sum. Pure arithmetic.

use std::cmp::Ordering;
use std::collections::HashMap;

use footnote_core::ChunkId;
use footnote_core::passage::LegScore;
use footnote_core::seam::Hit;
use serde::{Deserialize, Serialize};

/// How the two legs are joined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum Fusion {
    /// Reciprocal rank fusion: `score(c) = Σ 1 / (k + rank(c))` over the legs that found `c`, ranks
    /// from 1. Only ranks count, so legs of any scale can be joined.
    ///
    /// Cormack, Clarke, Büttcher: "Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank
    /// Learning Methods", SIGIR 2009, with `k = 60`.
    Rrf {
        /// The larger, the less the first ranks stand out; above 0.
        k: f32,
    },
    /// Weighted sum of scaled scores: `score(c) = w · s(c, dense) + (1 - w) · s(c, keyword)`, where
    /// `s` maps a leg's own candidates to `0..=1`: `(score - min) / (max - min)`. A chunk that a leg
    /// did not find has 0 there. Where all of a leg's scores are equal, each of them is 1.
    ///
    /// Bruch, Gai, Ingber: "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 42(1), 2023.
    MinMax {
        /// `w`, the vector leg's weight, in `0..=1`; the keyword leg has the rest.
        dense_weight: f32,
    },
}

/// A chunk in the joint ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    /// The chunk.
    pub chunk: ChunkId,
    /// The joint score; comparable within one ranking only.
    pub score: f32,
    /// Its place in the vector leg.
    pub dense: Option<LegScore>,
    /// Its place in the keyword leg.
    pub keyword: Option<LegScore>,
}

impl Fusion {
    /// The joint ranking, best first; equal scores are ordered by id, so that the result depends on
    /// the hits alone, not on their order.
    ///
    /// A hit whose score is not a finite number is left out; of a chunk that a leg names twice, the
    /// better hit counts.
    #[must_use]
    pub fn fuse(&self, dense: &[Hit], keyword: &[Hit]) -> Vec<Fused> {
        let (dense, keyword) = (ranked(dense), ranked(keyword));
        let (dense_parts, keyword_parts) = match *self {
            Self::Rrf { k } => (reciprocal_ranks(&dense, k), reciprocal_ranks(&keyword, k)),
            Self::MinMax { dense_weight: w } => (scaled(&dense, w), scaled(&keyword, 1.0 - w)),
        };
        let mut joint: HashMap<ChunkId, Fused> = HashMap::with_capacity(dense.len() + keyword.len());
        for (at, (hit, part)) in dense.iter().zip(dense_parts).enumerate() {
            let fused = entry(&mut joint, hit.chunk);
            fused.score += part;
            fused.dense = Some(LegScore { rank: at + 1, score: hit.score });
        }
        for (at, (hit, part)) in keyword.iter().zip(keyword_parts).enumerate() {
            let fused = entry(&mut joint, hit.chunk);
            fused.score += part;
            fused.keyword = Some(LegScore { rank: at + 1, score: hit.score });
        }
        let mut joint: Vec<Fused> = joint.into_values().collect();
        joint.sort_unstable_by(|a, b| best_first((a.score, a.chunk), (b.score, b.chunk)));
        joint
    }
}

fn entry(joint: &mut HashMap<ChunkId, Fused>, chunk: ChunkId) -> &mut Fused {
    joint.entry(chunk).or_insert(Fused { chunk, score: 0.0, dense: None, keyword: None })
}

/// Higher scores first, equal ones by id.
pub(crate) fn best_first(a: (f32, ChunkId), b: (f32, ChunkId)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// A leg's usable hits, best first, each chunk once.
fn ranked(hits: &[Hit]) -> Vec<Hit> {
    let mut best: HashMap<ChunkId, f32> = HashMap::with_capacity(hits.len());
    for hit in hits.iter().filter(|hit| hit.score.is_finite()) {
        // Adding zero makes -0 of a leg equal to its 0.
        let score = hit.score + 0.0;
        best.entry(hit.chunk).and_modify(|known| *known = known.max(score)).or_insert(score);
    }
    let mut hits: Vec<Hit> = best.into_iter().map(|(chunk, score)| Hit { chunk, score }).collect();
    hits.sort_unstable_by(|a, b| best_first((a.score, a.chunk), (b.score, b.chunk)));
    hits
}

fn reciprocal_ranks(leg: &[Hit], k: f32) -> Vec<f32> {
    (1..=leg.len()).map(|rank| 1.0 / (k + rank as f32)).collect()
}

fn scaled(leg: &[Hit], weight: f32) -> Vec<f32> {
    let (Some(first), Some(last)) = (leg.first(), leg.last()) else { return Vec::new() };
    // In double precision the range of two finite f32 is finite too.
    let (max, min) = (f64::from(first.score), f64::from(last.score));
    let share = |score: f32| if max > min { ((f64::from(score) - min) / (max - min)) as f32 } else { 1.0 };
    leg.iter().map(|hit| weight * share(hit.score)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    const WAYS: [Fusion; 3] =
        [Fusion::Rrf { k: 60.0 }, Fusion::MinMax { dense_weight: 0.6 }, Fusion::MinMax { dense_weight: 1.0 }];

    fn id(n: u128) -> ChunkId {
        ChunkId(Uuid::from_u128(n))
    }

    fn leg(hits: &[(u128, f32)]) -> Vec<Hit> {
        hits.iter().map(|&(n, score)| Hit { chunk: id(n), score }).collect()
    }

    fn any_leg() -> impl Strategy<Value = Vec<(u128, f32)>> {
        // Few ids and few scores, so that both legs share chunks and ties are common.
        proptest::collection::btree_map(0u128..12, (-4i8..8).prop_map(f32::from), 0..10)
            .prop_map(|leg| leg.into_iter().collect())
    }

    fn place(fused: &[Fused], chunk: ChunkId) -> Option<usize> {
        fused.iter().position(|fused| fused.chunk == chunk)
    }

    #[test]
    fn rrf_is_the_sum_of_reciprocal_ranks() {
        let fused = Fusion::Rrf { k: 60.0 }.fuse(&leg(&[(1, 0.9), (2, 0.5)]), &leg(&[(2, 14.0), (3, 2.0)]));
        let found: Vec<_> = fused.iter().map(|f| (f.chunk, f.score)).collect();
        assert_eq!(found, [(id(2), 1.0 / 62.0 + 1.0 / 61.0), (id(1), 1.0 / 61.0), (id(3), 1.0 / 62.0)]);
        assert_eq!(fused[0].dense.map(|leg| leg.rank), Some(2));
        assert_eq!(fused[0].keyword, Some(LegScore { rank: 1, score: 14.0 }));
        assert_eq!(fused[1].keyword, None);
    }

    #[test]
    fn min_max_scales_each_leg_over_its_own_candidates() {
        let fusion = Fusion::MinMax { dense_weight: 0.75 };
        let fused = fusion.fuse(&leg(&[(1, 0.8), (2, 0.6), (3, 0.4)]), &leg(&[(2, 30.0), (4, 10.0)]));
        let found: Vec<_> = fused.iter().map(|f| (f.chunk, (f.score * 1000.0).round())).collect();
        assert_eq!(found, [(id(1), 750.0), (id(2), 625.0), (id(3), 0.0), (id(4), 0.0)]);
    }

    #[test]
    fn a_leg_of_equal_scores_counts_in_full() {
        let fused = Fusion::MinMax { dense_weight: 0.5 }.fuse(&leg(&[(1, 0.3)]), &leg(&[(1, 7.0), (2, 7.0)]));
        assert_eq!(fused.iter().map(|f| f.score).collect::<Vec<_>>(), [1.0, 0.5]);
    }

    #[test]
    fn scores_that_are_no_numbers_are_left_out() {
        let odd = leg(&[(1, f32::NAN), (2, f32::INFINITY), (3, f32::MAX), (4, f32::MIN)]);
        for way in WAYS {
            let fused = way.fuse(&odd, &[]);
            assert_eq!(fused.iter().map(|f| f.chunk).collect::<Vec<_>>(), [id(3), id(4)]);
            assert!(fused.iter().all(|f| f.score.is_finite()));
        }
    }

    #[test]
    fn settings_name_the_method() {
        let text = serde_json::to_string(&Fusion::MinMax { dense_weight: 0.5 }).unwrap();
        assert_eq!(text, r#"{"method":"min-max","dense_weight":0.5}"#);
        assert_eq!(serde_json::from_str::<Fusion>(r#"{"method":"rrf","k":10.0}"#).unwrap(), Fusion::Rrf { k: 10.0 });
    }

    proptest! {
        #[test]
        fn the_order_of_the_hits_does_not_matter(
            dense in any_leg(), keyword in any_leg().prop_shuffle(), turns in 0usize..10,
        ) {
            let mut turned = dense.clone();
            turned.reverse();
            turned.rotate_left(turns.min(dense.len()));
            for way in WAYS {
                let sorted: Vec<_> = { let mut k = keyword.clone(); k.sort_by_key(|hit| hit.0); k };
                prop_assert_eq!(way.fuse(&leg(&dense), &leg(&keyword)), way.fuse(&leg(&turned), &leg(&sorted)));
            }
        }

        #[test]
        fn every_chunk_comes_out_once_with_a_finite_score_best_first(dense in any_leg(), keyword in any_leg()) {
            for way in WAYS {
                let fused = way.fuse(&leg(&dense), &leg(&keyword));
                let mut found: Vec<_> = fused.iter().map(|f| f.chunk).collect();
                found.sort();
                let mut all: Vec<_> = dense.iter().chain(&keyword).map(|hit| id(hit.0)).collect();
                all.sort();
                all.dedup();
                prop_assert_eq!(found, all);
                prop_assert!(fused.iter().all(|f| f.score.is_finite()));
                prop_assert!(fused.is_sorted_by(|a, b| best_first((a.score, a.chunk), (b.score, b.chunk)).is_lt()));
            }
        }

        #[test]
        fn first_in_both_legs_is_first(mut dense in any_leg(), mut keyword in any_leg()) {
            dense.retain(|hit| hit.0 != 5);
            keyword.retain(|hit| hit.0 != 5);
            dense.push((5, 9.0));
            keyword.push((5, 9.0));
            for way in WAYS {
                prop_assert_eq!(way.fuse(&leg(&dense), &leg(&keyword))[0].chunk, id(5));
            }
        }

        #[test]
        fn a_better_score_never_costs_a_place(
            dense in any_leg().prop_filter("not empty", |leg| !leg.is_empty()),
            keyword in any_leg(), pick in 0usize..10, more in 1u8..6,
        ) {
            let pick = pick % dense.len();
            let chunk = id(dense[pick].0);
            let mut better = dense.clone();
            better[pick].1 += f32::from(more);
            for way in WAYS {
                let before = place(&way.fuse(&leg(&dense), &leg(&keyword)), chunk);
                let after = place(&way.fuse(&leg(&better), &leg(&keyword)), chunk);
                prop_assert!(after <= before, "{way:?}: {before:?} -> {after:?}");
            }
        }
    }
}
