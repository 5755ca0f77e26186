//! BM25 in sparse vectors, for a store that knows only dot products.
//!
//! Score of a document for a question (Robertson and Zaragoza 2009, as Lucene and tantivy have it):
//!
//! ```text
//! Σ idf(t) · tf·(k1 + 1) / (tf + k1·(1 − b + b·length/mean))        idf = ln(1 + (N − n + 0.5)/(n + 0.5))
//! ```
//!
//! A document's vector holds all but the idf, by the term's hash. The idf comes in when a question is asked: the store
//! multiplies with it (Qdrant: `modifier = idf`, the same formula), or the question's vector carries it.

use std::collections::BTreeMap;

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// The dimension of documents without any term. No term has it, so that nobody asks for it; but the vector is there,
/// and the document counts.
const NO_TERM: u32 = u32::MAX;

/// A sparse vector: dimensions, each once, with their values.
pub(super) type Sparse = Vec<(u32, f32)>;

/// The vector of a document with these terms, in a collection whose documents have `mean` terms on average.
pub(super) fn document(terms: &[String], mean: f32) -> Sparse {
    if terms.is_empty() {
        return vec![(NO_TERM, 1.0)];
    }
    let norm = K1 * (1.0 - B + B * kept_length(terms.len()) as f32 / mean.max(1.0));
    let mut counts: BTreeMap<u32, f32> = BTreeMap::new();
    for term in terms {
        *counts.entry(dimension(term)).or_default() += 1.0;
    }
    counts.into_iter().map(|(dimension, count)| (dimension, count * (K1 + 1.0) / (count + norm))).collect()
}

/// The vector of a question.
pub(super) fn question(terms: &[String]) -> Sparse {
    let mut weights: BTreeMap<u32, f32> = BTreeMap::new();
    for term in terms {
        *weights.entry(dimension(term)).or_default() += 1.0;
    }
    weights.into_iter().collect()
}

/// The inverse document frequency of a term that stands in `with` of `documents`.
pub(super) fn idf(documents: f32, with: f32) -> f32 {
    // Counts that are a little old may name more than there are.
    (1.0 + ((documents - with).max(0.0) + 0.5) / (with + 0.5)).ln()
}

/// A document's length as Lucene and tantivy keep it, in a byte: exact up to 40, then with four significant bits.
/// The formula is that of Lucene's `SmallFloat.intToByte4`.
fn kept_length(length: usize) -> usize {
    /// Values that the byte has left for the smallest lengths.
    const FREE: usize = 24;
    let above = length.saturating_sub(FREE);
    let bits = usize::BITS - above.leading_zeros();
    let shift = bits.saturating_sub(4);
    if above == 0 { length } else { FREE + ((above >> shift) << shift) }
}

/// The dimension of a term: terms that share one (of 100,000, one pair in expectation) count as one term.
fn dimension(term: &str) -> u32 {
    match murmur3(term.as_bytes()) {
        NO_TERM => 0,
        hash => hash,
    }
}

/// MurmurHash3 for 32 bits (Appleby 2011), seed 0. It is stored, so it must never change.
fn murmur3(bytes: &[u8]) -> u32 {
    let scrambled = |word: u32| word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let mut hash = 0_u32;
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        hash ^= scrambled(u32::from_le_bytes(*word));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    if !rest.is_empty() {
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        hash ^= scrambled(u32::from_le_bytes(last));
    }
    hash ^= bytes.len() as u32;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use ::tantivy::fieldnorm::FieldNormReader;

    use super::*;

    fn terms(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_hash_is_murmur3() {
        // Of the reference implementation.
        let known = [("", 0), ("test", 0xba6b_d213), ("Hello, world!", 0xc036_3e43)];
        for (text, hash) in known {
            assert_eq!(murmur3(text.as_bytes()), hash, "{text}");
        }
        assert_eq!(murmur3(b"The quick brown fox jumps over the lazy dog"), 0x2e4f_f723);
    }

    #[test]
    fn lengths_are_kept_as_tantivy_keeps_them() {
        for length in (0..3_000).chain([65_535, 1_000_000]) {
            let id = FieldNormReader::fieldnorm_to_id(length);
            assert_eq!(kept_length(length as usize), FieldNormReader::id_to_fieldnorm(id) as usize, "{length}");
        }
    }

    #[test]
    fn a_term_weighs_more_the_more_often_it_stands_in_a_shorter_document() {
        let weight = |text: &str| {
            let of_llama = dimension("llama");
            document(&terms(text), 4.0).into_iter().find(|(dimension, _)| *dimension == of_llama).unwrap().1
        };
        // tf 1, length = mean: 2.2 / (1 + 1.2).
        assert!((weight("llama a b c") - 1.0).abs() < 1e-6);
        assert!(weight("llama llama b c") > weight("llama a b c"));
        assert!(weight("llama a b c") > weight("llama a b c d e f g"));
        assert!(weight(&"llama ".repeat(10_000)) < 2.2);
    }

    #[test]
    fn a_document_without_terms_has_a_vector_that_no_question_meets() {
        assert_eq!(document(&[], 10.0), [(NO_TERM, 1.0)]);
        assert!(question(&[]).is_empty());
        assert_ne!(dimension("x"), NO_TERM);
    }

    #[test]
    fn terms_of_one_dimension_add_up() {
        assert_eq!(question(&terms("a b a")).iter().map(|(_, weight)| weight).sum::<f32>(), 3.0);
        let vector = document(&terms("b a c"), 3.0);
        assert!(vector.is_sorted_by(|a, b| a.0 < b.0));
    }
}
