//! Passages that say something new before those that say it again: maximal marginal relevance. Pure.
//!
//! Carbonell, Goldstein: "The use of MMR, diversity-based reranking for reordering documents and producing
//! summaries", SIGIR 1998: the next passage is the one with the highest
//! `(1 - diversity) · relevance - diversity · likeness`, where likeness is the cosine to the most similar passage that
//! was taken before. Relevance is the place in the ranking, from 1 down to 0, and not a score: scores of fusion and of
//! rerankers have scales of their own, cosines among them or not.

/// Places in their new order. `vectors` are of unit length, one per passage, best passage first; a passage without
/// one is like no other. `diversity` is in `0..=1`; 0 leaves the order as it is, and the best passage stays first
/// in any case.
pub(super) fn diverse(vectors: &[Option<Vec<f32>>], diversity: f32) -> Vec<usize> {
    let count = vectors.len();
    if diversity <= 0.0 {
        return (0..count).collect();
    }
    let relevance = |at: usize| 1.0 - at as f32 / count as f32;
    let mut left: Vec<usize> = (0..count).collect();
    let mut likeness = vec![0.0f32; count];
    let mut order = Vec::with_capacity(count);
    while !left.is_empty() {
        let worth = |at: usize| (1.0 - diversity) * relevance(at) - diversity * likeness[at];
        // Of equals the better ranked.
        let next = (0..left.len()).reduce(|best, at| if worth(left[at]) > worth(left[best]) { at } else { best });
        let taken = left.remove(if order.is_empty() { 0 } else { next.unwrap_or(0) });
        order.push(taken);
        for &at in &left {
            likeness[at] = likeness[at].max(cosine(vectors[taken].as_deref(), vectors[at].as_deref()));
        }
    }
    order
}

fn cosine(a: Option<&[f32]>, b: Option<&[f32]>) -> f32 {
    a.zip(b).map_or(0.0, |(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(angle: f32) -> Option<Vec<f32>> {
        Some(vec![angle.cos(), angle.sin()])
    }

    #[test]
    fn what_says_the_same_again_comes_later() {
        let vectors = [unit(0.0), unit(0.01), unit(1.5)];
        assert_eq!(diverse(&vectors, 0.0), [0, 1, 2]);
        assert_eq!(diverse(&vectors, 0.5), [0, 2, 1]);
    }

    #[test]
    fn without_vectors_the_ranking_stands() {
        assert_eq!(diverse(&[None, None, None], 0.7), [0, 1, 2]);
    }

    proptest! {
        #[test]
        fn every_passage_comes_once_and_the_best_stays_first(
            angles in proptest::collection::vec(proptest::option::of(0f32..6.0), 1..12), diversity in 0f32..=1.0,
        ) {
            let vectors: Vec<_> = angles.into_iter().map(|angle| angle.and_then(unit)).collect();
            let order = diverse(&vectors, diversity);
            prop_assert_eq!(order[0], 0);
            let mut all = order;
            all.sort_unstable();
            prop_assert_eq!(all, (0..vectors.len()).collect::<Vec<_>>());
        }
    }
}
