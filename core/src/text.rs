//! Words and figures of a text, as fusion, evidence and verification compare them; its sentences: [`sentence`].

pub mod sentence;

use unicode_normalization::char::is_combining_mark;

/// The lower-cased words of `text`: runs of letters and digits, with the marks that stand inside a
/// word or a figure (`state-of-the-art`, `don't`, `3.5`, `Q4_K_M`).
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    word_spans(text).map(|(start, end)| text[start..end].to_lowercase())
}

/// Byte ranges of the words that [`words`] gives.
pub fn word_spans(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = rest.find(|(_, c)| c.is_alphanumeric())?;
        let mut end = start + first.len_utf8();
        while let Some(&(at, c)) = rest.peek() {
            let follows = text[at + c.len_utf8()..].chars().next();
            let inside =
                c.is_alphanumeric() || is_mark(c) || (is_joiner(c) && follows.is_some_and(char::is_alphanumeric));
            if !inside {
                break;
            }
            end = at + c.len_utf8();
            rest.next();
        }
        Some((start, end))
    })
}

fn is_joiner(c: char) -> bool {
    // The last two are not seen: they say how the letters of Persian and Indian words join.
    matches!(c, '-' | '\'' | '’' | '.' | '_' | ',' | '\u{200c}' | '\u{200d}')
}

/// Whether `c` belongs to the letter before it: a vowel sign, the sign for no vowel (`हिन्दी`), a tone, an accent. Signs
/// that turn a letter or a digit into an emoji do not.
fn is_mark(c: char) -> bool {
    !c.is_ascii()
        && is_combining_mark(c)
        && !matches!(c, '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether `word` (lower case) is one of the English words that carry no meaning of their own.
#[must_use]
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// Sorted, for the binary search.
const STOP_WORDS: &[&str] = &[
    "a", "about", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "being", "but", "by",
    "can", "could", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if",
    "in", "into", "is", "it", "its", "many", "me", "much", "my", "no", "not", "of", "on", "one", "or", "our", "she",
    "should", "so", "some", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this",
    "those", "to", "us", "was", "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will",
    "with", "would", "you", "your",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_what_stands_inside_them() {
        let found: Vec<String> = words("Don't use Q4_K_M at 3.5, or 1,024-bit.").collect();
        assert_eq!(found, ["don't", "use", "q4_k_m", "at", "3.5", "or", "1,024-bit"]);
    }

    #[test]
    fn marks_belong_to_their_words() {
        let found: Vec<String> = words("हिन्दी में, น้ำ e\u{301}te\u{301} می\u{200c}خواهم 1\u{fe0f}\u{20e3}").collect();
        assert_eq!(found, ["हिन्दी", "में", "น้ำ", "e\u{301}te\u{301}", "می\u{200c}خواهم", "1"]);
    }

    #[test]
    fn the_stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
        assert!(is_stop_word("the") && !is_stop_word("llama"));
    }
}
