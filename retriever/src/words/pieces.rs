//! Text cut into words, their parts, and pairs of characters where no spaces are written.

use footnote_core::text::word_spans;
use unicode_normalization::char::is_combining_mark;

/// One word, part of a word, or pair of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// As it stands in the text.
    pub(super) raw: &'a str,
    /// Without the genitive.
    pub(super) bare: &'a str,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word, and how many parts of it follow.
    Word { parts: usize },
    /// A part of the compound before.
    Part,
    /// Two characters of a script without spaces, or one that stands alone.
    Pair,
}

/// A compound word comes whole and in parts (`state-of-the-art`, `Q4_K_M`), so that it is found by either.
pub(super) fn pieces<'a>(text: &'a str, each: &mut impl FnMut(Piece<'a>)) {
    for (start, end) in word_spans(text) {
        let span = &text[start..end];
        if span.is_ascii() { word(span, each) } else { runs(span, each) }
    }
}

/// Takes a span apart where its script changes between one with spaces and one without ("iPhone手机", "2024年").
fn runs<'a>(span: &'a str, each: &mut impl FnMut(Piece<'a>)) {
    let mut rest = span;
    while let Some(first) = rest.chars().next() {
        let script = Spaceless::of(first);
        let changes = |&(_, c): &(usize, char)| Spaceless::of(c) != script && !is_combining_mark(c);
        let end = rest.char_indices().skip(1).find(changes).map_or(rest.len(), |(at, _)| at);
        let (run, after) = rest.split_at(end);
        match script {
            Some(_) => pairs(run, each),
            None if run.len() == span.len() => word(run, each),
            None => word_spans(run).for_each(|(start, end)| word(&run[start..end], each)),
        }
        rest = after;
    }
}

fn word<'a>(word: &'a str, each: &mut impl FnMut(Piece<'a>)) {
    // "model's" is "model".
    let bare = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    // The parts of a figure or a version ("3.5", "1.0.2") say nothing by themselves.
    let is_compound = bare.contains(SEPARATORS) && bare.contains(char::is_alphabetic);
    let parts = if is_compound { parts_of(bare).count() } else { 0 };
    each(Piece { raw: word, bare, kind: Kind::Word { parts } });
    if is_compound {
        parts_of(bare).for_each(|part| each(Piece { raw: part, bare: part, kind: Kind::Part }));
    }
}

/// What stands between the parts of a compound; the last is Persian's (`می‌خواهم`), and not seen.
const SEPARATORS: [char; 5] = ['-', '_', '.', ',', '\u{200c}'];

fn parts_of(word: &str) -> impl Iterator<Item = &str> {
    word.split(SEPARATORS).filter(|part| !part.is_empty())
}

/// The overlapping pairs of a run, a letter's marks going with it; a letter alone is given alone.
fn pairs<'a>(run: &'a str, each: &mut impl FnMut(Piece<'a>)) {
    let letters = run.char_indices().filter(|&(at, c)| at == 0 || !is_combining_mark(c)).map(|(at, _)| at);
    let ends = letters.clone().skip(2).chain([run.len()]);
    for (start, end) in letters.zip(ends) {
        let pair = &run[start..end];
        each(Piece { raw: pair, bare: pair, kind: Kind::Pair });
    }
}

/// The scripts that are written without spaces between words, as far as terms are pairs of their letters. Korean has
/// spaces, but between phrases: particles and endings are written on to the word, and pairs find it under them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spaceless {
    /// Han and Kana together: Japanese words change between them.
    HanKana,
    Hangul,
    Thai,
    Lao,
    Khmer,
    Burmese,
}

impl Spaceless {
    /// The script of a letter or mark. Digits of these scripts are figures like others.
    fn of(c: char) -> Option<Self> {
        match c {
            '\0'..='\u{dff}' => None,
            '\u{e00}'..='\u{e4f}' => Some(Self::Thai),
            '\u{e80}'..='\u{ecf}' | '\u{edc}'..='\u{edf}' => Some(Self::Lao),
            '\u{1000}'..='\u{103f}' | '\u{104a}'..='\u{108f}' | '\u{109a}'..='\u{109f}' => Some(Self::Burmese),
            '\u{a9e0}'..='\u{a9ef}' | '\u{a9fa}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}' => Some(Self::Burmese),
            '\u{1780}'..='\u{17df}' => Some(Self::Khmer),
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' => Some(Self::Hangul),
            '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' => Some(Self::Hangul),
            '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{3035}' => Some(Self::HanKana),
            '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' => Some(Self::HanKana),
            '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => Some(Self::HanKana),
            '\u{1aff0}'..='\u{1b16f}' | '\u{20000}'..='\u{3ffff}' => Some(Self::HanKana),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        pieces(text, &mut |piece| found.push(piece.bare));
        found
    }

    #[test]
    fn scripts_without_spaces_come_in_pairs_and_a_letter_alone_stays() {
        assert_eq!(cut("北京的人口。水！"), ["北京", "京的", "的人", "人口", "水"]);
        assert_eq!(cut("コーヒーを飲む"), ["コー", "ーヒ", "ヒー", "ーを", "を飲", "飲む"]);
        assert_eq!(cut("서울의 물"), ["서울", "울의", "물"]);
        assert_eq!(cut("น้ำดื่ม"), ["น้ำ", "ำดื่", "ดื่ม"]);
    }

    #[test]
    fn scripts_are_told_apart_inside_a_word() {
        assert_eq!(cut("iPhone手机2024年"), ["iPhone", "手机", "2024", "年"]);
        assert_eq!(cut("東京-大阪 x-線"), ["東京", "大阪", "x", "線"]);
    }

    #[test]
    fn marks_do_not_break_words() {
        assert_eq!(cut("हिन्दी भाषा"), ["हिन्दी", "भाषा"]);
        assert_eq!(cut("می‌خواهم"), ["می‌خواهم", "می", "خواهم"]);
    }

    #[test]
    fn a_compound_says_how_many_parts_follow() {
        let mut kinds = Vec::new();
        pieces("open-source 3.5 don't", &mut |piece| kinds.push(piece.kind));
        let (two, none) = (Kind::Word { parts: 2 }, Kind::Word { parts: 0 });
        assert_eq!(kinds, [two, Kind::Part, Kind::Part, none, none]);
    }
}
