//! How a collection is made.

use qdrant_client::qdrant::{
    BinaryQuantizationBuilder, CreateCollection, CreateCollectionBuilder, Distance, HnswConfigDiffBuilder, Modifier,
    OptimizersConfigDiffBuilder, QuantizationType, ScalarQuantizationBuilder, SparseVectorParamsBuilder,
    SparseVectorsConfigBuilder, VectorParamsBuilder, VectorsConfigBuilder, quantization_config,
};

use super::super::options::Quantization;
use super::{MEANING, QdrantOptions, WORDS};

/// The request that makes the collection `name` for vectors of length `dimension`.
pub(super) fn creation(name: &str, dimension: usize, options: &QdrantOptions) -> CreateCollection {
    let vectors = &options.vectors;
    let graph = HnswConfigDiffBuilder::default()
        .m(vectors.hnsw_m as u64)
        .ef_construct(vectors.hnsw_ef_construct as u64)
        .on_disk(vectors.on_disk);
    let mut meaning = VectorParamsBuilder::new(dimension as u64, Distance::Cosine).on_disk(vectors.on_disk);
    if let Some(quantization) = quantization(vectors.quantization) {
        meaning = meaning.quantization_config(quantization);
    }
    let mut dense = VectorsConfigBuilder::default();
    dense.add_named_vector_params(MEANING, meaning);
    let mut words = SparseVectorsConfigBuilder::default();
    words.add_named_vector_params(
        WORDS,
        match options.shards {
            1 => SparseVectorParamsBuilder::default().modifier(Modifier::Idf),
            // The server's IDF is a shard's: see `counts`.
            _ => SparseVectorParamsBuilder::default(),
        },
    );
    CreateCollectionBuilder::new(name)
        .vectors_config(dense)
        .sparse_vectors_config(words)
        .hnsw_config(graph)
        .optimizers_config(
            OptimizersConfigDiffBuilder::default().indexing_threshold(vectors.indexing_threshold_kb as u64),
        )
        .shard_number(options.shards)
        .replication_factor(options.replication_factor)
        .write_consistency_factor(options.write_consistency)
        // Payloads are read by filters on fields without an index only.
        .on_disk_payload(true)
        .build()
}

/// The smaller copies are there to be fast: they stay in memory.
fn quantization(kind: Quantization) -> Option<quantization_config::Quantization> {
    match kind {
        Quantization::None => None,
        Quantization::Scalar => Some(
            ScalarQuantizationBuilder::default()
                .r#type(QuantizationType::Int8 as i32)
                .quantile(0.99)
                .always_ram(true)
                .build()
                .into(),
        ),
        Quantization::Binary => Some(BinaryQuantizationBuilder::new(true).build().into()),
    }
}
