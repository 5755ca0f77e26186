//! What a system gets right when it answers only what it is surest of.

/// A point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Point {
    /// Share of the questions that are answered.
    pub coverage: f64,
    /// Share of those that are answered rightly.
    pub accuracy: f64,
}

/// The coverage/accuracy curve (El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective
/// Classification"): for each confidence that occurs, what share has at least that and how many of those are right.
/// `answers` are pairs of (confidence, right); an answer to an unanswerable question is wrong.
#[must_use]
pub fn curve(answers: &[(f64, bool)]) -> Vec<Point> {
    let mut sorted = answers.to_vec();
    sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut taken, mut right) = (0_usize, 0_usize);
    let mut points = Vec::new();
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        taken += tied.len();
        right += tied.iter().filter(|(_, right)| *right).count();
        points.push(Point { coverage: taken as f64 / sorted.len() as f64, accuracy: right as f64 / taken as f64 });
    }
    points
}

/// The area under the curve, by steps: the mean accuracy over all coverages. `None` without answers.
#[must_use]
pub fn area(curve: &[Point]) -> Option<f64> {
    let mut before = 0.0;
    let steps = curve.iter().map(|point| {
        let step = (point.coverage - before) * point.accuracy;
        before = point.coverage;
        step
    });
    (!curve.is_empty()).then(|| steps.sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_surest_answers_come_first() {
        let curve = curve(&[(0.2, false), (0.9, true), (0.5, true), (0.5, false)]);
        let expected = [(0.25, 1.0), (0.75, 2.0 / 3.0), (1.0, 0.5)];
        assert_eq!(curve.iter().map(|p| (p.coverage, p.accuracy)).collect::<Vec<_>>(), expected);
        assert!((area(&curve).unwrap() - (0.25 + 0.5 * 2.0 / 3.0 + 0.25 * 0.5)).abs() < 1e-12);
        assert_eq!(area(&[]), None);
    }

    proptest! {
        #[test]
        fn knowing_what_is_right_is_never_worse_than_not_knowing(rights in prop::collection::vec(any::<bool>(), 1..30)) {
            let knows: Vec<_> = rights.iter().map(|right| (f64::from(u8::from(*right)), *right)).collect();
            let guesses: Vec<_> = rights.iter().map(|right| (0.5, *right)).collect();
            prop_assert!(area(&curve(&knows)).unwrap() >= area(&curve(&guesses)).unwrap() - 1e-12);
        }
    }
}
