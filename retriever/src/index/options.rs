//! How vectors are kept and searched: the same settings for both stores.

/// How vectors are kept and searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VectorOptions {
    /// Whether searches compare smaller copies of the vectors first.
    pub quantization: Quantization,
    /// Whether what the smaller copies propose is compared again with the vectors themselves.
    pub rescore: bool,
    /// Times as many candidates as asked for that the smaller copies propose, at least 1.
    pub oversampling: f64,
    /// Whether vectors (not their smaller copies) are read from disk instead of held in memory.
    pub on_disk: bool,
    /// Edges of each vector in the graph.
    pub hnsw_m: usize,
    /// Candidates that are looked at for each edge while the graph is built.
    pub hnsw_ef_construct: usize,
    /// Candidates that a search keeps in the graph; at least twice the number of hits asked for.
    pub hnsw_ef: usize,
    /// Vectors of a segment above this many kilobytes are found through a graph; below, all are compared, which is
    /// exact.
    pub indexing_threshold_kb: usize,
}

/// Smaller copies of vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantization {
    /// None.
    None,
    /// A byte per dimension instead of four.
    Scalar,
    /// A bit per dimension: for vectors of 1,000 dimensions and more.
    Binary,
}

impl Default for VectorOptions {
    fn default() -> Self {
        Self {
            quantization: Quantization::None,
            rescore: true,
            oversampling: 2.0,
            on_disk: false,
            hnsw_m: 16,
            hnsw_ef_construct: 100,
            // Well above the 100 candidates that a question asks for.
            hnsw_ef: 256,
            // 20 MB are 13,000 vectors of 384.
            indexing_threshold_kb: 20_000,
        }
    }
}

impl VectorOptions {
    /// Candidates that a search for `limit` hits keeps in the graph.
    pub(super) fn candidates(&self, limit: usize) -> usize {
        self.hnsw_ef.max(limit * 2)
    }
}
