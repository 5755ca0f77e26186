//! `What about Mistral?`: the question before, with the thing of the same kind replaced. Where more than
//! one could be meant, the fragment stays and the words of that question are put behind it.

use super::parsed::Parsed;
use super::phrase::{Kind, Phrase, phrases};
use super::resolve::{added, content, with_question};
use super::token::{Class, Token};

/// The fragment that begins at token `from`, completed from the question before.
pub(super) fn parallel(question: &Parsed, from: usize, previous: &Parsed) -> Option<String> {
    let Some(fragment) = Fragment::new(question, from) else { return with_question(question, previous) };
    let Some(counterpart) = fragment.counterpart(previous) else {
        return fragment.beside(previous);
    };
    if fragment.says_more() {
        return fragment.beside(previous);
    }
    match fragment.region(previous, &counterpart) {
        Some(first) => {
            let with = fragment.words(first < counterpart.first, previous, &counterpart);
            Some(previous.replaced(first, counterpart.end, &with))
        }
        // The same thing, joined in another way (`of Mistral` for `Llama's`): its counterpart gives way.
        None => {
            let keep = |i: usize| !(counterpart.first..counterpart.end).contains(&i);
            added(question, &content(previous, keep, |word| !question.has_word(word)))
        }
    }
}

/// `in 2019`, `the second pump`, `Mistral`.
struct Fragment<'a> {
    question: &'a Parsed,
    /// Where its preposition stands, if it has one.
    preposition: Option<usize>,
    phrase: Phrase,
}

impl<'a> Fragment<'a> {
    fn new(question: &'a Parsed, from: usize) -> Option<Self> {
        let preposition = question.tokens.get(from).filter(|token| token.is(Class::Preposition)).map(|_| from);
        let begin = from + usize::from(preposition.is_some());
        let mut tokens: Vec<Token> = question.tokens.get(begin..)?.to_vec();
        // Behind `and` or `what about`, a capital tells; at the very beginning it may be anything.
        tokens.first_mut()?.begins = begin == 0;
        let mut phrase = phrases(&tokens).into_iter().next().filter(|phrase| phrase.first == 0)?;
        (phrase.first, phrase.end) = (begin, begin + phrase.end);
        phrase.inner = phrase.inner.map(|(first, end, kind)| (begin + first, begin + end, kind));
        Some(Self { question, preposition, phrase })
    }

    /// Whether there are words behind its phrase that replacing would lose.
    fn says_more(&self) -> bool {
        self.question.tokens[self.phrase.end..].iter().any(|token| !token.is_any(&["then", "too", "instead", "please"]))
    }

    /// The one phrase of the same kind in the question before.
    fn counterpart(&self, previous: &Parsed) -> Option<Phrase> {
        if self.may_be_name() {
            return None;
        }
        let parts = parts(previous);
        let only = |fits: &dyn Fn(&Phrase) -> bool| {
            let mut fitting = parts.iter().filter(|phrase| fits(phrase));
            let first = fitting.next()?;
            fitting.next().is_none().then(|| first.clone())
        };
        if self.phrase.kind == Kind::Noun {
            return only(&|phrase: &Phrase| {
                phrase.kind == Kind::Noun && phrase.clean && self.is_like_noun(previous, phrase)
            });
        }
        let named =
            |phrase: &Phrase| previous.tokens[phrase.first..phrase.end].iter().any(|token| token.is(Class::Name));
        only(&|phrase: &Phrase| phrase.kind == self.phrase.kind)
            // Two names: `And Llama 3?` means the one that shares its word.
            .or_else(|| only(&|phrase: &Phrase| phrase.kind == self.phrase.kind && self.shares_name(previous, phrase)))
            // `the Y300` for `the X200 pump`.
            .or_else(|| {
                only(&|phrase: &Phrase| {
                    self.phrase.kind == Kind::Name && phrase.kind == Kind::Noun && phrase.clean && named(phrase)
                })
            })
    }

    fn shares_name(&self, previous: &Parsed, phrase: &Phrase) -> bool {
        let own = &self.question.tokens[self.phrase.first..self.phrase.end];
        let theirs = &previous.tokens[phrase.first..phrase.end];
        own.iter().any(|token| token.is(Class::Name) && theirs.iter().any(|other| other.word == token.word))
    }

    /// Nouns are of the same kind when they follow the same preposition, share their last word, or are
    /// both what a thing has: `the licence` for `the guarantee of …`.
    fn is_like_noun(&self, previous: &Parsed, phrase: &Phrase) -> bool {
        let before = phrase.first.checked_sub(1).map(|at| &previous.tokens[at]);
        let last = &self.question.tokens[self.phrase.end - 1].word;
        let same_place =
            self.preposition.is_some_and(|at| before.is_some_and(|token| token.word == self.question.tokens[at].word));
        let owned = before.is_some_and(|token| token.owns);
        let belongs =
            previous.tokens.get(phrase.end).is_some_and(|next| next.word == "of") && before.is_some_and(Token::is_verb);
        let attribute = self.preposition.is_none() && (owned || belongs);
        same_place || previous.tokens[phrase.end - 1].word == *last || attribute
    }

    /// Where the replaced words begin: at the preposition, where both have one. `None` where the fragment
    /// has one and its counterpart has not.
    fn region(&self, previous: &Parsed, counterpart: &Phrase) -> Option<usize> {
        let before = counterpart.first.checked_sub(1).filter(|at| previous.tokens[*at].is(Class::Preposition));
        match (self.preposition, before) {
            (None, _) => Some(counterpart.first),
            (Some(_), Some(before)) => Some(before),
            (Some(_), None) => None,
        }
    }

    /// The fragment as it stands in the place of `counterpart`.
    fn words(&self, with_preposition: bool, previous: &Parsed, counterpart: &Phrase) -> String {
        let first = self.preposition.filter(|_| with_preposition).unwrap_or(self.phrase.first);
        let head = &previous.tokens[counterpart.first];
        let article = |token: &Token| token.is(Class::Determiner);
        let owned = counterpart.first > 0 && previous.tokens[counterpart.first - 1].owns;
        let own = article(&self.question.tokens[self.phrase.first]);
        if article(head) && !own && first == self.phrase.first {
            return format!(
                "{} {}",
                previous.cut(counterpart.first, counterpart.first + 1),
                self.question.cut(first, self.phrase.end)
            );
        }
        let first = first + usize::from(owned && own);
        self.question.cut(first, self.phrase.end).to_owned()
    }

    /// The fragment with what was spoken of behind it. A noun takes the place of what was asked about its
    /// owner, so that of the question before only the names stay.
    fn beside(&self, previous: &Parsed) -> Option<String> {
        let parts = parts(previous);
        let names = parts.iter().filter(|phrase| phrase.kind == Kind::Name).map(|phrase| previous.words(phrase));
        let names: Vec<&str> = names.filter(|name| !self.question.text.contains(name)).collect();
        if self.phrase.kind == Kind::Noun && self.preposition.is_none() && !names.is_empty() && !self.may_be_name() {
            return added(self.question, &names.join(", "));
        }
        with_question(self.question, previous)
    }

    /// A capital at the very beginning may be a name's, or not.
    fn may_be_name(&self) -> bool {
        let first = &self.question.tokens[self.phrase.first];
        first.begins && first.is(Class::Common) && self.question.text[first.start..].starts_with(char::is_uppercase)
    }
}

/// The phrases of a question, chains taken apart: `the guarantee` and `the X200 pump`, `Llama` and `licence`.
fn parts(previous: &Parsed) -> Vec<Phrase> {
    let mut parts = Vec::new();
    for phrase in previous.phrases.iter().filter(|phrase| !phrase.asked || phrase.inner.is_some()) {
        let Some((first, end, kind)) = phrase.inner else {
            parts.push(phrase.clone());
            continue;
        };
        let of = (phrase.first..first).find(|at| previous.tokens[*at].word == "of");
        let head = of.map_or((end, phrase.end), |of| (phrase.first, of));
        if head.0 < head.1 && !phrase.asked {
            let named = previous.tokens[head.0..head.1].iter().all(Token::is_named);
            let kind = if named { Kind::Name } else { Kind::Noun };
            parts.push(Phrase { first: head.0, end: head.1, kind, inner: None, ..phrase.clone() });
        }
        parts.push(Phrase { first, end, kind, inner: None, asked: false, ..phrase.clone() });
    }
    parts
}
