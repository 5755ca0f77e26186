//! What is kept of a chunk: its terms, its facts and numbers for filters, and its id.

use std::collections::BTreeMap;

use ::tantivy::schema::{
    FAST, Field, IndexRecordOption, JsonObjectOptions, OwnedValue, STRING, Schema, TextFieldIndexing, TextOptions,
};
use ::tantivy::tokenizer::TextAnalyzer;
use ::tantivy::{Index, SegmentReader, TantivyDocument, Term};
use footnote_core::ChunkId;
use footnote_core::seam::KeywordEntry;
use uuid::Uuid;

use crate::index::terms::entry_terms;
use crate::words;

/// The analyzer's name in the index's schema. Other terms or weights need a new name: an index made with the old ones
/// is then refused instead of searched wrongly.
const ANALYZER: &str = "footnote-terms-2";
/// The fact that names a document's language.
const LANGUAGE: &str = "language=";

#[derive(Clone, Copy)]
pub(super) struct Fields {
    /// The chunk's id, to be deleted and found by.
    pub(super) chunk: Field,
    /// Its two halves, to be read without unpacking a document.
    high: Field,
    low: Field,
    /// Its terms, and those of its title, headings and place.
    pub(super) terms: Field,
    pub(super) facts: Field,
    pub(super) numbers: Field,
}

impl Fields {
    pub(super) fn schema() -> (Schema, Self) {
        // No positions: there are no phrase queries.
        let terms = TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(IndexRecordOption::WithFreqs);
        let mut schema = Schema::builder();
        let fields = Self {
            chunk: schema.add_text_field("chunk", STRING),
            high: schema.add_u64_field("chunk_high", FAST),
            low: schema.add_u64_field("chunk_low", FAST),
            terms: schema.add_text_field("terms", TextOptions::default().set_indexing_options(terms)),
            facts: schema.add_text_field("facts", STRING),
            numbers: schema.add_json_field("numbers", JsonObjectOptions::default().set_fast("raw")),
        };
        (schema.build(), fields)
    }

    /// Lets `index` read terms that were made already.
    pub(super) fn register(index: &Index) {
        index.tokenizers().register(ANALYZER, TextAnalyzer::builder(words::GivenTerms).build());
    }

    pub(super) fn chunk_term(self, chunk: ChunkId) -> Term {
        Term::from_field_text(self.chunk, &chunk.to_string())
    }

    pub(super) fn document_of(self, entry: &KeywordEntry) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        let (high, low) = entry.chunk.0.as_u64_pair();
        document.add_text(self.chunk, entry.chunk.to_string());
        document.add_u64(self.high, high);
        document.add_u64(self.low, low);
        document.add_text(self.terms, words::joined(&entry_terms(entry)));
        for fact in &entry.facts.words {
            document.add_text(self.facts, fact);
        }
        let numbers: BTreeMap<String, OwnedValue> = entry
            .facts
            .numbers
            .iter()
            .map(|(field, values)| {
                (number_key(field), OwnedValue::Array(values.iter().map(|value| OwnedValue::F64(*value)).collect()))
            })
            .collect();
        document.add_object(self.numbers, numbers);
        document
    }
}

/// A field's name as the numbers keep it: a dot would be a step into an object, and a backslash would escape.
pub(super) fn number_key(field: &str) -> String {
    field.replace('%', "%25").replace('.', "%2E").replace('\\', "%5C")
}

/// The ids of a segment's documents.
pub(super) struct Ids {
    high: ::tantivy::columnar::Column<u64>,
    low: ::tantivy::columnar::Column<u64>,
}

impl Ids {
    pub(super) fn of(segment: &SegmentReader) -> ::tantivy::Result<Self> {
        let fast = segment.fast_fields();
        Ok(Self { high: fast.u64("chunk_high")?, low: fast.u64("chunk_low")? })
    }

    pub(super) fn chunk(&self, document: u32) -> Option<ChunkId> {
        Some(ChunkId(Uuid::from_u64_pair(self.high.first(document)?, self.low.first(document)?)))
    }
}

/// The languages that documents of the index are in; [`words::UNTOLD`] among them where one is in none.
pub(super) fn languages(searcher: &::tantivy::Searcher, fields: Fields) -> ::tantivy::Result<Vec<String>> {
    let (mut found, told) = (Vec::new(), Term::from_field_text(fields.facts, "has=language"));
    if searcher.doc_freq(&told)? < searcher.num_docs() {
        found.push(words::UNTOLD.to_owned());
    }
    for segment in searcher.segment_readers() {
        let facts = segment.inverted_index(fields.facts)?;
        // All that begin so: `>` is the character after `=`.
        let mut stream = facts.terms().range().ge(LANGUAGE).lt("language>").into_stream()?;
        while stream.advance() {
            let language = std::str::from_utf8(stream.key()).ok().and_then(|fact| fact.strip_prefix(LANGUAGE));
            found.extend(language.map(str::to_owned));
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
