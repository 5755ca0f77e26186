//! The order after reranking. Pure.

/// Places in their new order: those with a score share the places that they had among themselves, best score first;
/// those without one stay where they are. Equal scores keep their order.
pub(super) fn reordered(scores: &[Option<f32>]) -> Vec<usize> {
    let scored = || (0..scores.len()).filter(|&at| scores[at].is_some());
    let mut best_first: Vec<usize> = scored().collect();
    // A stable sort, of numbers that are none at the end.
    best_first.sort_by(|&a, &b| key(scores[b]).total_cmp(&key(scores[a])));
    let mut order: Vec<usize> = (0..scores.len()).collect();
    for (place, at) in scored().zip(best_first) {
        order[place] = at;
    }
    order
}

fn key(score: Option<f32>) -> f32 {
    score.filter(|score| !score.is_nan()).unwrap_or(f32::NEG_INFINITY)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_better_goes_first_and_the_unread_stay() {
        assert_eq!(reordered(&[Some(0.1), None, Some(0.9), Some(0.5), None]), [2, 1, 3, 0, 4]);
        assert_eq!(reordered(&[]), [0usize; 0]);
    }

    proptest! {
        #[test]
        fn unread_passages_keep_their_places_and_read_ones_are_sorted(
            scores in proptest::collection::vec(proptest::option::of((-3i8..3).prop_map(f32::from)), 0..20),
        ) {
            let order = reordered(&scores);
            let mut all = order.clone();
            all.sort_unstable();
            prop_assert_eq!(all, (0..scores.len()).collect::<Vec<_>>());
            for (place, &at) in order.iter().enumerate() {
                prop_assert_eq!(scores[place].is_none(), scores[at].is_none());
                prop_assert!(scores[at].is_some() || place == at);
            }
            let read: Vec<(f32, usize)> = order.iter().filter_map(|&at| Some((scores[at]?, at))).collect();
            prop_assert!(read.is_sorted_by(|a, b| a.0 > b.0 || (a.0 == b.0 && a.1 < b.1)));
        }
    }
}
