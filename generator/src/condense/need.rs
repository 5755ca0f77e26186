//! What a question lacks: whether it can be understood alone, and if not, what of the history it needs.
//!
//! The costly mistake is to find a need where there is none, since a question that stands alone must
//! stay as it is. So each rule asks for a sign that has no other reading, and doubt means no need.

use super::bound::is_bound;
use super::phrase::{Kind, Phrase, phrases};
use super::token::{Class, IMPERATIVES, Token, is_in};

/// What is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing: it stands alone.
    Nothing,
    /// It names another thing of the same kind, from this token on: `what about Mistral?`
    Parallel(usize),
    /// The thing that this pronoun stands for.
    Thing(usize),
    /// One of the two things that were named: this token says which.
    OneOfTwo(usize),
    /// What was spoken of: `what is the price?`, `who works there?`
    Topic,
    /// All that was asked: `why?`, `who decided that?`
    Question,
}

/// What an English question lacks.
pub(super) fn need(tokens: &[Token]) -> Need {
    let begin = frame(tokens);
    let rest = &tokens[begin..];
    if rest.is_empty() {
        return if tokens.is_empty() { Need::Nothing } else { Need::Question };
    }
    if rest.iter().all(|token| is_in(ASKS_FOR_MORE, &token.word) || !token.is_content() && !token.is_verb()) {
        return bare(rest, begin);
    }
    if !has_verb(rest) {
        return fragment(tokens, begin);
    }
    let phrases = phrases(tokens);
    sentence(tokens, &phrases)
}

/// Whether nothing is asked or said: `thanks`, `ok`.
pub(super) fn is_chatter(tokens: &[Token]) -> bool {
    frame(tokens) == tokens.len()
}

/// Where the question begins behind `and`, `but then`, `what about`.
fn frame(tokens: &[Token]) -> usize {
    let opens = |token: &&Token| {
        token.is_any(&["and", "but", "so", "or", "also", "then", "ok", "okay", "well", "yes", "no", "thanks", "now"])
    };
    let begin = tokens.iter().take_while(opens).count();
    let about = tokens[begin..].len() > 2
        && tokens[begin].is_any(&["what", "how"])
        && !tokens[begin].has_verb
        && tokens[begin + 1].word == "about";
    let fragment = about && !has_verb(&tokens[begin + 2..]);
    if fragment { begin + 2 } else { begin }
}

/// Function words alone: `why?`, `for how long?`, `the former?`, `tell me more`.
fn bare(rest: &[Token], begin: usize) -> Need {
    match rest.iter().position(|token| token.is_any(&["former", "latter"])) {
        Some(at) => Need::OneOfTwo(begin + at),
        None => Need::Question,
    }
}

const ASKS_FOR_MORE: &str = "tell say explain elaborate continue details detail example examples further go come";

/// Without a verb: a phrase that goes on from what was asked before, or words for a search.
fn fragment(tokens: &[Token], begin: usize) -> Need {
    let rest = &tokens[begin..];
    let count = |class: Class| rest.iter().filter(|token| token.is(class)).count();
    let (named, common) = (count(Class::Name) + count(Class::Number), count(Class::Common));
    if rest.iter().any(|token| token.is_any(&["one", "ones", "other", "others", "another", "same", "else"]))
        && named == 0
    {
        return Need::Question;
    }
    if rest[0].is(Class::Wh) || rest.get(1).is_some_and(|second| second.is(Class::Wh)) {
        let complete = rest.windows(2).any(|pair| pair[0].is(Class::Preposition) && pair[1].is(Class::Name));
        let asks_about_things = rest[0].is_any(&["why", "how", "where", "when"]) && named + common > 1;
        return if complete || asks_about_things { Need::Nothing } else { Need::Question };
    }
    let searches = (named > 0 && common > 0) || common > 2;
    let framed = begin > 0 || rest[0].is(Class::Preposition);
    if searches && !framed { Need::Nothing } else { Need::Parallel(begin) }
}

/// Whether a verb is in it. English hides many; where that is possible, it is assumed.
fn has_verb(rest: &[Token]) -> bool {
    let Some(first) = rest.first() else { return false };
    if rest.iter().any(Token::is_verb) || is_in(IMPERATIVES, &first.word) {
        return true;
    }
    if !first.is(Class::Wh) {
        // `Llama uses it`: a statement, whose verb has no mark.
        let states = rest.iter().any(|token| token.is(Class::Pronoun)) && rest.iter().any(Token::is_content);
        let acts = |pair: &[Token]| pair[0].is_third_person() && (pair[1].is_named() || pair[1].is(Class::Determiner));
        return states || rest[1..].windows(2).any(acts);
    }
    if rest.get(1).is_some_and(|second| second.word == "about") {
        // `What about the licence makes it free?`
        return has_verb(&rest[2..]);
    }
    let run = rest[1..].iter().skip_while(|token| token.is_any(&["many", "much", "else"]));
    let run: Vec<&Token> = run.take_while(|token| token.is_content()).collect();
    match first.word.as_str() {
        "who" => rest.len() > 1 && !run.is_empty(),
        "what" | "which" | "whose" | "how" if run.len() >= 2 => {
            let follows = rest.len() > run.len() + 1 + usize::from(first.word == "how");
            run[1..].iter().any(|token| token.is_past() || token.is_third_person()) || follows || run.len() > 2
        }
        "what" => run.first().is_some_and(|token| token.is_past() || token.is_third_person()),
        // `When it overheats?` has a verb, but asks nothing by itself.
        _ => false,
    }
}

/// A whole sentence: does it speak of something that it doesn't name?
fn sentence(tokens: &[Token], phrases: &[Phrase]) -> Need {
    for (i, token) in tokens.iter().enumerate() {
        let need = match token.class {
            Class::Pronoun if !is_expletive(tokens, i) && !is_bound(tokens, phrases, i) => Need::Thing(i),
            Class::Demonstrative => demonstrative(tokens, phrases, i),
            Class::Function => function_word(tokens, phrases, i),
            _ => Need::Nothing,
        };
        if need != Need::Nothing {
            return need;
        }
    }
    vague(tokens, phrases)
}

/// `it` that stands for nothing: `is it possible to`, `how long does it take to load a model`.
fn is_expletive(tokens: &[Token], i: usize) -> bool {
    if tokens[i].word != "it" {
        return false;
    }
    let rest = &tokens[i + 1..];
    let clause = rest.iter().position(|token| token.after_mark).map_or(rest, |end| &rest[..end]);
    let opens = |words: &[&str]| clause.iter().position(|token| token.is_any(words));
    let says_what = |at: usize| {
        clause[at + 1..].iter().filter(|token| token.is_content()).count() > 1
            || clause[at + 1..].iter().any(|token| token.is_named() || token.is(Class::Determiner))
    };
    let weighs = clause.iter().take(4).any(|token| is_in(WEIGHED, &token.word));
    let with_be = i > 0 && tokens[i - 1].is_verb() || clause.first().is_some_and(Token::is_verb);
    let extraposed = weighs && opens(&["to", "that", "for", "if", "when"]).is_some_and(says_what);
    let cleft = with_be
        && clause.iter().take(3).any(|token| token.is_any(&["that", "who", "until", "before", "between", "since"]))
        && opens(&["that", "who", "until", "before", "between", "since"]).is_some_and(says_what);
    extraposed || cleft
}

const WEIGHED: &str = "\
     take takes took cost costs possible impossible important necessary hard difficult easy true legal illegal \
     allowed safe best better common believed thought known said claimed estimated required permitted \
     forbidden discovered found likely unlikely useful worth clear customary advisable recommended called mean \
     means";

fn demonstrative(tokens: &[Token], phrases: &[Phrase], i: usize) -> Need {
    let token = &tokens[i];
    let before = i.checked_sub(1).map(|at| &tokens[at]);
    let next = tokens.get(i + 1).filter(|next| !next.begins && !next.after_mark);
    if token.word == "that" && !is_demonstrative_that(tokens, i) {
        return Need::Nothing;
    }
    // `those who`, `that of`: what follows says which.
    let part_of = before.is_some_and(|before| before.word == "of");
    let explained = next.is_some_and(|next| {
        let sorted = token.is_any(&["those", "these"]) && (next.is(Class::Preposition) || next.is_past());
        next.is_any(&["who", "whose", "which", "that", "of"]) || (sorted && !part_of)
    });
    if explained || is_bound(tokens, phrases, i) {
        return Need::Nothing;
    }
    let determines = next.is_some_and(|next| next.is_content() || next.is_any(&["one", "ones", "same"]));
    let asked_for = before.is_some_and(|before| before.is_any(&["what", "which", "who"]) && before.has_verb);
    if determines && !asked_for { Need::Topic } else { Need::Question }
}

/// Whether `that` points at something. Mostly it only joins sentences.
fn is_demonstrative_that(tokens: &[Token], i: usize) -> bool {
    let next = tokens.get(i + 1).filter(|next| !next.begins && !next.after_mark);
    let Some(before) = i.checked_sub(1).map(|at| &tokens[at]).filter(|_| !tokens[i].begins) else {
        // `That model, how large is it?`; also `That is wrong.`
        return tokens.len() > 1;
    };
    let ends = next.is_none_or(|next| next.is_any(&["too", "also", "exactly", "again", "then", "now", "instead"]));
    let after_preposition = before.is(Class::Preposition) && !before.is_any(&["in", "to", "than", "as"]);
    let of_time = before.is_any(&["in", "at", "on", "to"])
        && next.is_some_and(|next| {
            next.is_any(&["year", "time", "day", "month", "week", "point", "date", "case", "place"])
        });
    let opener = i == 1 || tokens[..i - 1].iter().all(|token| token.is(Class::Wh) || token.is(Class::Conjunction));
    let after_aux = before.is_verb() && opener && next.is_none_or(|next| !next.is(Class::Determiner));
    let one = next.is_some_and(|next| next.is_any(&["one"]));
    ends || after_preposition || of_time || after_aux || one || before.is_any(&["do", "does", "did", "done", "doing"])
}

fn function_word(tokens: &[Token], phrases: &[Phrase], i: usize) -> Need {
    let token = &tokens[i];
    let before = i.checked_sub(1).map(|at| &tokens[at]);
    let next = tokens.get(i + 1).filter(|next| !next.begins && !next.after_mark);
    let says_nothing_else = !phrases.iter().any(Phrase::is_thing);
    match token.word.as_str() {
        "former" | "latter"
            if before.is_some_and(|before| before.word == "the") && next.is_none_or(|next| !next.is_content()) =>
        {
            if is_bound(tokens, phrases, i) {
                Need::Nothing
            } else {
                Need::OneOfTwo(i)
            }
        }
        // At the end and not with a form of be, it is a place: `who works there?`
        "there"
            if next.is_none() && before.is_some_and(|before| !before.is_verb()) && !is_bound(tokens, phrases, i) =>
        {
            Need::Topic
        }
        "then" if next.is_none() && i > 0 && !is_bound(tokens, phrases, i) => Need::Topic,
        "same" if says_nothing_else && next.is_none_or(|next| next.is_any(&["for", "with", "in", "on"])) => {
            Need::Question
        }
        "else" if says_nothing_else => Need::Question,
        "one" | "ones" | "others" | "another" if says_nothing_else => {
            let picks = before.is_some_and(|before| {
                before.is_any(&["the", "which", "this", "that", "other", "another", "a"]) || before.is(Class::Common)
            });
            let ends = next.is_none_or(|next| next.is_verb() || next.is(Class::Preposition) && next.word != "of");
            if (picks || token.is_any(&["others", "another"])) && ends { Need::Question } else { Need::Nothing }
        }
        _ => Need::Nothing,
    }
}

/// Too little is said to find anything by: `what is the price?`, `which is larger?`, `how many are there?`
fn vague(tokens: &[Token], phrases: &[Phrase]) -> Need {
    let telling: Vec<usize> =
        (0..tokens.len()).filter(|i| tokens[*i].is_content() && !is_in(GENERIC, &tokens[*i].word)).collect();
    match telling.as_slice() {
        [] => Need::Question,
        [only] if tokens[*only].is(Class::Common) && *only > 0 => {
            let determined = phrases.iter().any(|phrase| {
                phrase.end == only + 1
                    && phrase.first < *only
                    && tokens[phrase.first].word == "the"
                    && phrase.kind == Kind::Noun
            });
            let first = &tokens[..*only];
            let acts = first.iter().all(|token| token.is_any(&["who", "and", "but", "so", "what"]) && !token.has_verb)
                && (tokens[*only].is_past() || tokens[*only].is_third_person());
            let compares = first.iter().any(|token| token.word == "which")
                && (tokens[*only].word.ends_with("er") || tokens[*only].word.ends_with("est"));
            if determined || acts || compares { Need::Topic } else { Need::Nothing }
        }
        _ => Need::Nothing,
    }
}

/// Adjectives and adverbs that don't tell things apart.
const GENERIC: &str = "\
     main first second third last next previous exact total current real usual new old long big large high \
     often far fast soon different maximum minimum better best worse worst right good bad";
