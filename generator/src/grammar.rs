//! A grammar that lets a model cite nothing but what there is.
//!
//! In GBNF, llama.cpp's form (<https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md>), which vLLM reads too,
//! and as a regular expression.

use footnote_core::seam::Grammar;

use crate::decline::NO_ANSWER;

/// The fewest and the most characters before a sentence's marks: no bare mark, and no run without one.
const WORDS: (usize, usize) = (8, 400);
/// Sentences in all.
const SENTENCES: usize = 3;

/// One to three sentences of one line, each closed by one or two of these numbers in brackets; brackets stand for nothing
/// else. Where it may decline, the word for that instead. `None` where there is nothing to cite.
#[must_use]
pub fn citing(pieces: &[usize], may_decline: bool) -> Option<Grammar> {
    if pieces.is_empty() {
        return None;
    }
    let (least, most) = WORDS;
    let more = SENTENCES - 1;
    let written = |quote: &str, between: &str| {
        let numbers: Vec<String> = pieces.iter().map(|number| format!("{quote}{number}{quote}")).collect();
        numbers.join(between)
    };
    let words = format!("[^\\[\\]\\n ][^\\[\\]\\n]{{{least},{most}}}");
    let declined = if may_decline { format!("\"{NO_ANSWER}\" | ") } else { String::new() };
    let gbnf = format!(
        "root ::= {declined}sentence (\" \" sentence){{0,{more}}}\n\
         sentence ::= {words} mark mark? [.!?]\n\
         mark ::= \"[\" ({}) \"]\"\n",
        written("\"", " | "),
    );
    let sentence = format!(r"{words}(\[({})\]){{1,2}}[.!?]", written("", "|"));
    let declined = if may_decline { format!("{NO_ANSWER}|") } else { String::new() };
    Some(Grammar { gbnf, regex: format!("{declined}{sentence}( {sentence}){{0,{more}}}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn it_names_each_piece_and_no_other() {
        insta::assert_snapshot!(citing(&[1, 2, 4], false).unwrap().gbnf, @r#"
        root ::= sentence (" " sentence){0,2}
        sentence ::= [^\[\]\n ][^\[\]\n]{8,400} mark mark? [.!?]
        mark ::= "[" ("1" | "2" | "4") "]"
        "#);
        assert_eq!(citing(&[], true), None);
    }

    #[test]
    fn it_may_hold_the_word_for_no_answer() {
        let Grammar { gbnf, regex } = citing(&[1], true).unwrap();
        assert!(gbnf.starts_with("root ::= \"NO ANSWER\" | sentence"), "{gbnf}");
        let regex = Regex::new(&format!("^(?:{regex})$")).unwrap();
        assert!(regex.is_match("NO ANSWER") && regex.is_match("It is made of iron [1].") && !regex.is_match("NO"));
    }

    #[test]
    fn the_expression_takes_sentences_that_cite_and_no_others() {
        let regex = Regex::new(&format!("^(?:{})$", citing(&[1, 2, 4], false).unwrap().regex)).unwrap();
        for good in ["It is made of iron [1].", "It is 3.5 m long [1][4]. It was built in 1889 [2]!"] {
            assert!(regex.is_match(good), "{good}");
        }
        for bad in ["It is made of iron.", "It is made of iron [3].", "[1].", "It is made of [iron] [1].", " [1] [2]."]
        {
            assert!(!regex.is_match(bad), "{bad}");
        }
    }
}
