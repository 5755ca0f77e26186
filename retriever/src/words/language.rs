//! What a language does with a word on its way to a term: lower case, elisions, the stemmer, accents.

use std::collections::HashMap;
use std::sync::LazyLock;

use tantivy::tokenizer::{Language, Stemmer, TextAnalyzer, TokenStream};

use super::given::{BETWEEN, GivenTerms};
use super::pieces::Piece;
use super::{UNTOLD, fold};

/// Words of so many bytes are noise (encoded data, mostly).
const LONGEST_WORD: usize = 128;

/// The rules of one language, or of several that share them.
pub(super) struct Analyzer {
    /// Snowball's, where there is one.
    stemmer: Option<TextAnalyzer>,
    /// Marked letters that are letters of their own to those who write the language (and have keys for them), so that
    /// words differ by them. Other marks go: writers leave them out as often as not.
    kept: &'static str,
    apostrophe: Apostrophe,
    /// Whether `I` is the capital of `ı`, and `İ` that of `i`.
    dotless: bool,
    /// English takes accents off before it stems, because only borrowed words have them. Elsewhere the stemmer needs
    /// them.
    folds_first: bool,
}

/// What an apostrophe in a word means.
#[derive(Clone, Copy)]
enum Apostrophe {
    /// Nothing: "don't" is "dont", "м'який" is "мякий".
    Dropped,
    /// One of these words was shortened before another: "l'eau" is "eau".
    Elides(&'static [&'static str]),
    /// A name ends there, and endings follow: "İstanbul'da" is "istanbul".
    Ends,
}

/// As Lucene's analyzers of these languages have them.
const FRENCH: Apostrophe =
    Apostrophe::Elides(&["l", "m", "t", "qu", "n", "s", "j", "d", "c", "jusqu", "quoiqu", "lorsqu", "puisqu"]);
const ITALIAN: Apostrophe = Apostrophe::Elides(&[
    "c", "l", "all", "dall", "dell", "nell", "sull", "coll", "pell", "gl", "agl", "dagl", "degl", "negl", "sugl", "un",
    "m", "t", "s", "v", "d",
]);
const CATALAN: Apostrophe = Apostrophe::Elides(&["d", "l", "m", "n", "s", "t"]);

const ENGLISH: &str = "en";
/// The languages that have no rules of their own.
const OTHER: &str = "";

/// Tags, stemmer, kept letters.
type Rules = (&'static [&'static str], Option<Language>, &'static str);

const RULES: &[Rules] = &[
    (&[OTHER], None, ""),
    (&["ar"], Some(Language::Arabic), ""),
    (&["az"], None, "çəğıöşü"),
    (&["ca"], None, ""),
    (&["da"], Some(Language::Danish), "åæø"),
    (&["de"], Some(Language::German), ""),
    (&["el"], Some(Language::Greek), ""),
    (&[ENGLISH, UNTOLD], Some(Language::English), ""),
    (&["es"], Some(Language::Spanish), "ñ"),
    (&["et"], None, "äõöüšž"),
    (&["fi"], Some(Language::Finnish), "åäö"),
    (&["fr"], Some(Language::French), ""),
    (&["gl"], None, "ñ"),
    (&["hu"], Some(Language::Hungarian), "öőüű"),
    (&["is", "fo"], None, "áðéíóúýþæøö"),
    (&["it"], Some(Language::Italian), ""),
    (&["nb", "nn", "no"], Some(Language::Norwegian), "åæø"),
    (&["nl"], Some(Language::Dutch), ""),
    (&["pt"], Some(Language::Portuguese), ""),
    (&["ro"], Some(Language::Romanian), ""),
    (&["ru"], Some(Language::Russian), ""),
    (&["sv"], Some(Language::Swedish), "åäö"),
    (&["ta"], Some(Language::Tamil), ""),
    (&["tr"], Some(Language::Turkish), "çğıöşü"),
    // A syllable is another word with another tone.
    (&["vi"], None, "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"),
];

static ANALYZERS: LazyLock<Vec<Analyzer>> = LazyLock::new(|| RULES.iter().map(Analyzer::new).collect());

static BY_TAG: LazyLock<HashMap<&'static str, &'static Analyzer>> = LazyLock::new(|| {
    let tags = RULES.iter().zip(ANALYZERS.iter());
    tags.flat_map(|((tags, ..), analyzer)| tags.iter().map(move |&tag| (tag, analyzer))).collect()
});

impl Analyzer {
    /// The rules of a BCP 47 tag.
    pub(super) fn of(tag: &str) -> &'static Self {
        BY_TAG.get(primary(tag).as_str()).unwrap_or_else(|| &BY_TAG[OTHER])
    }

    fn new(&(tags, language, kept): &Rules) -> Self {
        let stemmer = language.map(|language| TextAnalyzer::builder(GivenTerms).filter(Stemmer::new(language)).build());
        let (apostrophe, dotless) = match tags[0] {
            "fr" => (FRENCH, false),
            "it" => (ITALIAN, false),
            "ca" => (CATALAN, false),
            "az" | "tr" => (Apostrophe::Ends, true),
            _ => (Apostrophe::Dropped, false),
        };
        Self { stemmer, kept, apostrophe, dotless, folds_first: tags[0] == ENGLISH }
    }

    pub(super) fn is_english(&self) -> bool {
        self.folds_first
    }

    /// Adds a piece to those that [`finish`](Self::finish) makes terms of: stemmers are called once per text.
    pub(super) fn write(&self, piece: &Piece, batch: &mut String) {
        let word = self.bare(piece.bare);
        if word.len() >= LONGEST_WORD && letters(word).map(char::len_utf8).sum::<usize>() >= LONGEST_WORD {
            return;
        }
        let from = batch.len();
        for c in letters(word) {
            self.lower_case(c, |c| if self.folds_first { fold::push(c, "", batch) } else { batch.push(c) });
        }
        if batch.len() > from {
            batch.push(BETWEEN);
        }
    }

    /// The terms of what was written, in order.
    pub(super) fn finish(&self, batch: &str) -> Vec<String> {
        let mut terms = Vec::with_capacity(batch.len() / 7);
        let mut add = |term: &str| {
            let term = self.folded(term);
            if !term.is_empty() {
                terms.push(term);
            }
        };
        match &self.stemmer {
            // A clone, because tantivy's are used by one at a time; it is some pointers.
            Some(stemmer) => stemmer.clone().token_stream(batch).process(&mut |token| add(&token.text)),
            None => batch.split(BETWEEN).for_each(add),
        }
        terms
    }

    fn folded(&self, term: &str) -> String {
        if self.folds_first || term.is_ascii() {
            return term.to_owned();
        }
        let mut folded = String::with_capacity(term.len());
        term.chars().for_each(|c| fold::push(c, self.kept, &mut folded));
        folded
    }

    /// `word` without what an apostrophe holds on to it.
    pub(super) fn bare<'a>(&self, word: &'a str) -> &'a str {
        let Some((before, after)) = word.split_once(APOSTROPHES) else { return word };
        let rest = match self.apostrophe {
            Apostrophe::Elides(short) if short.iter().any(|short| short.eq_ignore_ascii_case(before)) => after,
            Apostrophe::Ends => before,
            _ => word,
        };
        if rest.is_empty() { word } else { rest }
    }

    /// `word` in lower case, as stop words are compared.
    pub(super) fn lower(&self, word: &str) -> String {
        let mut lower = String::with_capacity(word.len());
        word.chars().for_each(|c| self.lower_case(c, |c| lower.push(c)));
        lower
    }

    fn lower_case(&self, c: char, mut push: impl FnMut(char)) {
        match c {
            'I' if self.dotless => push('ı'),
            'İ' if self.dotless => push('i'),
            c if c.is_ascii() => push(c.to_ascii_lowercase()),
            // Two forms of one letter: a capital does not say which it would be.
            'ς' => push('σ'),
            c => c.to_lowercase().for_each(push),
        }
    }
}

const APOSTROPHES: [char; 3] = ['\'', '’', 'ʼ'];

/// The characters of a word that count: "1,024" is "1024".
fn letters(word: &str) -> impl Iterator<Item = char> {
    word.chars().filter(|c| !APOSTROPHES.contains(c) && !matches!(c, ',' | '\u{200c}'))
}

/// The language itself: `pt` of `pt-BR`.
pub(super) fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(language: &str, word: &'static str) -> &'static str {
        Analyzer::of(language).bare(word)
    }

    #[test]
    fn elisions_are_taken_off_in_their_languages_only() {
        for (language, word, expected) in [
            ("fr", "l'eau", "eau"),
            ("fr", "Qu’il", "il"),
            ("fr", "aujourd'hui", "aujourd'hui"),
            ("it", "dell'acqua", "acqua"),
            ("ca", "l'aigua", "aigua"),
            ("tr", "İstanbul'da", "İstanbul"),
            ("en", "l'eau", "l'eau"),
            ("de", "geht's", "geht's"),
        ] {
            assert_eq!(bare(language, word), expected, "{language}");
        }
    }

    #[test]
    fn a_capital_without_a_dot_is_turkish_only_in_turkish() {
        assert_eq!(Analyzer::of("tr").lower("IŞIK İZMİR"), "ışık izmir");
        assert_eq!(Analyzer::of("de").lower("IDEE"), "idee");
        assert_eq!(Analyzer::of("el").lower("ΟΔΟΣ οδός"), "οδοσ οδόσ");
    }

    #[test]
    fn a_tag_may_say_more_than_the_language() {
        let same = |a: &str, b: &str| std::ptr::eq(Analyzer::of(a), Analyzer::of(b));
        assert!(same("pt-BR", "pt") && same("EN", "en") && same(UNTOLD, "en") && same("nn", "nb"));
        assert!(same("zh-Hans", "tlh") && same("", "pl") && !same("pl", "en"));
    }
}
