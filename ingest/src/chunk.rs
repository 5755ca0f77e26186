//! Chunks: token-sized stretches of a document, each with its place and its heading path.

use std::collections::HashMap;
use std::path::Path;

use footnote_core::chunk::said_by_name;
use footnote_core::{Chunk, ChunkId, Code, Document, Error, Result, Span};
use tokenizers::Tokenizer;

use crate::hash::sha256_hex;
use crate::section::sections;
use crate::split::Splitter;
use crate::syntax::Syntax;
use crate::tokens::{self, TokenIndex};

/// Neighbouring sections below this many tokens are joined, and chunks below it are evened out.
pub(crate) const MIN_TOKENS: usize = 40;

/// `[CLS]` and `[SEP]`, which the model adds to each text.
const SPECIAL_TOKENS: usize = 2;

/// The fewest tokens that a chunk may be asked to hold.
const SMALLEST_MAX_TOKENS: usize = 32;

/// How documents are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkOptions {
    /// Tokens per chunk, the file's name, the title, the heading path and the model's own two included.
    pub max_tokens: usize,
    /// Tokens that neighbouring chunks of a section share at most: whole sentences, rows or lines of code.
    pub overlap_tokens: usize,
}

impl Default for ChunkOptions {
    fn default() -> Self {
        Self { max_tokens: 200, overlap_tokens: 0 }
    }
}

impl ChunkOptions {
    /// Checks that the options fit together and fit a model that reads `model_tokens`.
    ///
    /// # Errors
    /// [`Code::SettingsInvalid`], naming the setting.
    pub fn check(&self, model_tokens: usize) -> Result<()> {
        let invalid = |message: String, hint: String| Err(Error::new(Code::SettingsInvalid, message).hint(hint));
        let Self { max_tokens, overlap_tokens } = *self;
        if !(SMALLEST_MAX_TOKENS..=model_tokens).contains(&max_tokens) {
            return invalid(
                format!("chunk.max_tokens is {max_tokens}; the embedding model reads {model_tokens} tokens"),
                format!("set it between {SMALLEST_MAX_TOKENS} and {model_tokens}"),
            );
        }
        if overlap_tokens * 4 > max_tokens {
            return invalid(
                format!("chunk.overlap_tokens is {overlap_tokens}: more than a quarter of chunk.max_tokens"),
                format!("set it to {} or less", max_tokens / 4),
            );
        }
        Ok(())
    }

    /// The options in a line, as an index remembers how it was made. It begins with the version of the
    /// cutting itself.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("3 max_tokens={} overlap_tokens={}", self.max_tokens, self.overlap_tokens)
    }

    /// The options that [`Self::describe`] wrote, of whatever version of the cutting.
    #[must_use]
    pub fn parse(description: &str) -> Option<Self> {
        let (_, options) = description.split_once(" max_tokens=")?;
        let (max_tokens, overlap_tokens) = options.split_once(" overlap_tokens=")?;
        Some(Self { max_tokens: max_tokens.parse().ok()?, overlap_tokens: overlap_tokens.parse().ok()? })
    }
}

/// Cuts documents with the embedding model's own tokenizer.
pub struct Chunker {
    tokenizer: Tokenizer,
    options: ChunkOptions,
}

impl Chunker {
    /// Loads the tokenizer (`tokenizer.json`) of the embedding model.
    ///
    /// # Errors
    /// [`Code::ModelMissing`] and [`Code::ModelDamaged`].
    pub fn new(tokenizer: &Path, options: ChunkOptions) -> Result<Self> {
        Ok(Self { tokenizer: tokens::load(tokenizer)?, options })
    }

    /// A title that leaves room for the text: it stands before every chunk that is embedded, and so may what the
    /// name of the file at `uri` says.
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub fn fit_title(&self, uri: &str, title: &str) -> Result<String> {
        let budget = self.options.max_tokens / 4;
        let title = tokens::shortened(&self.tokenizer, title, budget)?;
        match self.name_tokens(uri, &title)? {
            0 => Ok(title),
            // A name takes at most half of the title's share.
            name => tokens::shortened(&self.tokenizer, &title, budget - name.min(budget / 2)),
        }
    }

    /// The tokens of what the file's name says, with the separator after it.
    fn name_tokens(&self, uri: &str, title: &str) -> Result<usize> {
        said_by_name(uri, title).map_or(Ok(0), |name| Ok(self.count(&name)? + 1))
    }

    /// The chunks of `document` in order. The text of each is `document.text[span]`, and what is embedded
    /// of it has at most `max_tokens` tokens (a few more where a word had to be cut).
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub fn chunk(&self, document: &Document) -> Result<Vec<Chunk>> {
        let index = TokenIndex::new(&self.tokenizer, &document.text)?;
        let mut maker = Maker { document, index: &index, occurrences: HashMap::new(), chunks: Vec::new() };
        let syntax = Syntax::of(&document.media_type);
        let overlap = self.options.overlap_tokens;
        let splitter = Splitter { text: &document.text, index: &index, overlap, syntax: &syntax };
        let title_tokens = self.count(&document.title)? + self.name_tokens(&document.uri, &document.title)?;
        for section in sections(document, MIN_TOKENS, |span| index.count(span)) {
            let (path, path_tokens) = self.fit_path(&section.path)?;
            let prefix = SPECIAL_TOKENS + title_tokens + path_tokens;
            let room = self.options.max_tokens.saturating_sub(prefix).max(SMALLEST_MAX_TOKENS / 2);
            for span in splitter.split(&section, room) {
                maker.add(span, &path);
            }
        }
        Ok(maker.chunks)
    }

    fn count(&self, text: &str) -> Result<usize> {
        Ok(tokens::offsets(&self.tokenizer, text)?.len())
    }

    /// The innermost headings of `path` that fit a quarter of a chunk, and their tokens with separators.
    fn fit_path(&self, path: &[String]) -> Result<(Vec<String>, usize)> {
        let budget = self.options.max_tokens / 4;
        let (mut kept, mut used) = (Vec::new(), 0);
        for heading in path.iter().rev() {
            let heading = tokens::shortened(&self.tokenizer, heading, budget / 2)?;
            let tokens = self.count(&heading)? + 1;
            if used + tokens > budget {
                break;
            }
            used += tokens;
            kept.push(heading);
        }
        kept.reverse();
        Ok((kept, used))
    }
}

/// Turns spans into chunks with stable ids.
struct Maker<'a> {
    document: &'a Document,
    index: &'a TokenIndex,
    /// How often each content was met: equal paragraphs stay apart.
    occurrences: HashMap<String, usize>,
    chunks: Vec<Chunk>,
}

impl Maker<'_> {
    fn add(&mut self, span: Span, path: &[String]) {
        let document = self.document;
        let Some(text) = span.of(&document.text) else { return };
        let mut chunk = Chunk {
            id: ChunkId::of(document.id, "", 0),
            document: document.id,
            ordinal: u32::try_from(self.chunks.len()).unwrap_or(u32::MAX),
            span,
            text: text.to_owned(),
            heading_path: path.to_vec(),
            pages: document.pages_of(span),
            tokens: u32::try_from(self.index.count(span)).unwrap_or(u32::MAX),
        };
        let hash = sha256_hex(chunk.embedded_as(&document.uri, &document.title).as_bytes());
        let seen = self.occurrences.entry(hash.clone()).or_default();
        chunk.id = ChunkId::of(document.id, &hash, *seen);
        *seen += 1;
        self.chunks.push(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::tokenizer_path;
    use crate::section::tests::document;
    use proptest::prelude::*;

    fn chunker(max_tokens: usize, overlap_tokens: usize) -> Chunker {
        Chunker::new(&tokenizer_path(), ChunkOptions { max_tokens, overlap_tokens }).unwrap()
    }

    fn embedded_tokens(chunker: &Chunker, document: &Document, chunk: &Chunk) -> usize {
        chunker.tokenizer.encode_fast(chunk.embedded_as(&document.uri, &document.title), true).unwrap().len()
    }

    #[test]
    fn options_are_read_back_from_what_an_index_remembers() {
        let options = ChunkOptions { max_tokens: 120, overlap_tokens: 7 };
        assert_eq!(ChunkOptions::parse(&options.describe()), Some(options));
        assert_eq!(ChunkOptions::parse("something else"), None);
    }

    #[test]
    fn options_are_checked_against_the_model() {
        let check = |max_tokens, overlap_tokens| ChunkOptions { max_tokens, overlap_tokens }.check(256);
        assert!(check(200, 50).is_ok());
        for (bad, setting) in [(check(300, 0), "max_tokens"), (check(8, 0), "max_tokens"), (check(100, 26), "overlap")]
        {
            let error = bad.unwrap_err();
            assert_eq!(error.code(), Code::SettingsInvalid);
            assert!(error.message().contains(setting), "{error}");
        }
    }

    #[test]
    fn model_a_long_section_becomes_even_chunks_that_begin_with_its_heading() {
        let chunker = chunker(64, 0);
        let sentence = "The quick brown fox jumps over the lazy dog near the river. ";
        let document = document(&format!("#Guide\n##Setup\n{}\n##Short\nfew words\n", sentence.repeat(10)));
        let chunks = chunker.chunk(&document).unwrap();
        assert!(chunks[0].text.starts_with("Guide\nSetup\nThe quick"), "{}", chunks[0].text);
        assert_eq!(chunks[0].heading_path, ["Guide", "Setup"]);
        assert_eq!(chunks.last().unwrap().heading_path, ["Guide", "Short"]);
        let long: Vec<u32> = chunks[..chunks.len() - 1].iter().map(|chunk| chunk.tokens).collect();
        assert!(long.iter().all(|&tokens| tokens > 20), "{long:?}");
        for chunk in &chunks {
            assert!(embedded_tokens(&chunker, &document, chunk) <= 64);
            assert!(chunk.text.ends_with('.') || chunk.text.ends_with("words"), "sentences stay whole: {}", chunk.text);
        }
    }

    #[test]
    fn model_a_changed_paragraph_changes_only_its_chunk() {
        let chunker = chunker(64, 0);
        let body =
            |word: &str| format!("{word} is what this paragraph of the document is about, at some length. ").repeat(3);
        let make = |middle: &str| {
            let lines = format!("#A\n{}\n#B\n{}\n#C\n{}\n", body("one"), body(middle), body("three"));
            chunker.chunk(&document(&lines)).unwrap().into_iter().map(|chunk| chunk.id).collect::<Vec<_>>()
        };
        let (before, after) = (make("two"), make("other"));
        assert_eq!(before.len(), 3);
        assert_eq!([before[0], before[2]], [after[0], after[2]]);
        assert_ne!(before[1], after[1]);
    }

    #[test]
    fn model_equal_sections_keep_apart_and_long_titles_leave_room() {
        let chunker = chunker(64, 0);
        let body = "The same forty words again and again in this paragraph. ".repeat(4);
        let mut document = document(&format!("#{0}\n{body}\n#{0}\n{body}\n", "very long heading ".repeat(40)));
        document.uri = "file:///docs/annual_report_of_the_northern_branch_2018.md".into();
        document.title = chunker.fit_title(&document.uri, &"endless title ".repeat(50)).unwrap();
        assert!(document.title.ends_with('…') && document.title.len() < 120);
        let chunks = chunker.chunk(&document).unwrap();
        let mut ids: Vec<_> = chunks.iter().map(|chunk| chunk.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), chunks.len());
        for chunk in &chunks {
            assert!(embedded_tokens(&chunker, &document, chunk) <= 64);
        }
    }

    #[test]
    fn model_a_word_without_end_is_cut() {
        let chunker = chunker(200, 0);
        let document = document(&format!("words before {} and after", "QUJD".repeat(5_000)));
        let chunks = chunker.chunk(&document).unwrap();
        assert!(chunks.len() > 10 && chunks.iter().all(|chunk| chunk.text.len() < 1_000));
        for chunk in &chunks {
            assert!(embedded_tokens(&chunker, &document, chunk) <= 256);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn model_chunks_are_cut_from_the_text_and_fit(
            lines in proptest::collection::vec("(#|##|)(\\PC{0,60}|[a-zé .,\u{4e2d}\u{1f600}]{0,200})", 0..12),
            overlap in 0usize..12,
        ) {
            let chunker = chunker(48, overlap);
            let mut document = document("");
            for line in &lines {
                let start = document.text.len();
                let title = line.trim_start_matches('#');
                document.text.push_str(title);
                if line.starts_with('#') {
                    let level = u8::try_from((line.len() - title.len()).min(6)).unwrap();
                    document.headings.push(footnote_core::document::Heading { level, span: Span::new(start, document.text.len()) });
                }
                document.text.push('\n');
            }
            let chunks = chunker.chunk(&document).unwrap();
            let mut covered = vec![false; document.text.len()];
            for (ordinal, chunk) in chunks.iter().enumerate() {
                prop_assert_eq!(chunk.span.of(&document.text), Some(chunk.text.as_str()));
                prop_assert_eq!(chunk.ordinal as usize, ordinal);
                prop_assert!(!chunk.text.trim().is_empty());
                // A word that is cut in two may become more tokens than it was.
                prop_assert!(embedded_tokens(&chunker, &document, chunk) <= 48 + 8);
                covered[chunk.span.start..chunk.span.end].fill(true);
            }
            for (at, c) in document.text.char_indices() {
                prop_assert!(covered[at] || c.is_whitespace(), "lost {c:?} at {at}");
            }
        }
    }
}
