//! The unit that is embedded, indexed and retrieved.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::document::{DocumentId, PageRange};
use crate::source::file_of_uri;
use crate::span::Span;

/// The longest that a file's name may be where it is embedded; a longer one is cut after a word. Bytes: no tokenizer
/// makes more tokens of it.
pub const MAX_NAME_BYTES: usize = 48;

/// Shorter names of hexadecimal digits alone may be words or years; longer ones are codes.
const SHORTEST_CODE: usize = 8;

/// A chunk's id: UUIDv5 of its document, the hash of its content and its occurrence, so that a
/// changed paragraph changes only its own chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChunkId(pub Uuid);

impl ChunkId {
    /// The id of the `occurrence`-th chunk (from 0) of `document` whose embedded content hashes to
    /// `content_hash`.
    #[must_use]
    pub fn of(document: DocumentId, content_hash: &str, occurrence: usize) -> Self {
        Self(Uuid::new_v5(&document.0, format!("{content_hash}\0{occurrence}").as_bytes()))
    }
}

impl std::fmt::Display for ChunkId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What an embedding model reads of a chunk, as the first 16 bytes of its SHA-256: chunks of one content have one
/// vector, wherever they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 16]);

/// A chunk of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// See [`ChunkId::of`].
    pub id: ChunkId,
    /// The document it was cut from.
    pub document: DocumentId,
    /// Its place among the document's chunks, from 0.
    pub ordinal: u32,
    /// Where it stands in the canonical text.
    pub span: Span,
    /// Its text: always `document.text[span]`.
    pub text: String,
    /// Titles of the sections around it, outermost first. Embedded with it, never quoted.
    pub heading_path: Vec<String>,
    /// The pages it touches.
    pub pages: Option<PageRange>,
    /// Its length in tokens of the embedding model.
    pub tokens: u32,
}

impl Chunk {
    /// The chunk under the document's title and its heading path.
    ///
    /// A heading equal to the title is not said twice.
    #[must_use]
    pub fn embedded_text(&self, title: &str) -> String {
        self.under(None, title)
    }

    /// What the embedding model reads when the chunk is indexed: what the file's name says ([`said_by_name`]), the
    /// title, the heading path and the text.
    #[must_use]
    pub fn embedded_as(&self, uri: &str, title: &str) -> String {
        self.under(said_by_name(uri, title).as_deref(), title)
    }

    fn under(&self, name: Option<&str>, title: &str) -> String {
        let mut parts: Vec<&str> = Vec::with_capacity(self.heading_path.len() + 2);
        parts.extend(name);
        parts.push(title);
        parts.extend(self.heading_path.iter().map(String::as_str).filter(|heading| *heading != title));
        parts.retain(|part| !part.is_empty());
        if parts.is_empty() {
            return self.text.clone();
        }
        format!("{}\n{}", parts.join(" > "), self.text)
    }
}

/// The words of a file's name, where its title lacks one of them: `AMD 2016 10K` for `AMD_2016_10K.pdf` whose title is
/// "FORM 10-K". A reader may know a document by nothing else. Names that are codes say nothing: numbers, hashes,
/// UUIDs; nor do single letters. Only files have names.
#[must_use]
pub fn said_by_name(uri: &str, title: &str) -> Option<String> {
    let path = file_of_uri(uri)?;
    let stem = path.file_stem()?.to_str()?;
    if is_code(stem) {
        return None;
    }
    let known: HashSet<String> = parts(title).map(str::to_lowercase).collect();
    let (mut name, mut is_new) = (String::new(), false);
    for part in parts(stem) {
        if name.len() + 1 + part.len() > MAX_NAME_BYTES {
            break;
        }
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(part);
        is_new |= part.chars().nth(1).is_some() && !known.contains(&part.to_lowercase());
    }
    is_new.then_some(name)
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty())
}

fn is_code(stem: &str) -> bool {
    let signs = || stem.chars().filter(|c| c.is_alphanumeric());
    let has_digit = signs().any(|c| c.is_ascii_digit());
    let hexadecimal = has_digit && signs().all(|c| c.is_ascii_hexdigit()) && signs().count() >= SHORTEST_CODE;
    hexadecimal || signs().all(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_said_where_the_title_lacks_it() {
        let said = |uri: &str, title: &str| said_by_name(&format!("file:///docs/{uri}"), title);
        assert_eq!(said("AMD_2016_10K.pdf", "FORM 10-K").as_deref(), Some("AMD 2016 10K"));
        assert_eq!(said("pack.zip!/hr/annual-report.md", "Figures").as_deref(), Some("annual report"));
        for (uri, title) in [
            ("guide.md", "The Guide"),
            ("AMD_2016_10K.pdf", "AMD_2016_10K"),
            ("annual-report-2018.md", "Annual report (2018)"),
            ("4983.txt", "T"),
            ("2024-05-01.md", "Monday"),
            ("3f2a9c1d0b.md", "T"),
            ("9b0c1f6e-52a4-5e0b-8f0e-6b1d5f007e01.pdf", "T"),
            ("a.md", "T"),
            ("___.md", "T"),
        ] {
            assert_eq!(said(uri, title), None, "{uri}");
        }
        assert_eq!(said_by_name("scifact:annual-report", "T"), None, "a text of a data set has no file");
    }

    #[test]
    fn a_long_name_is_cut_after_a_word() {
        let name = said_by_name(&format!("file:///{}.md", "many_words_".repeat(20)), "T").unwrap();
        assert!(name.len() <= MAX_NAME_BYTES && "many words ".repeat(20).starts_with(&name), "{name}");
        assert_eq!(said_by_name(&format!("file:///{}.md", "x".repeat(200)), "T"), None);
    }

    #[test]
    fn equal_paragraphs_of_one_document_stay_two_chunks() {
        let document = DocumentId::of("c", "u");
        assert_ne!(ChunkId::of(document, "h", 0), ChunkId::of(document, "h", 1));
    }

    #[test]
    fn the_title_is_embedded_once() {
        let document = DocumentId::of("c", "u");
        let chunk = Chunk {
            id: ChunkId::of(document, "h", 0),
            document,
            ordinal: 0,
            span: Span::new(0, 4),
            text: "body".into(),
            heading_path: vec!["Guide".into(), "Setup".into()],
            pages: None,
            tokens: 1,
        };
        assert_eq!(chunk.embedded_text("Guide"), "Guide > Setup\nbody");
        assert_eq!(chunk.embedded_as("file:///guide.md", "Guide"), "Guide > Setup\nbody");
        assert_eq!(chunk.embedded_as("file:///intro_2018.md", "Guide"), "intro 2018 > Guide > Setup\nbody");
    }
}
