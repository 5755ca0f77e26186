//! Gives a question what it lacks: a thing put in the pronoun's place where it is certain which, and
//! otherwise what was spoken of, in brackets behind the question.

use super::need::Need;
use super::parallel::parallel;
use super::parsed::Parsed;
use super::phrase::{Kind, Phrase};
use super::token::Class;

/// The most words that are put behind a question: a query of many topics finds none of them.
const MAX_ADDED_WORDS: usize = 16;
/// The most things that are named from an answer.
const MAX_ANSWERED: usize = 3;

/// The question, completed from the one before it and its answer; `None` where they offer nothing.
pub(super) fn resolve(need: Need, question: &Parsed, previous: &Parsed, answer: Option<&Parsed>) -> Option<String> {
    match need {
        Need::Nothing => None,
        Need::Parallel(from) => parallel(question, from, previous),
        Need::Thing(at) => thing(question, at, previous, answer),
        Need::OneOfTwo(at) => one_of_two(question, at, previous, answer),
        Need::Topic => with_topic(question, previous, answer),
        Need::Question => with_question(question, previous),
    }
}

/// Puts the thing that the pronoun at token `at` stands for in its place.
fn thing(question: &Parsed, at: usize, previous: &Parsed, answer: Option<&Parsed>) -> Option<String> {
    let pronoun = &question.tokens[at];
    let owns = pronoun.is_any(&["its", "their", "his", "hers", "theirs"])
        || (pronoun.word == "her" && question.tokens.get(at + 1).is_some_and(|next| next.is_content()));
    let (things, certain) = referents(&pronoun.word, owns, previous, answer);
    match things.as_slice() {
        [] => with_topic(question, previous, answer),
        [only] if certain => {
            let mut with = if owns { possessive(only) } else { only.clone() };
            if pronoun.begins {
                with = capitalised(&with);
            }
            Some(question.replaced(at, at + 1, &with))
        }
        _ => added(question, &things.join(", ")),
    }
}

/// What a pronoun can mean, and whether that is certain.
fn referents(pronoun: &str, owns: bool, previous: &Parsed, answer: Option<&Parsed>) -> (Vec<String>, bool) {
    let first = previous.tokens.first().map_or("", |token| token.word.as_str());
    let of_person = matches!(pronoun, "he" | "him" | "his" | "she" | "her" | "hers");
    let of_many = matches!(pronoun, "they" | "them" | "their" | "theirs");
    let answered = answer.map(names_of_answer).unwrap_or_default();
    if first == "who" && (of_person || of_many) && !answered.is_empty() {
        let certain = answered.len() == 1;
        return (answered, certain);
    }
    let fitting: Vec<&Phrase> = fitting(previous, of_many);
    // `Which model serves laptops?` asks for the very thing that is spoken of next.
    let asks_for_subject = previous.phrases.first().is_some_and(|phrase| {
        phrase.asked
            && phrase.first == 1
            && previous
                .tokens
                .get(phrase.end)
                .is_some_and(|next| !next.is(Class::Aux) || next.is_any(&["has", "is", "was"]))
    });
    if asks_for_subject
        && !of_person
        && let Some(name) = answered.first()
    {
        let mut things = vec![name.clone()];
        things.extend(fitting.iter().map(|phrase| previous.words(phrase).to_owned()));
        let certain = things.len() == 1;
        return (things, certain);
    }
    let words = |phrase: &&Phrase| referred(previous, phrase, owns);
    match fitting.as_slice() {
        [] => (answered, false),
        [only] => {
            let number_agrees = !of_many || only.plural || only.kind == Kind::Name;
            (vec![words(only)], only.clean && number_agrees)
        }
        several => match topic(previous).filter(|_| !of_many) {
            Some(topic) => (vec![referred(previous, topic, owns)], topic.clean),
            None => (several.iter().map(words).collect(), false),
        },
    }
}

/// The things that agree with a pronoun in number.
fn fitting(previous: &Parsed, of_many: bool) -> Vec<&Phrase> {
    let things: Vec<&Phrase> = previous.things().collect();
    let agreeing: Vec<&Phrase> = things.iter().copied().filter(|phrase| phrase.plural == of_many).collect();
    let names = || things.iter().copied().filter(|phrase| phrase.kind == Kind::Name).collect();
    if !agreeing.is_empty() {
        agreeing
    } else if of_many {
        things
    } else {
        names()
    }
}

/// A possessive means the owner: after `the guarantee of the X200 pump`, its price is the pump's.
fn referred(previous: &Parsed, phrase: &Phrase, owns: bool) -> String {
    match phrase.inner {
        Some((first, end, Kind::Name | Kind::Noun)) if owns => previous.cut(first, end).to_owned(),
        _ => previous.words(phrase).to_owned(),
    }
}

/// What a question of the form `what is X?` is about.
fn topic(previous: &Parsed) -> Option<&Phrase> {
    let last = previous.things().last()?;
    let before = last.first.checked_sub(1).map(|at| &previous.tokens[at])?;
    let is = before.has_verb || before.is_any(&["is", "are", "was", "were"]);
    (is && last.end == previous.tokens.len()).then_some(last)
}

/// The names in an answer's first sentence: its subject is there.
fn names_of_answer(answer: &Parsed) -> Vec<String> {
    let bare = |phrase: &Phrase| phrase.first + usize::from(answer.tokens[phrase.first].is(Class::Determiner));
    let names = answer.phrases.iter().filter(|phrase| phrase.kind == Kind::Name);
    let mut names: Vec<String> = names.map(|phrase| answer.cut(bare(phrase), phrase.end).to_owned()).collect();
    names.dedup();
    names.truncate(MAX_ANSWERED);
    names
}

/// `the former`, `the latter`: one of exactly two names in the question before, or in its answer.
fn one_of_two(question: &Parsed, at: usize, previous: &Parsed, answer: Option<&Parsed>) -> Option<String> {
    let names = |parsed: &Parsed| -> Vec<String> {
        parsed
            .things()
            .filter(|phrase| phrase.kind == Kind::Name)
            .map(|phrase| parsed.words(phrase).to_owned())
            .collect()
    };
    let mut pair = names(previous);
    if pair.len() != 2 {
        pair = answer.map(names).unwrap_or_default();
    }
    let [former, latter] = pair.as_slice() else { return with_question(question, previous) };
    let named = if question.tokens[at].word == "former" { former } else { latter };
    let first = if at > 0 && question.tokens[at - 1].word == "the" { at - 1 } else { at };
    Some(question.replaced(first, at + 1, named))
}

/// Adds what was spoken of: the things of the question before, and the time or place that its answer gave.
fn with_topic(question: &Parsed, previous: &Parsed, answer: Option<&Parsed>) -> Option<String> {
    let mut things: Vec<&str> = previous.things().map(|phrase| previous.words(phrase)).collect();
    let of_time = question.tokens.iter().any(|token| token.is_any(&["then", "year", "time", "day", "date"]));
    let of_place = question.tokens.iter().any(|token| token.is_any(&["there", "place", "city", "country"]));
    if let Some(answer) = answer {
        let told = answer.phrases.iter().filter(|phrase| match phrase.kind {
            Kind::Date => of_time,
            Kind::Name => of_place || things.is_empty(),
            _ => false,
        });
        let told: Vec<&str> = told.take(MAX_ANSWERED).map(|phrase| answer.words(phrase)).collect();
        things.extend(told);
    }
    if things.is_empty() { with_question(question, previous) } else { added(question, &new_things(question, &things)) }
}

/// The things of which the question does not speak itself.
fn new_things(question: &Parsed, things: &[&str]) -> String {
    let is_new = |thing: &&&str| {
        let parsed = Parsed::new(thing);
        parsed.tokens.iter().any(|token| token.is_content() && !question.has_word(&token.word))
    };
    things.iter().filter(is_new).copied().collect::<Vec<_>>().join(", ")
}

/// Adds the content words of the question before.
pub(super) fn with_question(question: &Parsed, previous: &Parsed) -> Option<String> {
    added(question, &content(previous, |_| true, |word| !question.has_word(word)))
}

/// The content words of a text in the order in which they stand, of the tokens that `keep` names.
pub(super) fn content(parsed: &Parsed, keep: impl Fn(usize) -> bool, new: impl Fn(&str) -> bool) -> String {
    let kept = parsed.tokens.iter().enumerate().filter(|(i, token)| token.is_content() && keep(*i) && new(&token.word));
    kept.map(|(_, token)| &parsed.text[token.start..token.whole_end]).collect::<Vec<_>>().join(" ")
}

/// The question with `words` in brackets behind it, as many as are useful.
pub(super) fn added(question: &Parsed, words: &str) -> Option<String> {
    let words: Vec<&str> = words.split_whitespace().take(MAX_ADDED_WORDS).collect();
    let words = words.join(" ");
    let words = words.trim_end_matches(',');
    (!words.is_empty()).then(|| format!("{} ({words})", question.text.trim_end()))
}

fn possessive(thing: &str) -> String {
    if thing.ends_with(['s', 'S']) { format!("{thing}'") } else { format!("{thing}'s") }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
