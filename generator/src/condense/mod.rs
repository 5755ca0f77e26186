//! Follow-up questions: what a question leaves to the history is put into it, so that it can be searched for.
//!
//! ```text
//! history, question → need (what is missing) → resolve (from the question before, then its answer)
//!                                            → model (asked only where something is missing, and checked)
//! ```
//!
//! * `token`, `language`, `phrase`, `parsed`: words, the language, what can be meant.
//! * `need`, `bound`: whether the question stands alone.
//! * `resolve`, `parallel`: the rules that complete it.
//! * `model`: a language model does it, within bounds that are checked.
//!
//! **A question that stands alone stays as it is, byte for byte.** The rules are for English. Of other
//! languages they complete only what its shape shows to be a fragment (`2019?`).

mod bound;
mod language;
mod model;
mod need;
mod parallel;
mod parsed;
mod phrase;
mod resolve;
mod token;

#[cfg(test)]
mod tests;

use footnote_core::question::MAX_QUESTION_CHARS;

use footnote_core::text::sentence::sentences;
use language::{Language, language};
use need::{Need, is_chatter, need};
use parsed::Parsed;
use resolve::resolve;

use crate::cite::without_marks;

pub use footnote_core::question::Turn;
pub use model::{ModelOptions, ModelUse, condense_with, parameters};

/// The most turns that are looked at: what was said before them is no longer what is spoken of.
pub const MAX_TURNS: usize = 3;
/// A question of more words says enough to be searched for.
const MAX_FOLLOW_UP_WORDS: usize = 100;
/// Characters of an answer in which its first sentence is sought.
const ANSWER_CHARS: usize = 600;

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condensed {
    /// A question that stands alone, as far as the history allows; at most 8,000 code points, or as many
    /// as it came with.
    pub question: String,
    /// By what means.
    pub how: How,
}

/// Who made a question stand alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Nobody: it stands alone already, or nothing in the history completes it.
    Unchanged,
    /// The rules.
    Rules,
    /// A language model.
    Model,
}

/// Makes `question` stand alone by the rules. `history` is oldest first; its last three turns count.
///
/// No content word of the question is lost: it loses pronouns that are replaced, and the frame of an
/// ellipsis (`and`, `what about`).
#[must_use]
pub fn condense(history: &[Turn], question: &str) -> Condensed {
    let lack = Lack::of(history, question);
    by_rules(&lack, question)
}

/// What a question lacks, and where that may be found.
struct Lack {
    need: Need,
    language: Language,
    question: Parsed,
    /// The last question, which stands alone by now, and the first sentence of its answer.
    previous: Option<(Parsed, Option<Parsed>)>,
}

impl Lack {
    /// Goes through the history, since a question that is referred to may be a follow-up itself.
    fn of(history: &[Turn], question: &str) -> Self {
        let recent = &history[history.len().saturating_sub(MAX_TURNS)..];
        let mut previous: Option<(Parsed, Option<Parsed>)> = None;
        for turn in recent {
            let asked: String = words_up_to(&turn.question, MAX_FOLLOW_UP_WORDS);
            if is_chatter(&token::tokens(&asked)) {
                continue;
            }
            let asked = match previous.take() {
                Some(before) => Self::new(&asked, Some(before)).completed().unwrap_or(asked),
                None => asked,
            };
            previous = Some((Parsed::new(&asked), turn.answer.as_deref().and_then(first_sentence)));
        }
        Self::new(question, previous)
    }

    fn new(question: &str, previous: Option<(Parsed, Option<Parsed>)>) -> Self {
        let parsed = Parsed::new(question);
        let spoken = language(&parsed.tokens);
        let in_english = previous.as_ref().is_some_and(|(before, _)| language(&before.tokens) == Language::English);
        let need = match spoken {
            _ if previous.is_none() || parsed.tokens.len() > MAX_FOLLOW_UP_WORDS || is_explained(question) => {
                Need::Nothing
            }
            Language::English => need(&parsed.tokens),
            Language::Unclear if in_english || asks(question) => need(&parsed.tokens),
            Language::Other | Language::Unclear => fragment_by_shape(&parsed, question),
        };
        Self { need, language: spoken, question: parsed, previous }
    }

    /// The question as the rules complete it; `None` where there is nothing to do.
    fn completed(&self) -> Option<String> {
        let (previous, answer) = self.previous.as_ref()?;
        let completed = resolve(self.need, &self.question, previous, answer.as_ref())?;
        let fits = completed.chars().count() <= MAX_QUESTION_CHARS;
        (fits && completed != self.question.text).then_some(completed)
    }
}

fn by_rules(lack: &Lack, question: &str) -> Condensed {
    match lack.completed() {
        Some(completed) => Condensed { question: completed, how: How::Rules },
        None => unchanged(question),
    }
}

fn unchanged(question: &str) -> Condensed {
    Condensed { question: question.to_owned(), how: How::Unchanged }
}

/// Of a language whose words tell nothing, a short question around a figure is a fragment: `Et en 2019 ?`
fn fragment_by_shape(question: &Parsed, text: &str) -> Need {
    let numbers = question.tokens.iter().filter(|token| token.is(token::Class::Number)).count();
    let short = question.tokens.len() <= 2 + numbers.min(1);
    let named = question.tokens.iter().skip(1).any(|token| token.is_named()) || numbers > 0;
    let sparse = text.chars().count() <= 24;
    if asks(text) && short && named && sparse { Need::Question } else { Need::Nothing }
}

/// Brackets at the end say what is meant: those of the rules, or the reader's own.
fn is_explained(question: &str) -> bool {
    question.trim_end().ends_with(')')
}

fn asks(text: &str) -> bool {
    text.trim_end().ends_with(['?', '？', '؟', ';'])
}

/// The first sentence, where an answer names its subject. Its footnote marks are none of its words.
fn first_sentence(answer: &str) -> Option<Parsed> {
    let head: String = without_marks(answer).chars().take(ANSWER_CHARS).collect();
    let span = sentences(&head).into_iter().next()?;
    span.of(&head).map(Parsed::new)
}

/// The text on one line, up to a number of words.
fn words_up_to(text: &str, most: usize) -> String {
    text.split_whitespace().take(most).collect::<Vec<_>>().join(" ")
}
