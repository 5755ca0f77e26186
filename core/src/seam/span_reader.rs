use async_trait::async_trait;

use crate::error::Result;
use crate::span::Span;

/// The longest answer, in tokens.
const LONGEST: usize = 30;

/// Reads a question together with a text, and says where in it the answer stands, or that it does not: extractive question
/// answering with unanswerable questions, as of Rajpurkar et al. 2018, "Know What You Don't Know".
#[async_trait]
pub trait SpanReader: Send + Sync {
    /// Its name, as logs show it.
    fn name(&self) -> &str;

    /// The languages that it learned, as BCP 47 tags; none are named where it reads any.
    fn languages(&self) -> &[String];

    /// A reading of each text, in order.
    ///
    /// # Errors
    /// When the model fails.
    async fn read(&self, question: &str, texts: Vec<String>) -> Result<Vec<Reading>>;
}

/// What a model made of a question and one text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// Start plus end logit of there being no answer.
    pub none: f32,
    /// The text's tokens in order, but for those that were cut off.
    pub tokens: Vec<ReadToken>,
}

/// How well an answer might begin and end at a token: logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadToken {
    /// In the text, in bytes.
    pub span: Span,
    /// That it begins there.
    pub start: f32,
    /// That it ends there.
    pub end: f32,
}

impl Reading {
    /// How much likelier the best answer within `place` is than none: the log of their odds, which is start logit plus end
    /// logit minus [`Self::none`]. `None` where no token of it was read.
    #[must_use]
    pub fn within(&self, place: Span) -> Option<f32> {
        let first = self.tokens.iter().position(|token| token.span.start >= place.start)?;
        let inside = self.tokens[first..].iter().take_while(|token| token.span.end <= place.end).count();
        let tokens = &self.tokens[first..first + inside];
        let best_from = |at: usize| {
            let ends = tokens[at..].iter().take(LONGEST).map(|token| token.end);
            tokens[at].start + ends.fold(f32::NEG_INFINITY, f32::max)
        };
        (0..tokens.len()).map(best_from).reduce(f32::max).map(|best| best - self.none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(tokens: &[(usize, f32, f32)]) -> Reading {
        let token = |&(at, start, end): &(usize, f32, f32)| ReadToken { span: Span::new(at, at + 2), start, end };
        Reading { none: 1.0, tokens: tokens.iter().map(token).collect() }
    }

    #[test]
    fn an_answer_begins_before_it_ends_and_stays_within_its_place() {
        let reading = reading(&[(0, 0.0, 9.0), (3, 5.0, 1.0), (6, 1.0, 4.0), (9, 8.0, 8.0)]);
        assert_eq!(reading.within(Span::new(0, 8)), Some(8.0));
        assert_eq!(reading.within(Span::new(3, 8)), Some(8.0));
        assert_eq!(reading.within(Span::new(3, 5)), Some(5.0));
        assert_eq!(reading.within(Span::new(0, 11)), Some(15.0));
    }

    #[test]
    fn what_was_cut_off_has_no_reading() {
        let reading = reading(&[(0, 0.0, 9.0)]);
        assert_eq!(reading.within(Span::new(5, 90)), None);
        assert_eq!(Reading::default().within(Span::new(0, 9)), None);
    }

    #[test]
    fn an_answer_is_no_longer_than_thirty_tokens() {
        let mut tokens: Vec<(usize, f32, f32)> = (0..40).map(|at| (at * 3, 0.0, 0.0)).collect();
        (tokens[0].1, tokens[LONGEST].2) = (10.0, 10.0);
        assert_eq!(reading(&tokens).within(Span::new(0, 200)), Some(9.0));
        tokens[LONGEST - 1].2 = 7.0;
        assert_eq!(reading(&tokens).within(Span::new(0, 200)), Some(16.0));
    }
}
