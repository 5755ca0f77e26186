//! Tokens of the embedding model: where they begin in a text, counted once.

use std::path::Path;

use footnote_core::{Code, Error, Result, Span};
use text_splitter::ChunkSizer;
use tokenizers::Tokenizer;

/// A text is tokenized in pieces of about this many bytes: a tokenizer keeps some twenty bytes of notes per
/// byte of text.
const PIECE_BYTES: usize = 16 * 1024;

/// Longer words are one unknown token to BERT's tokenizer. Should they be cut, their parts are not, so they
/// are counted as a token for every [`LONG_WORD_STEP`] bytes.
const LONG_WORD_BYTES: usize = 100;
const LONG_WORD_STEP: usize = 2;

/// Loads a tokenizer that counts all it is given: without truncation and padding.
///
/// # Errors
/// [`Code::ModelMissing`] and [`Code::ModelDamaged`], naming the file.
pub(crate) fn load(path: &Path) -> Result<Tokenizer> {
    let bytes = fs_err::read(path).map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let error = Error::io(path, error);
        if missing {
            return Error::new(Code::ModelMissing, error.message())
                .hint("get it with `make models` or `footnote models pull`");
        }
        error
    })?;
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| {
        Error::new(Code::ModelDamaged, format!("{}: not a tokenizer: {error}", path.display()))
            .hint("fetch it again with `footnote models pull`")
    })?;
    tokenizer.with_truncation(None).map_err(|error| Error::internal(error.to_string()))?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

/// Byte ranges of the tokens of `text`, special ones left out.
pub(crate) fn offsets(tokenizer: &Tokenizer, text: &str) -> Result<Vec<(usize, usize)>> {
    let encoding =
        tokenizer.encode(text, false).map_err(|error| Error::internal(format!("tokenizing failed: {error}")))?;
    Ok(encoding.get_offsets().to_vec())
}

/// `text`, or as much of its beginning as `budget` tokens hold, cut between words.
pub(crate) fn shortened(tokenizer: &Tokenizer, text: &str, budget: usize) -> Result<String> {
    let tokens = offsets(tokenizer, text)?;
    let Some(&(cut, _)) = tokens.get(budget.saturating_sub(1)) else { return Ok(text.to_owned()) };
    if tokens.len() <= budget {
        return Ok(text.to_owned());
    }
    let kept = text.get(..cut).unwrap_or_default();
    let kept = kept.rfind(char::is_whitespace).map_or(kept, |at| &kept[..at]);
    Ok(format!("{}…", kept.trim_end()))
}

/// Where the tokens of one text begin. Counting those of a part is two binary searches, so that a splitter
/// that asks for many sizes costs one tokenization.
pub(crate) struct TokenIndex {
    starts: Vec<usize>,
}

impl TokenIndex {
    /// Tokenizes `text`.
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub(crate) fn new(tokenizer: &Tokenizer, text: &str) -> Result<Self> {
        let mut starts = Vec::with_capacity(text.len() / 4);
        let mut at = 0;
        while at < text.len() {
            let piece = piece(&text[at..]);
            for (start, end) in offsets(tokenizer, piece)? {
                if end - start <= LONG_WORD_BYTES {
                    starts.push(at + start);
                } else {
                    starts.extend((at + start..at + end).step_by(LONG_WORD_STEP));
                }
            }
            at += piece.len();
        }
        Ok(Self { starts })
    }

    /// An index whose tokens are the words of `text`: for tests that need no model.
    #[cfg(test)]
    pub(crate) fn of_words(text: &str) -> Self {
        let starts = text.split_whitespace().map(|word| word.as_ptr() as usize - text.as_ptr() as usize);
        Self { starts: starts.collect() }
    }

    /// Tokens that begin in `span`.
    pub(crate) fn count(&self, span: Span) -> usize {
        let before = |at: usize| self.starts.partition_point(|&start| start < at);
        before(span.end) - before(span.start)
    }

    /// A sizer for the parts of `text`, which is the text of this index.
    pub(crate) fn sizer<'a>(&'a self, text: &'a str) -> PartSizer<'a> {
        PartSizer { index: self, text }
    }
}

/// The front of `text` that is tokenized at once, ending between words where that is possible.
fn piece(text: &str) -> &str {
    let mut end = PIECE_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    if end == text.len() {
        return text;
    }
    let between = text[..end].rfind(char::is_whitespace).filter(|&at| at > 0);
    &text[..between.unwrap_or(end)]
}

/// Sizes the slices of one text by where they lie in it.
pub(crate) struct PartSizer<'a> {
    index: &'a TokenIndex,
    text: &'a str,
}

impl ChunkSizer for PartSizer<'_> {
    fn size(&self, part: &str) -> usize {
        // The splitter only asks about slices of the text that it was given: the address tells which.
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.index.count(Span::new(start, start + part.len()))
    }
}
