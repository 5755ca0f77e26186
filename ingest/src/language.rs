//! Which language a text is in.

use whatlang::Lang;

use crate::syntax::Syntax;

/// How much of a text is looked at, in bytes: a third from its start, its middle and its end each.
const SAMPLE_BYTES: usize = 4 * 1024;

/// With fewer letters nothing reliable can be said.
const MIN_LETTERS: usize = 20;

/// The language of a document's text. Program text (by its media type) is in none: its words are another's.
pub(crate) fn of(text: &str, media_type: &str) -> Option<String> {
    if Syntax::of(media_type).is_code() { None } else { detect(text) }
}

/// The language of most of `text` as a BCP 47 tag (`en`, `de`, `zh`); `None` where it cannot be told reliably.
pub(crate) fn detect(text: &str) -> Option<String> {
    let sample = sample(text);
    if sample.chars().filter(|c| c.is_alphabetic()).count() < MIN_LETTERS {
        return None;
    }
    let found = whatlang::detect(&sample).filter(whatlang::Info::is_reliable)?;
    Some(tag(found.lang()).to_owned())
}

/// Pieces from the start, the middle and the end: the front of a file is often a licence or a list of names.
fn sample(text: &str) -> String {
    if text.len() <= SAMPLE_BYTES {
        return text.to_owned();
    }
    let piece = SAMPLE_BYTES / 3;
    let starts = [0, text.len() / 2 - piece / 2, text.len() - piece];
    starts.map(|start| &text[boundary(text, start)..boundary(text, start + piece)]).join("\n")
}

/// The code point's boundary at or before byte `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The shortest tag of a language, as BCP 47 asks for: two letters where there are two.
fn tag(language: Lang) -> &'static str {
    match language {
        Lang::Epo => "eo",
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        other => tag_of_rest(other),
    }
}

fn tag_of_rest(language: Lang) -> &'static str {
    match language {
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Aka => "ak",
        Lang::Zul => "zu",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Lat => "la",
        Lang::Slk => "sk",
        Lang::Cat => "ca",
        Lang::Tgl => "tl",
        Lang::Hye => "hy",
        // Those that have no short tag keep their three letters.
        other => other.code(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart() {
        let told = |text: &str| detect(&text.repeat(3));
        let english =
            "The quick brown fox jumps over the lazy dog, and then it goes home to sleep through the winter. ";
        let german =
            "Der schnelle braune Fuchs springt über den faulen Hund und geht danach nach Hause, um zu schlafen. ";
        assert_eq!(told(english).as_deref(), Some("en"));
        assert_eq!(told(german).as_deref(), Some("de"));
        assert_eq!(told("敏捷的棕色狐狸跳过了懒惰的狗，然后回家睡觉。").as_deref(), Some("zh"));
        assert_eq!(told("すばやい茶色の狐は、のろまな犬を飛び越えて家に帰りました。").as_deref(), Some("ja"));
    }

    #[test]
    fn the_most_of_it_decides_and_little_decides_nothing() {
        let german = "Der schnelle braune Fuchs springt über den faulen Hund und geht danach nach Hause. ".repeat(300);
        assert_eq!(detect(&format!("Copyright 2024, all rights reserved.\n{german}")).as_deref(), Some("de"));
        assert_eq!(detect("Hallo Welt"), None);
        assert_eq!(detect("12 345 — 67,8 % 2024-01-01 12:00:00 1234567890 9876543210"), None);
        assert_eq!(detect(""), None);
        assert_eq!(of(&german, "text/x-rust"), None);
        assert_eq!(of(&german, "text/plain").as_deref(), Some("de"));
    }

    #[test]
    fn every_tag_is_short_and_its_own() {
        let mut tags: Vec<&str> = Lang::all().iter().map(|&language| tag(language)).collect();
        assert!(tags.iter().all(|tag| (2..=3).contains(&tag.len())));
        tags.sort_unstable();
        tags.dedup();
        assert_eq!(tags.len(), Lang::all().len());
    }

    #[test]
    fn a_sample_is_bounded_and_never_cuts_a_letter() {
        let text = "a中é".repeat(10_000);
        assert!(sample(&text).len() <= SAMPLE_BYTES + 2);
    }
}
