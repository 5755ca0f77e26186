//! Turns an engine's tokens into whole sentences, as soon as each is whole.

use footnote_core::text::sentence::sentences;

use crate::cite::{DraftSentence, leading_marks};

/// Collects tokens and gives out sentences. What a reasoning model thinks aloud is left out.
#[derive(Debug)]
pub struct DraftFeed {
    text: String,
    /// Bytes of `text` that were given out.
    done: usize,
    pieces: usize,
    thinking: Thinking,
}

/// Tokens that a model may think before it answers.
pub const THOUGHT_TOKENS: usize = 1_024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thinking {
    No,
    /// It said that it thinks.
    Yes,
    /// Its template may have begun the thoughts for it: so it is unless it never says that they end.
    Assumed,
}

/// What begins thoughts, and what ends them: Qwen and DeepSeek, Magistral, gpt-oss.
const THOUGHTS: [(&str, &str); 3] =
    [("<think>", "</think>"), ("[THINK]", "[/THINK]"), ("<|channel|>analysis", "<|channel|>final<|message|>")];

impl DraftFeed {
    /// For a prompt with `pieces` of evidence.
    #[must_use]
    pub fn new(pieces: usize) -> Self {
        Self { text: String::new(), done: 0, pieces, thinking: Thinking::No }
    }

    /// For a model that thinks first and whose template writes `<think>` for it (DeepSeek R1 and what was distilled
    /// from it): nothing is given out before `</think>`.
    #[must_use]
    pub fn thinking_first(self) -> Self {
        Self { thinking: Thinking::Assumed, ..self }
    }

    /// Takes a token and gives the sentences that are whole now. A sentence is whole when the next
    /// one has begun with a word: marks that follow a full stop still belong to it.
    pub fn push(&mut self, token: &str) -> Vec<DraftSentence> {
        for c in token.chars() {
            // `so.[1] It`: without a space, the bracket would be taken for the end of the sentence.
            if c == '[' && self.text.ends_with(['.', '!', '?']) {
                self.text.push(' ');
            }
            self.text.push(c);
        }
        self.skip_thoughts();
        match self.thinking {
            Thinking::No => self.whole(),
            _ => Vec::new(),
        }
    }

    fn whole(&mut self) -> Vec<DraftSentence> {
        let mut whole = Vec::new();
        while let Some(end) = self.end_of_first() {
            whole.extend(self.take(end));
        }
        whole
    }

    /// The last sentence: all that is left when the model ended by itself, only a closed sentence
    /// when it was cut off.
    pub fn finish(mut self, ended_by_itself: bool) -> Vec<DraftSentence> {
        // One that ended by itself without a word about thoughts did not think.
        if self.thinking == Thinking::Yes || (self.thinking == Thinking::Assumed && !ended_by_itself) {
            return Vec::new();
        }
        let mut whole = self.whole();
        let rest = self.text[self.done..].trim_end();
        let closed = rest.ends_with(['.', '!', '?', ']', '"', '”']);
        if ended_by_itself || closed {
            whole.extend(self.take(self.text.len()));
        }
        whole
    }

    /// Passes over thoughts. Where their end is met without their beginning, all before it was thought.
    fn skip_thoughts(&mut self) {
        let rest = &self.text[self.done..];
        let ends = THOUGHTS.iter().filter_map(|(_, ends)| rest.rfind(ends).map(|at| at + ends.len()));
        if let Some(end) = ends.max() {
            self.done += end;
            self.thinking = Thinking::No;
        }
        let rest = self.text[self.done..].trim_start();
        if THOUGHTS.iter().any(|(begins, _)| rest.starts_with(begins)) {
            self.thinking = Thinking::Yes;
        }
    }

    /// The end of the first sentence that is not given out, where it is certain.
    fn end_of_first(&self) -> Option<usize> {
        let rest = &self.text[self.done..];
        let units = sentences(rest);
        let first = units.first()?;
        let marks = leading_marks(&rest[first.end..]);
        let next = rest[first.end + marks..].trim_start();
        // A lone "[" may become a mark, and a single letter the rest of an abbreviation.
        let certain = next.chars().count() >= 2 && !next.starts_with('[');
        (units.len() > 1 && certain).then_some(self.done + first.end + marks)
    }

    fn take(&mut self, end: usize) -> Option<DraftSentence> {
        let sentence = DraftSentence::parse(&self.text[self.done..end], self.pieces);
        self.done = end;
        (!sentence.text.is_empty()).then_some(sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(tokens: &[&str], ended: bool) -> Vec<(String, Vec<usize>)> {
        let mut feed = DraftFeed::new(3);
        let mut out: Vec<DraftSentence> = tokens.iter().flat_map(|token| feed.push(token)).collect();
        out.extend(feed.finish(ended));
        out.into_iter().map(|sentence| (sentence.text, sentence.cites)).collect()
    }

    #[test]
    fn a_sentence_comes_out_when_the_next_begins_and_keeps_the_marks_behind_it() {
        let tokens = ["It has 3.", "5 B", ". [1", "][2]", " It", " is free", " [3]."];
        assert_eq!(feed(&tokens, true), [("It has 3.5 B.".into(), vec![1, 2]), ("It is free.".into(), vec![3])]);
    }

    #[test]
    fn tokens_of_any_size_give_the_same_sentences() {
        let text = "The tower, e.g. the one in Paris, is tall. [1] It was completed in 1889 [2]. Yes!";
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(feed(&letters, true), feed(&[text], true));
        assert_eq!(feed(&[text], true).len(), 3);
    }

    #[test]
    fn a_sentence_that_was_cut_off_is_left_out() {
        assert_eq!(feed(&["One is whole. The other is cu"], false), [("One is whole.".into(), vec![])]);
        assert_eq!(feed(&["One is whole. The other too."], false).len(), 2);
    }

    #[test]
    fn thoughts_are_left_out() {
        assert_eq!(feed(&["<think>", "Hm. Hm. ", "</think>", "\n\nIt is 7."], true), [("It is 7.".into(), vec![])]);
        assert!(feed(&["<think>", "Hm. Hm. "], true).is_empty());
        assert!(feed(&["[THINK]", "Hm. Hm. "], true).is_empty());
        let channels = ["<|channel|>analysis<|message|>Hm. Hm. <|end|>", "<|channel|>final<|message|>It is 7."];
        assert_eq!(feed(&channels, true), [("It is 7.".into(), vec![])]);
    }

    #[test]
    fn thoughts_that_the_template_began_are_left_out() {
        let thinks = |tokens: &[&str], ended| {
            let mut feed = DraftFeed::new(3).thinking_first();
            let mut out: Vec<DraftSentence> = tokens.iter().flat_map(|token| feed.push(token)).collect();
            out.extend(feed.finish(ended));
            out.into_iter().map(|sentence| sentence.text).collect::<Vec<_>>()
        };
        assert_eq!(
            thinks(&["Hm. It may be 8. ", "</think>", "\n\nIt is 7. It", " is so."], true),
            ["It is 7.", "It is so."]
        );
        assert!(thinks(&["Hm. It may be 8. It may be"], false).is_empty(), "cut off while it thought");
        assert_eq!(thinks(&["It is 7. It is so."], true), ["It is 7.", "It is so."], "it did not think");
        // Without being told, only what was not given out yet can be held back.
        assert_eq!(feed(&["Hm, it may be 8", "</think>", "It is 7."], true), [("It is 7.".into(), vec![])]);
    }
}
