//! What kind of thing a question asks for, where its words tell.

/// The kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Figure,
    Name,
    Anything,
}

impl Asked {
    /// Read off the question's words (English).
    pub(crate) fn by(question: &str) -> Self {
        let question = format!(" {} ", question.to_lowercase());
        let any = |phrases: &[&str]| phrases.iter().any(|phrase| question.contains(phrase));
        if any(&[
            " how many ",
            " how much ",
            " how long ",
            " how large ",
            " how big ",
            " how old ",
            " how fast ",
            " how far ",
            " how often ",
            " when ",
            " what year",
            " which year",
            " what date",
            " what percent",
            " what number",
            " which port",
            " what port",
            " which version",
            " what version",
        ]) {
            Self::Figure
        } else if any(&[" who ", " whom ", " whose ", " where ", " which company ", " which country ", " which city "])
        {
            Self::Name
        } else {
            Self::Anything
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_question_tell_what_it_asks_for() {
        for (question, asked) in [
            ("When was it built?", Asked::Figure),
            ("On which port does it listen, and how many clients?", Asked::Figure),
            ("Who built it?", Asked::Name),
            ("Why was it built?", Asked::Anything),
            ("What does whoever come whenever need?", Asked::Anything),
        ] {
            assert_eq!(Asked::by(question), asked, "{question}");
        }
    }
}
