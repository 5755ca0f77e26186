//! Words as both keyword indexes know them: the terms of a text, and those of a question that are to meet them.
//!
//! In the order in which data passes:
//!
//! * `fold`: marks, widths and digits that only look different become one.
//! * `pieces`: text cut into words, their parts, and pairs of characters where no spaces are written.
//! * `language`: what a language does with a word: lower case, elisions, the stemmer.
//! * `stop`: words that carry no meaning of their own, and in which language a question is.
//! * `question`: the groups of terms that a question asks for.
//! * [`GivenTerms`]: terms made here, handed to tantivy as they are.
//!
//! A text's terms follow the *document's* language, and a question is analysed in every language of the collection, so
//! that it finds documents of each.
//!
//! Text without spaces is cut into overlapping pairs of characters, as Lucene's `CJKAnalyzer` does: the dictionaries
//! of word segmenters are tens of megabytes per language, and pairs need no agreement between a question's
//! segmentation and a text's.

mod fold;
mod given;
mod language;
mod pieces;
mod question;
mod stop;

pub use given::{GivenStream, GivenTerms, joined};
pub use question::query_terms;

/// The tag (BCP 47) of texts whose language could not be told. They are analysed as English is: most of them are
/// program text, tables and names.
pub const UNTOLD: &str = "und";

/// All terms of a document's text in order, with repetitions, as BM25 counts them. `language` is the document's
/// BCP 47 tag (`en`, `pt-BR`); `None` is [`UNTOLD`].
#[must_use]
pub fn terms(text: &str, language: Option<&str>) -> Vec<String> {
    let text = fold::clean(text);
    let analyzer = language::Analyzer::of(language.unwrap_or(UNTOLD));
    let mut batch = String::with_capacity(text.len() + text.len() / 4);
    pieces::pieces(&text, &mut |piece| analyzer.write(&piece, &mut batch));
    analyzer.finish(&batch)
}

#[cfg(test)]
mod tests;
