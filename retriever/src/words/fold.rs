//! Characters that only look different become one: widths, presentation forms, accents, digits.

use std::borrow::Cow;
use std::sync::LazyLock;

use tantivy::tokenizer::{AsciiFoldingFilter, TextAnalyzer, TokenStream};
use unicode_normalization::char::{decompose_canonical, decompose_compatible, is_combining_mark};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::given::{BETWEEN, GivenTerms};

/// `text` composed (NFC), in plain widths and forms, without characters that nobody sees. Documents are canonical
/// already; questions, and titles from file names, need not be.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let is_clean = |c: char| !is_form(c) && !is_invisible(c);
    if text.is_ascii() || (text.chars().all(is_clean) && is_nfc(text)) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().filter(|&c| !is_invisible(c)) {
        if is_form(c) { decompose_compatible(c, |part| plain.push(part)) } else { plain.push(c) }
    }
    Cow::Owned(plain.nfc().collect())
}

/// Latin ligatures, Arabic and Hebrew presentation forms (PDFs are full of both), half and full widths. The rest of
/// NFKC is left alone: it would make x² and x2 one.
fn is_form(c: char) -> bool {
    matches!(c, '\u{fb00}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{ff00}'..='\u{ffef}')
}

/// Soft hyphen, zero-width space and joiner, word joiner, byte order mark, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// Writes `c` without its accent, unless it is one of the `kept` letters. Digits become ASCII's.
pub(super) fn push(c: char, kept: &str, out: &mut String) {
    if c.is_ascii() || kept.contains(c) {
        out.push(c);
    } else if !is_pointing(c) {
        match place(c).and_then(|place| FOLDS[place].as_deref()) {
            Some(folded) => out.push_str(folded),
            None => out.push(c),
        }
    }
}

/// Marks that can be left out of a word: accents that composed with no letter (the stress in Russian dictionaries),
/// vowel points of Hebrew and Arabic, and the stroke that only stretches an Arabic word.
fn is_pointing(c: char) -> bool {
    match c {
        '\u{640}' | '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{670}' => true,
        '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{6d6}'..='\u{6ed}' => is_combining_mark(c),
        _ => false,
    }
}

/// Where characters that may fold stand in the table. The scripts between and beyond have none.
fn place(c: char) -> Option<usize> {
    match c {
        '\0'..='\u{2fff}' => Some(c as usize),
        '\u{a700}'..='\u{a7ff}' => Some(c as usize - 0xa700 + 0x3000),
        _ => None,
    }
}

static FOLDS: LazyLock<Vec<Option<Box<str>>>> = LazyLock::new(|| {
    let mut folds = vec![None; 0x3100];
    let mut fold = |c: char, folded: &str| {
        if let Some(place) = place(c) {
            folds[place] = Some(folded.into());
        }
    };
    latin(&mut fold);
    greek(&mut fold);
    for (letters, folded) in LETTERS {
        letters.chars().for_each(|c| fold(c, folded));
    }
    for &zero in ZEROS {
        (0..10).for_each(|digit| fold(offset(zero, digit), &digit.to_string()));
    }
    folds
});

/// Cyrillic letters whose marks are often left out (never й and ї, which are letters of their own), and variants of
/// Arabic ones, as Lucene's `ArabicNormalizer` and `PersianNormalizer` join them.
const LETTERS: &[(&str, &str)] = &[
    ("ёѐ", "е"),
    ("ѝ", "и"),
    ("\u{622}\u{623}\u{625}\u{671}", "\u{627}"),
    ("\u{649}\u{6cc}", "\u{64a}"),
    ("\u{6a9}", "\u{643}"),
    ("\u{629}\u{6c0}\u{6c1}", "\u{647}"),
];

/// The zeros of decimal digits: Arabic, Persian, N'Ko, Devanagari to Sinhala, Thai, Lao, Tibetan, Burmese, Shan, Khmer,
/// Mongolian.
const ZEROS: &[char] = &[
    '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}',
    '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}', '\u{f20}', '\u{1040}', '\u{1090}', '\u{17e0}', '\u{1810}',
];

fn offset(from: char, by: u32) -> char {
    char::from_u32(from as u32 + by).unwrap_or(from)
}

/// tantivy's folding (Lucene's), taken letter by letter, so that single letters can be kept.
fn latin(fold: &mut impl FnMut(char, &str)) {
    let letters: Vec<char> = ('\u{80}'..='\u{2fff}').chain('\u{a700}'..='\u{a7ff}').collect();
    let text: String = letters.iter().flat_map(|&c| [c, BETWEEN]).collect();
    let mut analyzer = TextAnalyzer::builder(GivenTerms).filter(AsciiFoldingFilter).build();
    let mut letters = letters.iter();
    analyzer.token_stream(&text).process(&mut |token| {
        if let Some(&c) = letters.next()
            && !token.text.starts_with(c)
        {
            fold(c, &token.text);
        }
    });
}

fn greek(fold: &mut impl FnMut(char, &str)) {
    for c in ('\u{370}'..='\u{3ff}').chain('\u{1f00}'..='\u{1fff}').filter(|c| c.is_alphabetic()) {
        let mut bare = String::new();
        decompose_canonical(c, |part| bare.extend((!is_combining_mark(part)).then_some(part)));
        if !bare.is_empty() && !bare.starts_with(c) {
            fold(c, &bare);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str, kept: &str) -> String {
        let mut out = String::new();
        text.chars().for_each(|c| push(c, kept, &mut out));
        out
    }

    #[test]
    fn widths_and_forms_are_plain_and_the_rest_stays() {
        assert_eq!(clean("Ｑ４＿Ｋ ｶﾞﾗｽ ﬁnd ﻻ"), "Q4_K ガラス find لا");
        assert_eq!(clean("e\u{301}te\u{301} soft\u{ad}ware"), "été software");
        assert_eq!(clean("x² Ⅳ"), "x² Ⅳ");
        assert!(matches!(clean("déjà 東京 हिन्दी"), Cow::Borrowed(_)));
    }

    #[test]
    fn accents_go_and_kept_letters_stay() {
        assert_eq!(folded("àéîøüßœ", ""), "aeioussoe");
        assert_eq!(folded("smörgås à", "åäö"), "smörgås a");
        assert_eq!(folded("πόλη ΐ", ""), "πολη ι");
        assert_eq!(folded("ёлка й ї Москва\u{301}", ""), "елка й ї Москва");
        assert_eq!(folded("كِتَابٌ أنـــا ک", ""), "كتاب انا ك");
        assert_eq!(folded("שָׁלוֹם", ""), "שלום");
    }

    #[test]
    fn digits_of_every_script_are_one() {
        for figure in ["٢٠٢٤", "۲۰۲۴", "२०२४", "২০২৪", "๒๐๒๔", "២០២៤", "၂၀၂၄"]
        {
            assert_eq!(folded(figure, ""), "2024");
        }
    }

    #[test]
    fn every_letter_folds_as_it_does_in_tantivy() {
        let mut tantivy = TextAnalyzer::builder(GivenTerms).filter(AsciiFoldingFilter).build();
        for c in ('\u{c0}'..='\u{24f}').chain('\u{1e00}'..='\u{1eff}') {
            let text = c.to_string();
            let mut stream = tantivy.token_stream(&text);
            assert!(stream.advance());
            assert_eq!(folded(&text, ""), stream.token().text);
        }
    }
}
