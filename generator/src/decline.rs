//! Whether a model says that its evidence does not answer the question. A model of some billions of parameters reads better
//! than the signs of [`crate::confidence`] do, and what it says of the evidence is no sentence that a quote could bear out.

use footnote_core::text::word_spans;

/// What a model is asked to write where the evidence does not answer.
pub(crate) const NO_ANSWER: &str = "NO ANSWER";

/// How it is said in a language, by the beginnings of words: what is spoken of, that it does not, and what it does not do.
struct Saying {
    of: &'static [&'static str],
    denies: &'static [&'static str],
    answering: &'static [&'static str],
}

const SAYINGS: [Saying; 4] = [
    Saying {
        of: &["evidence", "document", "context", "passage", "excerpt", "information", "text", "source", "answer"],
        denies: &["not", "no", "cannot", "insufficient", "unable", "doesn", "don", "isn", "aren", "none", "neither"],
        answering: &[
            "contain",
            "mention",
            "provi",
            "specif",
            "answer",
            "stat",
            "inclu",
            "giv",
            "indicat",
            "address",
            "say",
            "determin",
            "enough",
            "availab",
            "found",
            "clear",
            "describ",
            "relat",
            "sufficient",
            "about",
            "regarding",
        ],
    },
    Saying {
        of: &["beleg", "dokument", "quelle", "text", "kontext", "information", "angabe", "abschnitt", "frage"],
        denies: &["nicht", "kein"],
        answering: &[
            "enth",
            "nenn",
            "sag",
            "erwähn",
            "hervor",
            "angegeb",
            "beantwort",
            "genannt",
            "liefer",
            "geb",
            "geh",
        ],
    },
    Saying {
        of: &["preuve", "document", "contexte", "extrait", "information", "texte", "source", "passage", "question"],
        denies: &["pas", "aucun", "ni"],
        answering: &["mention", "contien", "préci", "indiq", "fourni", "répon", "permet", "donn", "dit", "disent"],
    },
    Saying {
        of: &["evidencia", "documento", "contexto", "fragmento", "información", "texto", "fuente", "pregunta"],
        denies: &["no", "ningun", "ningún", "tampoco"],
        answering: &["mencion", "contien", "especific", "indic", "proporcion", "respon", "dice", "ofrec", "incluy"],
    },
];

/// Whether a sentence of a draft says so. It is asked of sentences that no quote bears out: a quote may well say that a
/// document does not contain something.
pub(crate) fn declines(sentence: &str) -> bool {
    let words: Vec<String> = word_spans(sentence).map(|(start, end)| sentence[start..end].to_lowercase()).collect();
    let is_sentinel = words.join(" ").eq_ignore_ascii_case(NO_ANSWER);
    let begins =
        |beginnings: &[&str]| words.iter().any(|word| beginnings.iter().any(|beginning| word.starts_with(beginning)));
    // `not`, `no`, `ni` and `pas` begin many other words.
    let denies = |denials: &[&str]| {
        let is = |word: &str, denial: &str| if denial.len() <= 3 { word == denial } else { word.starts_with(denial) };
        words.iter().any(|word| denials.iter().any(|denial| is(word.split(['\'', '’']).next().unwrap_or(word), denial)))
    };
    is_sentinel || SAYINGS.iter().any(|saying| begins(saying.of) && denies(saying.denies) && begins(saying.answering))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_says_in_many_words_that_it_has_no_answer() {
        for said in [
            "NO ANSWER",
            "No answer.",
            "**NO ANSWER**",
            "The evidence does not mention who audited it.",
            "The provided documents don't contain this information.",
            "There is no information about annual leave in the text.",
            "I cannot answer the question from the evidence.",
            "The answer is not provided in the passages [1][2].",
            "Die Belege nennen keine Zahl.",
            "Das geht aus dem Text nicht hervor.",
            "Les documents ne précisent pas la date.",
            "La evidencia no menciona el año.",
        ] {
            assert!(declines(said), "{said}");
        }
    }

    #[test]
    fn an_answer_is_no_refusal() {
        for said in [
            "The bridge was completed in 1937 [1].",
            "No evidence was needed [1].",
            "Employees do not need a licence [2].",
            "The tower contains no lifts [1].",
            "Die Brücke hat keine Pfeiler.",
            "Le pont n'a pas de piliers.",
            "Nothing answers faster than a cache [1].",
        ] {
            assert!(!declines(said), "{said}");
        }
    }
}
