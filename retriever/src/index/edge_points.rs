//! Points as qdrant-edge is asked for them, and as it gives them.

use footnote_core::ChunkId;
use qdrant_edge::{
    DEFAULT_VECTOR_NAME, Filter, NamedQuery, PointId, QueryEnum, QueryRequest, ScoringQuery, SearchParams,
    VectorInternal, VectorStructInternal, WithPayloadInterface, WithVector,
};

/// A search for the `limit` nearest points.
pub(super) fn nearest(vector: Vec<f32>, limit: usize, filter: Option<Filter>, params: SearchParams) -> QueryRequest {
    QueryRequest {
        prefetches: Vec::new(),
        query: Some(ScoringQuery::Vector(QueryEnum::Nearest(NamedQuery::default_dense(vector)))),
        filter,
        score_threshold: None,
        limit,
        offset: 0,
        params: Some(params),
        with_vector: WithVector::Bool(false),
        with_payload: WithPayloadInterface::Bool(false),
    }
}

/// Points are only ever written under the id of a chunk.
pub(super) fn chunk_of(id: PointId) -> Option<ChunkId> {
    match id {
        PointId::Uuid(uuid) => Some(ChunkId(uuid)),
        PointId::NumId(_) => None,
    }
}

/// The vector of a point: the only one, under the default name.
pub(super) fn dense(vector: VectorStructInternal) -> Option<Vec<f32>> {
    match vector {
        VectorStructInternal::Single(vector) => Some(vector),
        VectorStructInternal::Named(mut named) => match named.remove(DEFAULT_VECTOR_NAME)? {
            VectorInternal::Dense(vector) => Some(vector),
            _ => None,
        },
        VectorStructInternal::MultiDense(_) => None,
    }
}
