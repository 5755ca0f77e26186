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

/// The best answer that was found in a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundAnswer {
    /// In the text, in bytes.
    pub span: Span,
    /// How much likelier it is than none: the log of their odds, which is start logit plus end logit minus
    /// [`Reading::none`].
    pub odds: f32,
}

impl Reading {
    /// The best answer within `place`. `None` where no token of it was read.
    #[must_use]
    pub fn within(&self, place: Span) -> Option<FoundAnswer> {
        let first = self.tokens.iter().position(|token| token.span.start >= place.start)?;
        let inside = self.tokens[first..].iter().take_while(|token| token.span.end <= place.end).count();
        let tokens = &self.tokens[first..first + inside];
        let best_from = |(at, first): (usize, &ReadToken)| {
            let last = tokens[at..].iter().take(LONGEST).max_by(|a, b| a.end.total_cmp(&b.end))?;
            let span = Span::new(first.span.start, last.span.end);
            Some(FoundAnswer { span, odds: first.start + last.end - self.none })
        };
        tokens.iter().enumerate().filter_map(best_from).max_by(|a, b| a.odds.total_cmp(&b.odds))
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
        for (place, answer, odds) in
            [((0, 8), (3, 8), 8.0), ((3, 8), (3, 8), 8.0), ((3, 5), (3, 5), 5.0), ((0, 11), (9, 11), 15.0)]
        {
            let [place, span] = [place, answer].map(|(start, end)| Span::new(start, end));
            assert_eq!(reading.within(place), Some(FoundAnswer { span, odds }));
        }
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
        let odds = |tokens: &[(usize, f32, f32)]| reading(tokens).within(Span::new(0, 200)).map(|found| found.odds);
        assert_eq!(odds(&tokens), Some(9.0));
        tokens[LONGEST - 1].2 = 7.0;
        assert_eq!(odds(&tokens), Some(16.0));
    }
}
