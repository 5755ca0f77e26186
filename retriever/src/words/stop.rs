//! Words that carry no meaning of their own, and in which language a question is.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, OnceLock};

use footnote_core::text::is_stop_word;
use whatlang::{Lang, Script};

use super::UNTOLD;
use super::language::{Analyzer, primary};
use super::pieces::{Kind, Piece};

/// With fewer letters, a language that shares its script with others cannot be told.
const MIN_LETTERS: usize = 20;

/// Words that open German questions and are missing in its list.
const GERMAN: [&str; 7] = ["wer", "wem", "wen", "wessen", "wann", "warum", "wieso"];

/// The stop words of one language.
pub(super) struct StopList {
    analyzer: &'static Analyzer,
    words: HashSet<String>,
}

static LISTS: LazyLock<HashMap<&'static str, OnceLock<StopList>>> =
    LazyLock::new(|| stop_words::available_languages().iter().map(|&tag| (tag, OnceLock::new())).collect());

impl StopList {
    fn of(language: &str) -> Option<&'static Self> {
        let language = primary(language);
        let tag = match language.as_str() {
            UNTOLD => "en",
            "nb" | "nn" => "no",
            tag => tag,
        };
        let (&tag, list) = LISTS.get_key_value(tag)?;
        Some(list.get_or_init(|| {
            let analyzer = Analyzer::of(tag);
            let words = stop_words::lookup(tag).unwrap_or_default();
            let more: &[&str] = if tag == "de" { &GERMAN } else { &[] };
            let words = words.iter().chain(more);
            Self { analyzer, words: words.map(|word| analyzer.lower(word.trim())).collect() }
        }))
    }

    fn is_english(&self) -> bool {
        self.analyzer.is_english()
    }

    fn holds(&self, piece: &Piece) -> bool {
        if self.is_english() {
            // The same words as everywhere else in footnote.
            return is_stop_word(&piece.raw.to_lowercase());
        }
        let has = |word: &str| self.words.contains(&self.analyzer.lower(word));
        if piece.kind == Kind::Pair
            && piece.raw.chars().all(|c| self.words.contains(c.encode_utf8(&mut [0; 4]) as &str))
        {
            return true;
        }
        has(piece.raw) || has(self.analyzer.bare(piece.bare))
    }

    /// Whether the first of `pieces` says nothing, alone or as a compound of such words ("est-ce").
    pub(super) fn covers(&self, pieces: &[Piece]) -> bool {
        let Some((first, rest)) = pieces.split_first() else { return false };
        let Kind::Word { parts: parts @ 1.. } = first.kind else { return self.holds(first) };
        self.holds(first) || (!self.is_english() && rest.iter().take(parts).all(|part| self.holds(part)))
    }

    /// How many words of a question are in it.
    fn count(&self, pieces: &[Piece]) -> usize {
        let words = (0..pieces.len()).filter(|&at| pieces[at].kind != Kind::Part);
        words.filter(|&at| self.covers(&pieces[at..])).count()
    }
}

/// The lists whose words a question does without: its own language's when that can be told, else those of the
/// collection's languages that most of its words speak for. None when in doubt: the German "die" is a word in English,
/// and a stop word too many costs less than a word too few.
pub(super) fn lists_for(question: &str, pieces: &[Piece], languages: &[&str]) -> Vec<&'static StopList> {
    let mut lists: Vec<&StopList> = Vec::new();
    for list in languages.iter().filter_map(|language| StopList::of(language)) {
        if !lists.iter().any(|known| std::ptr::eq(*known, list)) {
            lists.push(list);
        }
    }
    if languages.iter().all(|language| Analyzer::of(language).is_english()) {
        return StopList::of(UNTOLD).into_iter().collect();
    }
    let words = pieces.iter().filter(|piece| piece.kind != Kind::Part).count();
    let counts: Vec<usize> = lists.iter().map(|list| list.count(pieces)).collect();
    let best = counts.iter().copied().max().unwrap_or(0);
    let speaks = best >= 2 && best * 2 >= words;
    match told(question).map(list_of) {
        // A short question is often taken for another language, so its words must agree.
        Some(Some(list)) if list.count(pieces) >= best => return vec![list],
        Some(None) if !speaks => return Vec::new(),
        _ => {}
    }
    let alone = languages.iter().all(|language| primary(language) == primary(languages[0]));
    if alone || speaks {
        lists.into_iter().zip(counts).filter(|&(_, count)| alone || count == best).map(|(list, _)| list).collect()
    } else {
        Vec::new()
    }
}

/// The question's language, where that can be told from it alone.
fn told(question: &str) -> Option<Lang> {
    let found = whatlang::detect(question).filter(whatlang::Info::is_reliable)?;
    // A few letters are enough where the script tells, as Greek, Thai and Chinese do.
    let is_shared = !matches!(found.script(), Script::Mandarin) && found.script().langs().len() > 1;
    let letters = || question.chars().filter(|c| c.is_alphabetic()).take(MIN_LETTERS).count();
    (!is_shared || letters() == MIN_LETTERS).then_some(found.lang())
}

/// The list of a language, if it has one.
fn list_of(language: Lang) -> Option<&'static StopList> {
    StopList::of(match language {
        Lang::Ara => "ar",
        Lang::Aze => "az",
        Lang::Bel => "be",
        Lang::Ben => "bn",
        Lang::Cat => "ca",
        Lang::Cmn => "zh",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Eng => "en",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Heb => "he",
        Lang::Hun => "hu",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Nep => "ne",
        Lang::Nld => "nl",
        Lang::Nob => "no",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Slv => "sl",
        Lang::Spa => "es",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tur => "tr",
        Lang::Uzb => "uz",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_of_the_crate_is_reached() {
        for tag in stop_words::available_languages() {
            assert!(StopList::of(tag).is_some_and(|list| !list.words.is_empty()), "{tag}");
        }
        assert!(StopList::of("nb").is_some() && StopList::of("pt-BR").is_some() && StopList::of("ja").is_none());
        let told: Vec<_> = Lang::all().iter().filter(|&&language| list_of(language).is_some()).collect();
        assert_eq!(told.len(), 28, "{told:?}");
    }

    #[test]
    fn little_text_tells_a_language_only_by_its_script() {
        assert_eq!(told("Die Hard"), None);
        assert_eq!(told("ποιος;"), Some(Lang::Ell));
        assert_eq!(told("北京的人口"), Some(Lang::Cmn));
        assert_eq!(told("Welche Versicherung brauche ich, wenn ich in Spanien arbeite?"), Some(Lang::Deu));
    }
}
