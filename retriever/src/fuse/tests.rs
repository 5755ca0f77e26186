use super::*;
use proptest::prelude::*;
use uuid::Uuid;

const WAYS: [Fusion; 5] = [
    Fusion::ZScore { dense_weight: 0.4 },
    Fusion::Rrf { k: 60.0 },
    Fusion::MinMax { dense_weight: 0.6 },
    Fusion::MinMax { dense_weight: 1.0 },
    Fusion::Cosine { dense_weight: 0.5 },
];

fn id(n: u128) -> ChunkId {
    ChunkId(Uuid::from_u128(n))
}

fn leg(hits: &[(u128, f32)]) -> Vec<Hit> {
    hits.iter().map(|&(n, score)| Hit { chunk: id(n), score }).collect()
}

/// Whatever the legs did not propose has these scores.
fn knowing(scores: &[Hit]) -> Beyond<'_> {
    Beyond { dense: scores, keyword: scores }
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
    let fused =
        Fusion::Rrf { k: 60.0 }.fuse(&leg(&[(1, 0.9), (2, 0.5)]), &leg(&[(2, 14.0), (3, 2.0)]), Beyond::default());
    let found: Vec<_> = fused.iter().map(|f| (f.chunk, f.score)).collect();
    assert_eq!(found, [(id(2), 1.0 / 62.0 + 1.0 / 61.0), (id(1), 1.0 / 61.0), (id(3), 1.0 / 62.0)]);
    assert_eq!(fused[0].dense.map(|leg| leg.rank), Some(2));
    assert_eq!(fused[0].keyword, Some(LegScore { rank: 1, score: 14.0 }));
    assert_eq!(fused[1].keyword, None);
}

#[test]
fn min_max_scales_each_leg_over_its_own_candidates() {
    let fusion = Fusion::MinMax { dense_weight: 0.75 };
    let fused = fusion.fuse(&leg(&[(1, 0.8), (2, 0.6), (3, 0.4)]), &leg(&[(2, 30.0), (4, 10.0)]), Beyond::default());
    let found: Vec<_> = fused.iter().map(|f| (f.chunk, (f.score * 1000.0).round())).collect();
    assert_eq!(found, [(id(1), 750.0), (id(2), 625.0), (id(3), 0.0), (id(4), 0.0)]);
}

#[test]
fn a_leg_of_equal_scores_counts_in_full() {
    let fused =
        Fusion::MinMax { dense_weight: 0.5 }.fuse(&leg(&[(1, 0.3)]), &leg(&[(1, 7.0), (2, 7.0)]), Beyond::default());
    assert_eq!(fused.iter().map(|f| f.score).collect::<Vec<_>>(), [1.0, 0.5]);
}

#[test]
fn cosine_takes_likeness_as_it_is_and_words_as_a_share_of_the_best() {
    let fusion = Fusion::Cosine { dense_weight: 0.75 };
    let fused = |beyond| {
        let fused = fusion.fuse(&leg(&[(1, 0.8), (2, 0.6), (3, -0.4)]), &leg(&[(2, 30.0), (4, 15.0)]), beyond);
        fused.iter().map(|f| (f.chunk, (f.score * 10_000.0).round())).collect::<Vec<_>>()
    };
    let similarities = leg(&[(4, 0.2)]);
    let whole = Beyond { dense: &similarities, keyword: &[] };
    assert_eq!(fused(whole), [(id(2), 7000.0), (id(1), 6000.0), (id(4), 2750.0), (id(3), -3000.0)]);
    // Others may share words, too, where the keyword leg was cut off.
    let words = leg(&[(1, 12.0), (3, 3.0)]);
    let cut = Beyond { keyword: &words, ..whole };
    assert_eq!(fused(cut), [(id(1), 7000.0), (id(2), 7000.0), (id(4), 2750.0), (id(3), -2750.0)]);
}

#[test]
fn z_score_counts_deviations_and_takes_the_last_for_what_was_not_found() {
    let fusion = Fusion::ZScore { dense_weight: 0.5 };
    let fused = fusion.fuse(&leg(&[(1, 5.0), (2, 3.0)]), &leg(&[(2, 9.0), (3, 7.0)]), Beyond::default());
    let found: Vec<_> = fused.iter().map(|f| (f.chunk, f.score)).collect();
    assert_eq!(found, [(id(1), 0.0), (id(2), 0.0), (id(3), -1.0)]);
}

#[test]
fn a_known_score_of_a_chunk_that_was_not_found_counts_without_a_rank() {
    let (dense, keyword) = (leg(&[(1, 0.8), (2, 0.4)]), leg(&[(3, 5.0), (4, 5.0)]));
    for way in WAYS.into_iter().filter(|way| way.dense_weight().is_some_and(|w| w < 1.0)) {
        let fused = way.fuse(&dense, &keyword, knowing(&leg(&[(4, 0.39), (3, 0.2), (2, 9.0)])));
        let of = |n| fused.iter().find(|f| f.chunk == id(n)).unwrap();
        assert!(of(4).score > of(3).score, "{way:?}");
        assert_eq!((of(4).dense, of(2).dense.unwrap().score), (None, 0.4));
        let fused = way.fuse(&keyword, &dense, knowing(&leg(&[(4, 0.39), (3, 0.2)])));
        let of = |n| fused.iter().find(|f| f.chunk == id(n)).unwrap();
        assert!(of(4).score > of(3).score && of(4).keyword.is_none(), "{way:?}");
    }
}

#[test]
fn a_weight_of_its_own_changes_nothing_but_the_weight() {
    for way in WAYS {
        let other = way.with_dense_weight(0.1);
        assert_eq!(other.name(), way.name());
        assert_eq!(other.dense_weight().is_some(), way.dense_weight().is_some());
        assert!(other.dense_weight().is_none_or(|w| w == 0.1));
    }
}

#[test]
fn scores_that_are_no_numbers_are_left_out() {
    let odd = leg(&[(1, f32::NAN), (2, f32::INFINITY), (3, f32::MAX), (4, f32::MIN)]);
    for way in WAYS {
        let fused = way.fuse(&odd, &[], Beyond::default());
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
        dense in any_leg(), keyword in any_leg().prop_shuffle(), unfound in any_leg(), turns in 0usize..10,
    ) {
        let mut turned = dense.clone();
        turned.reverse();
        turned.rotate_left(turns.min(dense.len()));
        for way in WAYS {
            let sorted: Vec<_> = { let mut k = keyword.clone(); k.sort_by_key(|hit| hit.0); k };
            let unfound = leg(&unfound);
            let fused = way.fuse(&leg(&dense), &leg(&keyword), knowing(&unfound));
            prop_assert_eq!(fused, way.fuse(&leg(&turned), &leg(&sorted), knowing(&unfound)));
        }
    }

    #[test]
    fn every_chunk_comes_out_once_with_a_finite_score_best_first(
        dense in any_leg(), keyword in any_leg(), unfound in any_leg(),
    ) {
        for way in WAYS {
            let fused = way.fuse(&leg(&dense), &leg(&keyword), knowing(&leg(&unfound)));
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
            prop_assert_eq!(way.fuse(&leg(&dense), &leg(&keyword), Beyond::default())[0].chunk, id(5));
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
        // Not so by z-score: the better hit stretches the leg's scale, and with it what it has before the others.
        for way in WAYS.into_iter().skip(1) {
            let before = place(&way.fuse(&leg(&dense), &leg(&keyword), Beyond::default()), chunk);
            let after = place(&way.fuse(&leg(&better), &leg(&keyword), Beyond::default()), chunk);
            prop_assert!(after <= before, "{way:?}: {before:?} -> {after:?}");
        }
    }
}
