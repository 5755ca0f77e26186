//! A question as words with a class each. The classes are closed lists of English function words;
//! what stands in none of them carries meaning. No tagger: it would be a model of its own.

use footnote_core::text::word_spans;

/// What a word can do in a sentence, as far as its form tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// What, who, how, …
    Wh,
    /// Forms of be, do and have, and the modal verbs.
    Aux,
    /// It, they, he, she and their forms.
    Pronoun,
    /// This, that, these, those.
    Demonstrative,
    /// The, a, our, …
    Determiner,
    /// Of, in, since, …
    Preposition,
    /// And, but, because, …
    Conjunction,
    /// Any other word without a meaning of its own.
    Function,
    /// A capitalised word inside a sentence, or an identifier such as `Q4_K_M`.
    Name,
    /// A word that begins with a digit and is no identifier: `2019`, `1,024`, `98MB`.
    Number,
    /// Any other word.
    Common,
}

/// A word and where it stands. Positions are bytes.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) start: usize,
    /// The end of the word without a clitic: of `Llama` in `Llama's`.
    pub(super) end: usize,
    /// The end with the clitic.
    pub(super) whole_end: usize,
    /// Lower case, without the clitic.
    pub(super) word: String,
    pub(super) class: Class,
    /// It ends in a verb: `what's`, `they're`.
    pub(super) has_verb: bool,
    /// It is a possessive: `Llama's`.
    pub(super) owns: bool,
    /// A comma, colon, bracket or full stop stands before it.
    pub(super) after_mark: bool,
    /// It begins the text or a sentence.
    pub(super) begins: bool,
}

impl Token {
    pub(super) fn is(&self, class: Class) -> bool {
        self.class == class
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.contains(&self.word.as_str())
    }

    /// Whether it carries a meaning of its own.
    pub(super) fn is_content(&self) -> bool {
        matches!(self.class, Class::Name | Class::Number | Class::Common)
    }

    /// Whether it may stand in a name: `Llama`, `3.1`, `Q4_K_M`.
    pub(super) fn is_named(&self) -> bool {
        matches!(self.class, Class::Name | Class::Number)
    }

    /// Whether a finite verb is in it for certain.
    pub(super) fn is_verb(&self) -> bool {
        self.class == Class::Aux || self.has_verb
    }

    /// Whether it looks like a plural noun.
    pub(super) fn is_plural(&self) -> bool {
        let singular = ["ss", "us", "is", "ics", "series", "news"].iter().any(|ending| self.word.ends_with(ending));
        let ends = self.word.len() > 3 && self.word.ends_with('s') && !singular;
        self.class == Class::Common
            && (ends || self.is_any(&["people", "children", "men", "women", "criteria", "data"]))
    }

    /// Whether it looks like a verb's third person: `makes`, `runs`.
    pub(super) fn is_third_person(&self) -> bool {
        let stems = self.word.strip_suffix("es").into_iter().chain(self.word.strip_suffix('s'));
        self.class == Class::Common && stems.into_iter().any(|stem| is_in(VERBS, stem))
    }

    /// Whether it looks like a participle or a past tense.
    pub(super) fn is_past(&self) -> bool {
        self.class == Class::Common
            && ((self.word.len() > 4 && self.word.ends_with("ed")) || is_in(IRREGULAR, &self.word))
    }
}

/// The words of `text`.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut before = 0;
    let shouted = !text.contains(char::is_lowercase);
    for (start, whole_end) in word_spans(text) {
        let gap = &text[before..start];
        let begins = tokens.is_empty() || gap.contains(['.', '!', '?', '\n']);
        let after_mark = !tokens.is_empty() && gap.contains(MARKS);
        let quoted = gap.ends_with(['"', '“', '«', '`']);
        let mut token = token(&text[start..whole_end], start, begins, shouted);
        token.after_mark = after_mark;
        if quoted && token.is(Class::Common) {
            token.class = Class::Name;
        }
        tokens.push(token);
        before = whole_end;
    }
    name_beginnings(text, &mut tokens);
    tokens
}

const MARKS: [char; 12] = [',', ';', ':', '.', '!', '?', '(', ')', '–', '—', '\n', '¿'];

/// The word `whole`, which stands at byte `start`. Of a text in capitals only, they tell nothing.
fn token(whole: &str, start: usize, begins: bool, shouted: bool) -> Token {
    let clitic = ["'s", "’s", "'re", "’re", "'ve", "’ve", "'ll", "’ll", "'d", "’d", "n't", "n’t"]
        .into_iter()
        .find(|clitic| whole.len() > clitic.len() && whole.ends_with(clitic))
        .unwrap_or_default();
    let base = &whole[..whole.len() - clitic.len()];
    let lower = base.to_lowercase();
    let word = match (lower.as_str(), clitic.starts_with('n')) {
        ("ca", true) => "can".to_owned(),
        ("wo", true) => "will".to_owned(),
        _ => lower,
    };
    let capitals = base.chars().filter(|c| c.is_uppercase()).count();
    // `US` is no pronoun, `12 May` no verb.
    let is_proper = !shouted && (capitals > 1 || (capitals > 0 && word == "may" && !begins));
    let class = closed_class(&word).filter(|_| !is_proper).unwrap_or_else(|| open_class(base, begins));
    let content = matches!(class, Class::Name | Class::Number | Class::Common);
    let is_s = clitic.ends_with('s');
    Token {
        start,
        end: start + base.len(),
        whole_end: start + whole.len(),
        word,
        class,
        has_verb: !(clitic.is_empty() || content && is_s),
        owns: content && is_s,
        after_mark: false,
        begins,
    }
}

/// A capital tells nothing at the beginning of a sentence, unless the next word goes on with it
/// (`Mistral Small`, `Llama 3`).
fn name_beginnings(text: &str, tokens: &mut [Token]) {
    for i in 0..tokens.len() {
        let capital = text[tokens[i].start..].starts_with(char::is_uppercase);
        if !(tokens[i].begins && tokens[i].is(Class::Common) && capital) {
            continue;
        }
        let goes_on = tokens.get(i + 1).is_some_and(|next| next.is_named() && !next.after_mark && !next.begins);
        if (goes_on || tokens[i].owns) && !is_in(IMPERATIVES, &tokens[i].word) {
            tokens[i].class = Class::Name;
        }
    }
}

fn open_class(word: &str, begins: bool) -> Class {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let digits = word.chars().any(|c| c.is_ascii_digit());
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        let number = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',');
        let unit = number.trim_start_matches('-');
        return if unit.contains(|c: char| c.is_ascii_digit()) { Class::Name } else { Class::Number };
    }
    let inner_dot = word.trim_end_matches('.').contains('.');
    if digits || inner_dot || word.contains('_') || capitals > 1 || (capitals > 0 && !begins && letters > 0) {
        Class::Name
    } else {
        Class::Common
    }
}

/// Whether `word` is one of a list, which is written as words with spaces between.
pub(super) fn is_in(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}

fn closed_class(word: &str) -> Option<Class> {
    LISTS.iter().find(|(_, words)| is_in(words, word)).map(|(class, _)| *class)
}

/// The first list that holds a word decides.
const LISTS: &[(Class, &str)] = &[
    (Class::Wh, "what which who whom whose when where why how"),
    (
        Class::Aux,
        "is are was were am be been being do does did has have had can could will would shall should may might \
         must cannot",
    ),
    (Class::Pronoun, "it its itself they them their theirs themselves he him his himself she her hers herself"),
    (Class::Demonstrative, "this that these those"),
    (Class::Determiner, "the a an our my your any each every some no all both"),
    (
        Class::Preposition,
        "of in on at for to from by with about against between among amongst during since until till before \
         after under over through throughout into onto within without near behind beside inside outside around \
         above below across along like as than per via toward towards upon beyond despite",
    ),
    (Class::Conjunction, "and or but so because if while although though whether once unless nor yet"),
    (
        Class::Function,
        "not also only just then there here i you we us me one ones much many more most less least very too \
         else such other others another same own ever exactly please now again still even yes ok okay well \
         really actually either neither few several former latter thanks out up down off away back ago already \
         instead",
    ),
];

/// Verbs that ask for something at the beginning of a request.
pub(super) const IMPERATIVES: &str =
    "compare define describe explain find give list name say show summarise summarize tell";

/// Frequent verbs, in the form that stands after `do` and after modal verbs.
pub(super) const VERBS: &str = "\
     accept add affect allow answer apply ask become begin belong break bring build buy call carry cause \
     change choose come compare consist contain cost cover create depend describe differ do end enter expect \
     expire fail fall find fit follow get give go happen have help hold include join keep know last lead learn \
     leave let listen live load look lose make mean measure meet move need occur open own pay play prefer \
     produce protect provide put reach read receive recommend refer remain replace require return run save say \
     see sell send serve set show sit speak spend stand start stay stop store study support take teach tell \
     think train try turn understand use wait want win work write";

/// Past forms that don't end in -ed.
const IRREGULAR: &str = "\
     begun began born bought brought built chosen come done drawn fallen fell found given gone gotten grown \
     held kept known led left lost made meant met paid put read run said seen sent set shown sold spent spoken \
     taken taught told thought understood won written";

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(text: &str) -> Vec<(String, Class)> {
        tokens(text).into_iter().map(|token| (token.word, token.class)).collect()
    }

    #[test]
    fn a_word_has_the_class_that_its_form_tells() {
        use Class::*;
        let expected = [
            ("what", Wh),
            ("did", Aux),
            ("llama", Name),
            ("3.1", Number),
            ("change", Common),
            ("in", Preposition),
            ("q4_k_m", Name),
            ("and", Conjunction),
            ("its", Pronoun),
            ("licence", Common),
        ];
        let expected: Vec<_> = expected.map(|(word, class)| (word.to_owned(), class)).into();
        assert_eq!(classes("What did Llama 3.1 change in Q4_K_M and its licence?"), expected);
    }

    #[test]
    fn a_capital_at_the_beginning_is_no_name_unless_the_name_goes_on() {
        assert_eq!(classes("Quantization works.")[0].1, Class::Common);
        assert_eq!(classes("Explain LoRA.")[0].1, Class::Common);
        assert_eq!(classes("Mistral Small works.")[0].1, Class::Name);
        assert_eq!(classes("Gemma's licence?")[0].1, Class::Name);
    }

    #[test]
    fn clitics_are_cut_off() {
        let found = tokens("What's Llama's price, and can't they’re");
        assert!(found[0].has_verb && found[0].word == "what");
        assert!(found[1].owns && !found[1].has_verb && found[1].word == "llama");
        assert!(found[3].after_mark && found[4].word == "can" && found[5].has_verb);
    }
}
