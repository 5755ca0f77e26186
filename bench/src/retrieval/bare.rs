//! Each leg alone, through its own library: no seam, no catalog, no async.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use footnote_core::ChunkId;
use footnote_retriever::index::options::Quantization;
use footnote_retriever::{VectorOptions, words};
use qdrant_edge::{
    Condition, EdgeShard, FieldCondition, Filter, JsonPath, Match, MatchValue, NamedQuery, PointId,
    QuantizationSearchParams, QueryEnum, QueryRequest, ScoringQuery, SearchParams, ValueVariants, WithPayloadInterface,
    WithVector,
};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Index, IndexReader, Term};

use super::source::RealQuestion;

/// Chunks that a leg proposes: the product's default.
pub(super) const CANDIDATES: usize = 100;

/// Milliseconds of each question, and what the vector leg found.
pub(super) struct Leg {
    pub(super) ms: Vec<f64>,
    pub(super) found: Vec<Vec<ChunkId>>,
}

/// qdrant-edge's own search, with what `options` say of it. `exact` compares all vectors, none of them quantized.
pub(super) fn vectors(
    folder: &Path,
    questions: &[RealQuestion],
    tag: Option<&str>,
    options: VectorOptions,
    exact: bool,
) -> Result<Leg> {
    let quantization = (options.quantization != Quantization::None).then_some(QuantizationSearchParams {
        ignore: exact,
        rescore: Some(options.rescore),
        oversampling: Some(options.oversampling),
    });
    let params = SearchParams { hnsw_ef: Some(options.hnsw_ef), exact, quantization, ..SearchParams::default() };
    let shard = EdgeShard::load(&folder.join("vectors"), None).map_err(|error| anyhow!("{error}"))?;
    let mut leg = Leg { ms: Vec::new(), found: Vec::new() };
    for question in questions {
        let request = QueryRequest {
            prefetches: Vec::new(),
            query: Some(ScoringQuery::Vector(QueryEnum::Nearest(NamedQuery::default_dense(question.vector.clone())))),
            filter: tag.map(of_tag).transpose()?,
            score_threshold: None,
            limit: CANDIDATES,
            offset: 0,
            params: Some(params),
            with_vector: WithVector::Bool(false),
            with_payload: WithPayloadInterface::Bool(false),
        };
        let started = Instant::now();
        let found = shard.query(request).map_err(|error| anyhow!("{error}"))?;
        leg.ms.push(started.elapsed().as_secs_f64() * 1e3);
        let ids = found.into_iter().filter_map(|point| match point.id {
            PointId::Uuid(id) => Some(ChunkId(id)),
            PointId::NumId(_) => None,
        });
        leg.found.push(ids.collect());
    }
    Ok(leg)
}

fn of_tag(tag: &str) -> Result<Filter> {
    let path: JsonPath = "facts".parse().map_err(|()| anyhow!("no path"))?;
    let value = Match::Value(MatchValue { value: ValueVariants::String(format!("tags={tag}")) });
    Ok(Filter::new_must(Condition::Field(FieldCondition::new_match(path, value))))
}

/// tantivy's own search over the same terms.
pub(super) fn keyword(folder: &Path, questions: &[RealQuestion], tag: Option<&str>) -> Result<Leg> {
    let index = Index::open_in_dir(folder.join("keyword"))?;
    let reader: IndexReader = index.reader()?;
    let (terms, facts) = (index.schema().get_field("terms")?, index.schema().get_field("facts")?);
    let searcher = reader.searcher();
    let mut leg = Leg { ms: Vec::new(), found: Vec::new() };
    for question in questions {
        let started = Instant::now();
        let clauses = words::query_terms(&question.text, &["en"]).into_iter().flatten().map(|term| {
            let query = TermQuery::new(Term::from_field_text(terms, &term), IndexRecordOption::WithFreqs);
            (Occur::Should, Box::new(query) as Box<dyn Query>)
        });
        let mut query: Box<dyn Query> = Box::new(BooleanQuery::new(clauses.collect()));
        if let Some(tag) = tag {
            let fits = TermQuery::new(Term::from_field_text(facts, &format!("tags={tag}")), IndexRecordOption::Basic);
            let fits = Box::new(ConstScoreQuery::new(Box::new(fits), 0.0)) as Box<dyn Query>;
            query = Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::Must, fits)]));
        }
        let found = searcher.search(&query, &TopDocs::with_limit(CANDIDATES).order_by_score())?;
        leg.ms.push(started.elapsed().as_secs_f64() * 1e3);
        std::hint::black_box(found.first().context("a question without a hit").ok());
    }
    Ok(leg)
}
