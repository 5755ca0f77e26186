//! What a unit would bring to a question: something that the question does not say already, and of
//! the kind that it asks for.

use std::collections::HashSet;

use footnote_core::text::sentence::marker_length;

use crate::asked::Asked;
use crate::claims::Claims;

/// What is looked for.
pub(crate) struct Sought {
    question: Claims,
    asked: Asked,
}

/// What a unit brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Brings {
    /// Enough to be an answer: a figure, or two words that the question lacks. A caption, a label or
    /// a command that only names the subject brings less.
    pub(crate) substance: bool,
    /// A figure that the question lacks.
    pub(crate) figure: bool,
    /// A figure or a name, where the question asks for one.
    pub(crate) kind: bool,
}

impl Sought {
    pub(crate) fn by(question: &str) -> Self {
        Self { question: Claims::of(question), asked: Asked::by(question) }
    }

    /// What `text`, whose content words are `terms`, brings.
    pub(crate) fn brought_by(&self, text: &str, terms: &HashSet<String>) -> Brings {
        // A list's number is no figure of what stands behind it: `8. Training`.
        let unit = Claims::of(&text[marker_length(text)..]);
        let figure = unit.figures.iter().any(|figure| !self.question.figures.contains(figure));
        let name = unit.proper.iter().any(|name| !self.question.has_word(name));
        let new_terms = terms.difference(&self.question.terms).count();
        Brings {
            substance: figure || new_terms >= 2,
            figure,
            kind: match self.asked {
                Asked::Figure => figure,
                Asked::Name => name,
                Asked::Anything => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexical::terms;

    fn brought(question: &str, unit: &str) -> Brings {
        Sought::by(question).brought_by(unit, &terms(unit).into_iter().collect())
    }

    #[test]
    fn a_label_or_a_caption_has_no_substance() {
        for (question, unit) in [
            ("On what day did Wick 2.0 become available?", "New"),
            ("Who created llama.cpp?", "cd llama.cpp"),
            ("How long does the training of an adapter take?", "8. Training of adapters"),
            ("How long did the outage of 11 March 2025 last?", "Timeline of 11 March 2025"),
        ] {
            assert!(!brought(question, unit).substance, "{unit}");
        }
        for unit in ["- Apache-2.0", "- Tri Dao", "18 February 2025"] {
            assert!(brought("What is it?", unit).substance, "{unit}");
        }
    }

    #[test]
    fn the_kind_is_what_the_question_asks_for() {
        assert!(brought("How long did it last?", "It lasted three hours.").kind);
        assert!(!brought("How long did it last?", "It lasted too long for Ada.").kind);
        assert!(brought("Who wrote it?", "It was written by Ada Lovelace.").kind);
        assert!(!brought("Who wrote it in 1843?", "It was written in 1843.").kind);
        assert!(!brought("Why is it so?", "It was written by Ada in 1843.").kind);
    }
}
