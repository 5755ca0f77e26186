//! Whether a pronoun's antecedent stands in the question itself.
//!
//! After the binding principles of grammar (Chomsky 1981, "Lectures on Government and Binding"), as far as
//! the order of words shows them: a pronoun does not mean the subject of its own clause (`why did Meta buy
//! it?`), unless it is a possessive (`did Meta publish its data?`); and a phrase that was moved to the front
//! by a question cannot be meant by the subject that it passed (`what licence does it have?`).

use super::phrase::Phrase;
use super::token::{Class, Token};

/// Whether the pronoun, demonstrative or adverb at `i` can mean something that the question names.
pub(super) fn is_bound(tokens: &[Token], phrases: &[Phrase], i: usize) -> bool {
    let token = &tokens[i];
    if token.word.ends_with("self") || token.word.ends_with("selves") {
        return true;
    }
    let place = place(tokens, i);
    let before = phrases.iter().filter(|phrase| phrase.end <= i && phrase.is_thing() && agrees(token, phrase, tokens));
    before.into_iter().any(|phrase| reaches(tokens, phrase, place, i))
        || is_who(tokens, place, i)
        || is_announced(tokens, phrases, i)
}

/// Where a pronoun stands in its clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind the auxiliary of a question: `does it`, `is its licence`.
    AfterAux,
    /// The owner of something.
    Owner,
    /// The subject of a clause inside the sentence.
    Subject,
    /// `in it`, `with them`: what is near a thing may be near the clause's subject.
    Near,
    Object,
}

fn place(tokens: &[Token], i: usize) -> Place {
    let token = &tokens[i];
    let before = i.checked_sub(1).map(|at| &tokens[at]);
    let next = tokens.get(i + 1).filter(|next| !next.begins && !next.after_mark);
    let owns = token.is_any(&["its", "their", "his"]) || (token.word == "her" && next.is_some_and(Token::is_content));
    let after_aux = before.is_some_and(Token::is_verb);
    let has = before.is_some_and(|before| before.is_any(&["has", "have", "had"]));
    if after_aux && !(owns && has) {
        return Place::AfterAux;
    }
    if owns {
        return Place::Owner;
    }
    let opens_clause =
        before.is_none_or(|before| before.is(Class::Conjunction) || before.is(Class::Wh) || opens(before));
    if token.is_any(&["he", "she", "they"]) || next.is_some_and(Token::is_verb) || (opens_clause && next.is_some()) {
        return Place::Subject;
    }
    let near = [
        "in", "on", "with", "within", "inside", "around", "near", "behind", "under", "over", "through", "among",
        "between",
    ];
    if before.is_some_and(|before| before.is_any(&near)) { Place::Near } else { Place::Object }
}

fn reaches(tokens: &[Token], phrase: &Phrase, place: Place, i: usize) -> bool {
    let between = &tokens[phrase.end..=i];
    let boundary = between.iter().any(|token| token.after_mark || token.begins)
        || tokens[phrase.end..i]
            .iter()
            .any(|token| token.is(Class::Conjunction) || token.is(Class::Wh) || opens(token) || token.word == "that");
    match place {
        Place::AfterAux | Place::Object => boundary,
        // `the licence of its weights`: a thing does not own a part of its own name.
        Place::Owner => {
            boundary
                || phrase.kind == super::phrase::Kind::Name
                || !tokens[phrase.end..i].iter().all(|token| token.is(Class::Preposition))
        }
        Place::Subject => true,
        Place::Near => boundary || !phrase.asked,
    }
}

/// Words that open a clause although they may be prepositions.
fn opens(token: &Token) -> bool {
    token.is_any(&["before", "after", "since", "until", "till", "than", "as"])
}

fn agrees(token: &Token, phrase: &Phrase, tokens: &[Token]) -> bool {
    let one = token.is_any(&["it", "its", "this", "that"]);
    let many = token.is_any(&["them", "these", "those"]);
    let named = tokens[phrase.first..phrase.end].iter().any(Token::is_named);
    let one_thing = !phrase.plural && !named && phrase.inner.is_none();
    !(one && phrase.plural || many && one_thing)
}

/// `who sold his company`, `what lost its name`: the question word is meant.
fn is_who(tokens: &[Token], place: Place, i: usize) -> bool {
    let one = tokens[i].is_any(&["it", "its"]);
    let words: &[&str] = if one { &["what", "which"] } else { &["who", "what", "which", "whose"] };
    let Some(at) = tokens[..i].iter().position(|token| token.is_any(words)) else { return false };
    let boundary =
        tokens[at + 1..i].iter().any(|token| token.after_mark || token.is(Class::Conjunction) || token.is(Class::Wh));
    match place {
        Place::Owner => true,
        Place::Subject => !one && i > at + 1,
        Place::Near | Place::Object => boundary && !one,
        Place::AfterAux => false,
    }
}

/// `In its first year, how many users did Llama have?`: it is named later, behind the question word.
fn is_announced(tokens: &[Token], phrases: &[Phrase], i: usize) -> bool {
    let Some(asks) = tokens[i..].iter().position(|token| token.is(Class::Wh)).map(|at| i + at) else { return false };
    let fronted =
        tokens[i + 1..=asks].iter().any(|token| token.after_mark) || !tokens[..asks].iter().any(Token::is_verb);
    fronted && phrases.iter().any(|phrase| phrase.first > asks && phrase.is_thing() && !phrase.asked)
}
