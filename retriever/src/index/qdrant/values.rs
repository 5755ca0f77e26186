//! Ids and vectors between footnote's types and Qdrant's.

use footnote_core::ChunkId;
use qdrant_client::Payload;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::vector::Vector as Kind;
use qdrant_client::qdrant::vectors_output::VectorsOptions;
use qdrant_client::qdrant::{DenseVector, PointId, SparseVector, Vector, VectorsOutput, vector_output};

use super::super::bm25::Sparse;
use super::{MEANING, WORDS};

pub(super) fn point_id(chunk: ChunkId) -> PointId {
    PointId::from(chunk.to_string())
}

/// Points are only ever written under the id of a chunk.
pub(super) fn chunk_of(id: Option<PointId>) -> Option<ChunkId> {
    match id?.point_id_options? {
        PointIdOptions::Uuid(uuid) => uuid.parse().ok().map(ChunkId),
        PointIdOptions::Num(_) => None,
    }
}

pub(super) fn dense(data: Vec<f32>) -> Vector {
    Vector { vector: Some(Kind::Dense(DenseVector { data })), ..Vector::default() }
}

pub(super) fn sparse(sparse: &Sparse) -> Vector {
    let (indices, values) = sparse.iter().copied().unzip();
    Vector { vector: Some(Kind::Sparse(SparseVector { indices, values })), ..Vector::default() }
}

/// The dense vector of a point.
pub(super) fn meaning(vectors: VectorsOutput) -> Option<Vec<f32>> {
    match named(vectors, MEANING)? {
        vector_output::Vector::Dense(dense) => Some(dense.data),
        _ => None,
    }
}

/// The words of a point.
pub(super) fn words(vectors: VectorsOutput) -> Option<Sparse> {
    sparse_of(vectors, WORDS)
}

/// A sparse vector of a point.
pub(super) fn sparse_of(vectors: VectorsOutput, name: &str) -> Option<Sparse> {
    match named(vectors, name)? {
        vector_output::Vector::Sparse(sparse) => Some(sparse.indices.into_iter().zip(sparse.values).collect()),
        _ => None,
    }
}

fn named(vectors: VectorsOutput, name: &str) -> Option<vector_output::Vector> {
    let VectorsOptions::Vectors(mut named) = vectors.vectors_options? else { return None };
    Some(named.vectors.remove(name)?.into_vector())
}

pub(super) fn payload(map: serde_json::Map<String, serde_json::Value>) -> Payload {
    Payload::from(map)
}
