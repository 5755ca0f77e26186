//! The phrases of a question that another question can mean by `it` or replace: names, dates, figures,
//! noun phrases (`the guarantee of the X200 pump`, `Llama's context length`).

use super::token::{Class, Token, VERBS, is_in};

/// What a phrase names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Date,
    Number,
    Noun,
}

/// Tokens `first..end` of a question.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// It is what is asked for: `which port`, `how many tokens`.
    pub(super) asked: bool,
    /// Its last part, where it is a chain: `the X200 pump` of `the guarantee of the X200 pump`, and
    /// the owner where it is owned: `Llama` of `Llama's licence`.
    pub(super) inner: Option<(usize, usize, Kind)>,
    /// Its end is certain: no verb or adjective of the sentence can have been taken for a part of it.
    pub(super) clean: bool,
    pub(super) plural: bool,
}

impl Phrase {
    /// Its words as they stand in `text`.
    pub(super) fn text<'a>(&self, text: &'a str, tokens: &[Token]) -> &'a str {
        cut(text, tokens, self.first, self.end)
    }

    /// Whether a pronoun can mean it.
    pub(super) fn is_thing(&self) -> bool {
        matches!(self.kind, Kind::Name | Kind::Noun)
    }
}

/// The text of tokens `first..end`, without a clitic at the end.
pub(super) fn cut<'a>(text: &'a str, tokens: &[Token], first: usize, end: usize) -> &'a str {
    &text[tokens[first].start..tokens[end - 1].end]
}

/// The phrases of a text, in order. They don't overlap.
pub(super) fn phrases(tokens: &[Token]) -> Vec<Phrase> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let asked = asks(tokens, i);
        match part(tokens, i, asked) {
            Some(first) => {
                let phrase = chain(tokens, first);
                i = phrase.end;
                if asked || stands_as_noun(tokens, &phrase) {
                    found.push(phrase);
                }
            }
            None => i += 1,
        }
    }
    found
}

/// Whether the word before `i` asks for what follows: `which port`, `how many`.
fn asks(tokens: &[Token], i: usize) -> bool {
    let before = |n: usize| i.checked_sub(n).map(|at| &tokens[at]);
    let joined = i < tokens.len() && !tokens[i].after_mark;
    joined
        && before(1).is_some_and(|token| {
            token.is_any(&["which", "what", "whose"]) && !token.has_verb
                || (token.is_any(&["many", "much"]) && before(2).is_some_and(|how| how.word == "how"))
        })
}

/// A noun phrase or a name that begins at token `i`, without what is chained to it by `of`.
fn part(tokens: &[Token], i: usize, asked: bool) -> Option<Phrase> {
    // `that` is left out: it mostly opens a clause.
    let determined = tokens[i].is(Class::Determiner) || tokens[i].is_any(&["this", "these", "those"]);
    let begin = if determined { i + 1 } else { i };
    let begin = begin + usize::from(determined && tokens.get(begin).is_some_and(qualifies));
    let joined = |at: &usize| *at == i || !(tokens[*at].after_mark || tokens[*at].begins);
    let run_end = (begin..tokens.len()).take_while(|at| tokens[*at].is_content() && joined(at)).last()? + 1;
    let named_end = (begin..run_end).take_while(|at| tokens[*at].is_named()).last().map(|at| at + 1);
    let phrase = |end: usize, kind: Kind| Phrase {
        first: i,
        end,
        kind,
        asked,
        inner: None,
        clean: true,
        plural: tokens[end - 1].is_plural(),
    };
    match named_end {
        // A name stops at its owner's mark: `Llama's licence` is Llama and the licence.
        Some(end) => {
            let owner = (begin..end).find(|at| tokens[*at].owns).map(|at| at + 1);
            let end = owner.unwrap_or(end);
            let kind = match kind_of_names(&tokens[begin..end]) {
                // `the 7B` is a thing.
                Kind::Number if determined => Kind::Name,
                kind => kind,
            };
            if end < run_end && (determined || (owner.is_some() && kind == Kind::Name)) {
                let trimmed = trim(tokens, i, end, run_end);
                let inner = owner.map(|owner| (begin, owner, kind));
                let kind = if trimmed.0 > end { Kind::Noun } else { kind };
                return Some(Phrase { inner, clean: trimmed.1, ..phrase(trimmed.0, kind) });
            }
            Some(phrase(end, kind))
        }
        None => {
            let end = (begin..run_end).find(|at| tokens[*at].is_named() && !determined).unwrap_or(run_end);
            let trimmed = trim(tokens, i, begin + 1, end);
            Some(Phrase { clean: trimmed.1, ..phrase(trimmed.0, Kind::Noun) })
        }
    }
}

/// `the same port`, `the other port`.
fn qualifies(token: &Token) -> bool {
    token.is_any(&["same", "other", "most", "more", "own"])
}

/// Adds `of …` to a phrase, as often as it goes on.
fn chain(tokens: &[Token], mut phrase: Phrase) -> Phrase {
    while tokens.get(phrase.end).is_some_and(|token| token.word == "of" && !token.after_mark)
        && phrase.end + 1 < tokens.len()
    {
        let Some(next) = part(tokens, phrase.end + 1, false) else { break };
        phrase.inner = Some(next.inner.unwrap_or((next.first, next.end, next.kind)));
        phrase.end = next.end;
        phrase.clean = next.clean;
    }
    phrase
}

fn kind_of_names(names: &[Token]) -> Kind {
    let is_month = |token: &Token| is_in(MONTHS, &token.word);
    let is_year = |token: &Token| {
        token.word.len() == 4 && token.word.parse::<u16>().is_ok_and(|year| (1000..2200).contains(&year))
    };
    match names {
        [only] if is_year(only) => Kind::Date,
        [first, ..] if is_month(first) => Kind::Date,
        [first, rest @ ..] if first.is(Class::Number) => {
            if rest.iter().any(is_month) {
                Kind::Date
            } else {
                Kind::Number
            }
        }
        _ => Kind::Name,
    }
}

/// Where a run of words `..end` ends as a noun phrase that has to reach `least`, and whether that is
/// certain: after an auxiliary, its last words may be the sentence's verb or adjective.
fn trim(tokens: &[Token], first: usize, least: usize, mut end: usize) -> (usize, bool) {
    let before = first.checked_sub(1).map(|at| &tokens[at]).filter(|token| token.is_verb());
    while end > least && tokens[end - 1].is_past() {
        end -= 1;
    }
    let Some(aux) = before else { return (end, true) };
    let next = tokens.get(end).filter(|next| !next.begins && !next.after_mark);
    let nothing_follows = next.is_none() || tokens[end..].iter().all(|token| !token.is_content());
    let be_or_have = aux.has_verb || aux.is_any(&["is", "are", "was", "were", "am", "has", "have", "had", "been"]);
    if be_or_have {
        let asks_why = tokens[..first].iter().any(|token| token.is_any(&["why", "when", "where"]));
        let asks = tokens[..first].iter().any(|token| token.is(Class::Wh));
        return (end, end <= least || !nothing_follows || (asks && !asks_why));
    }
    // `does the server listen on?`, `can the model run?`: the last word is the verb.
    let verb_stands_here = nothing_follows || is_in(VERBS, &tokens[end - 1].word);
    if end > least && verb_stands_here && next.is_none_or(|next| next.word != "of") {
        return (end - 1, true);
    }
    (end, true)
}

/// Whether the phrase is in a place where nouns stand: a lone common word elsewhere may be a verb.
fn stands_as_noun(tokens: &[Token], phrase: &Phrase) -> bool {
    let first = &tokens[phrase.first];
    if phrase.kind != Kind::Noun || !first.is(Class::Common) {
        return true;
    }
    let before = phrase.first.checked_sub(1).map(|at| &tokens[at]);
    let in_place = before.is_none_or(|before| before.is_verb() || before.is(Class::Preposition) || first.begins);
    let lone_verb = phrase.end == phrase.first + 1 && (is_in(VERBS, &first.word) || first.is_past());
    (in_place && !lone_verb) || (phrase.plural && !tokens[phrase.end - 1].is_third_person())
}

const MONTHS: &str = "january february march april may june july august september october november december";

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn found(text: &str) -> Vec<(&str, Kind)> {
        let tokens = tokens(text);
        phrases(&tokens).iter().map(|phrase| (phrase.text(text, &tokens), phrase.kind)).collect()
    }

    #[test]
    fn names_dates_figures_and_noun_phrases_are_found() {
        use Kind::*;
        for (text, expected) in [
            ("What is the guarantee of the X200 pump?", vec![("the guarantee of the X200 pump", Noun)]),
            ("How long did the outage of 11 March 2025 last?", vec![("the outage of 11 March 2025", Noun)]),
            ("When did Meta release Llama 3.1?", vec![("Meta", Name), ("Llama 3.1", Name)]),
            ("What is Llama's context length?", vec![("Llama's context length", Noun)]),
            ("Who worked there in 2019?", vec![("2019", Date)]),
            ("How does speculative decoding work?", vec![("speculative decoding", Noun)]),
            ("Which port does the llama.cpp server listen on?", vec![("port", Noun), ("the llama.cpp server", Noun)]),
            ("When was the tower in Paris completed?", vec![("the tower", Noun), ("Paris", Name)]),
            ("How many layers does the 7B have?", vec![("layers", Noun), ("the 7B", Name)]),
            ("Why are citations checked?", vec![("citations", Noun)]),
            ("Does it need 24 GB?", vec![("24 GB", Number)]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_is_marked() {
        let tokens = tokens("How many tokens does it read, and which model is it?");
        let asked: Vec<bool> = phrases(&tokens).iter().map(|phrase| phrase.asked).collect();
        assert_eq!(asked, [true, true]);
    }
}
