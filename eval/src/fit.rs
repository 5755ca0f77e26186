//! Fits the confidence below which a system is to say that the documents don't answer.

use footnote_core::{Code, Error, Result};
use serde::Serialize;

use crate::metrics::coverage::{Point, curve};
use crate::outcome::Outcome;

/// What a threshold comes to on a set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effect {
    /// The least confidence with which a question is answered.
    pub min_confidence: f32,
    /// Answerable questions that are answered, and rightly.
    pub right: usize,
    /// Answerable questions.
    pub answerable: usize,
    /// Unanswerable questions that are refused.
    pub refused: usize,
    /// Unanswerable questions.
    pub unanswerable: usize,
}

/// A fit: what the set says to the threshold in force and to the best one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fit {
    /// With the setting as it was.
    pub before: Effect,
    /// With the fitted one.
    pub after: Effect,
    /// What accuracy any other threshold would give, by the share of questions that it lets through.
    pub curve: Vec<Point>,
}

/// A question as the fit sees it.
struct Asked {
    confidence: f64,
    answerable: bool,
    right: bool,
}

impl Effect {
    fn of(asked: &[Asked], min_confidence: f32) -> Self {
        let answered = |asked: &&Asked| asked.confidence >= f64::from(min_confidence);
        let count = |answerable: bool| asked.iter().filter(move |asked| asked.answerable == answerable);
        Self {
            min_confidence,
            right: count(true).filter(answered).filter(|asked| asked.right).count(),
            answerable: count(true).count(),
            refused: count(false).filter(|asked| !answered(asked)).count(),
            unanswerable: count(false).count(),
        }
    }

    /// The mean of both shares: a set of many answerable questions and few others is not fitted to the many.
    fn balance(&self) -> f64 {
        let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
        (share(self.right, self.answerable) + share(self.refused, self.unanswerable)) / 2.0
    }
}

/// Finds the threshold with the best mean of "answerable and rightly answered" and "unanswerable and refused", among
/// the middles between neighbouring confidences; of equally good ones the lowest, which refuses least. `outcomes` come from a
/// run that refused nothing by confidence.
///
/// # Errors
/// [`Code::EvalSet`] where the set has not both kinds of questions, with answers to judge by.
pub fn fit(outcomes: &[Outcome], in_force: f32) -> Result<Fit> {
    let asked: Vec<Asked> = outcomes.iter().filter_map(Asked::of).collect();
    let (answerable, not): (Vec<&Asked>, Vec<&Asked>) = asked.iter().partition(|asked| asked.answerable);
    if answerable.is_empty() || not.is_empty() {
        return Err(Error::new(
            Code::EvalSet,
            format!(
                "a threshold cannot be fitted on {} answerable and {} unanswerable questions",
                answerable.len(),
                not.len()
            ),
        )
        .hint("the set needs both: answerable ones with `answers`, and some with `\"answerable\": false`"));
    }
    let mut confidences: Vec<f64> = asked.iter().map(|asked| asked.confidence).filter(|c| c.is_finite()).collect();
    confidences.sort_unstable_by(f64::total_cmp);
    confidences.dedup();
    let middles = confidences.windows(2).map(|pair| ((pair[0] + pair[1]) / 2.0) as f32);
    let after = std::iter::once(0.0).chain(middles).map(|threshold| Effect::of(&asked, threshold));
    let after = after.reduce(|best, next| if next.balance() > best.balance() { next } else { best });
    let answers: Vec<(f64, bool)> = asked.iter().map(|asked| (asked.confidence, asked.right)).collect();
    let before = Effect::of(&asked, in_force);
    Ok(Fit { before, after: after.unwrap_or(before), curve: curve(&answers) })
}

impl Asked {
    /// `None` where nobody knows whether it was answered rightly.
    fn of(outcome: &Outcome) -> Option<Self> {
        let answerable = outcome.answerable?;
        let right = if answerable { outcome.is_right()? } else { false };
        Some(Self { confidence: outcome.confidence.unwrap_or(f64::NEG_INFINITY), answerable, right })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fakes::question;
    use crate::set::QaQuestion;

    fn outcome(confidence: f64, answerable: bool, right: bool) -> Outcome {
        let question = QaQuestion { answerable: Some(answerable), ..question("q", &["a"], &[]) };
        let mut outcome = Outcome::new(&question);
        outcome.confidence = Some(confidence);
        outcome.contains = answerable.then_some(right);
        outcome.abstained = Some(false);
        outcome
    }

    #[test]
    fn the_threshold_parts_what_is_known_from_what_is_not() {
        let outcomes = [
            outcome(0.9, true, true),
            outcome(0.8, true, true),
            outcome(0.7, true, false),
            outcome(0.4, false, false),
            outcome(0.3, true, true),
            outcome(0.2, false, false),
        ];
        let fit = fit(&outcomes, 0.0).unwrap();
        assert!((0.4..0.7).contains(&fit.after.min_confidence), "{fit:?}");
        assert_eq!((fit.after.right, fit.after.refused), (2, 2));
        assert_eq!((fit.before.right, fit.before.refused), (3, 0));
        assert_eq!(fit.curve.last().unwrap().accuracy, 0.5);
    }

    #[test]
    fn a_set_of_one_kind_is_refused() {
        for outcomes in [[outcome(0.9, true, true)], [outcome(0.9, false, false)]] {
            assert_eq!(fit(&outcomes, 0.5).unwrap_err().code(), Code::EvalSet);
        }
    }
}
