//! Whether a question is in English: the rules know no other grammar.

use super::token::{Token, is_in};

/// What the words tell about the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Other,
    /// Names and content words only: `LoRA rank?`
    Unclear,
}

/// Counts function words, English against frequent ones of neighbouring languages (some are in both:
/// German `was`, Dutch `is`).
pub(super) fn language(tokens: &[Token]) -> Language {
    let english = tokens.iter().filter(|token| !token.is_content()).count();
    let other = tokens.iter().filter(|token| OTHER.iter().any(|list| is_in(list, &token.word))).count();
    let foreign_script = tokens.iter().filter(|token| !token.word.starts_with(|c: char| c.is_ascii())).count();
    if other + foreign_script > 0 && other + foreign_script >= english {
        Language::Other
    } else if english > 0 {
        Language::English
    } else {
        Language::Unclear
    }
}

const OTHER: &[&str] = &[
    // German and Dutch
    "der die das dem den des ein eine einen und oder ist sind war waren wer wie wo wann warum welche welcher \
     welches wird hat für mit von zu nicht het een van wat wie waar waarom wanneer hoe welke zijn werd voor \
     niet en",
    // French, Spanish, Portuguese, Italian
    "le la les un une du et est sont quel quelle quels quelles quand comment pourquoi où qui que qu'est-ce \
     combien pour dans el los las una uno del y es son qué quién cómo cuándo dónde cuál cuánto cuántos por \
     para o os um uma de da dos é são foi quando quem como onde qual quais quanto quantos il lo gli di che chi \
     perché dove quale quali",
    // Danish, Norwegian, Swedish
    "og och är er hvem hvad hva vad hvor hvornår när det ett som til",
];

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    #[test]
    fn english_is_told_from_its_neighbours() {
        for (text, expected) in [
            ("How long does it last?", Language::English),
            ("What is die casting?", Language::English),
            ("Why?", Language::English),
            ("LoRA rank?", Language::Unclear),
            ("Wo kommt der Begriff her?", Language::Other),
            ("Was ist das?", Language::Other),
            ("¿Cuándo he llegado?", Language::Other),
            ("Qual é o prazo?", Language::Other),
            ("保証期間はどのくらいですか？", Language::Other),
            ("Сколько это стоит?", Language::Other),
        ] {
            assert_eq!(language(&tokens(text)), expected, "{text}");
        }
    }
}
