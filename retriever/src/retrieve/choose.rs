//! The passages that are given: no two that say the same, diverse, neighbours as one.

use std::collections::HashMap;

use footnote_core::{DocumentId, Passage, Result};
use futures::future::try_join_all;

use super::diversity::diverse;
use super::fold::{Said, duplicates};
use super::join::{groups, joined};
use super::legs::Legs;
use super::pool::Pool;
use super::{DIVERSE_FROM, Retriever};

/// What was chosen from a pool, and what became of the others.
pub(super) struct Chosen {
    /// Best first.
    pub(super) passages: Vec<Passage>,
    /// Places in the pool, for each passage: its own first, then those that became a part of it.
    pub(super) groups: Vec<Vec<usize>>,
    /// For each place in the pool, the place that says the same.
    pub(super) duplicate_of: Vec<Option<usize>>,
    /// Places that are no duplicates, before diversity had its say.
    pub(super) distinct: Vec<usize>,
    /// Whether more candidates would change nothing.
    enough: bool,
}

impl Chosen {
    pub(super) fn is_enough(&self) -> bool {
        self.enough
    }
}

impl Retriever {
    /// Chooses `top_k` passages.
    ///
    /// # Errors
    /// When vectors (for diversity) or documents (to join) cannot be read.
    pub(super) async fn choose(&self, pool: &Pool, legs: &Legs, top_k: usize) -> Result<Chosen> {
        let duplicate_of = folded(&pool.passages);
        let distinct: Vec<usize> = (0..pool.passages.len()).filter(|&at| duplicate_of[at].is_none()).collect();
        let order = self.diversified(&distinct, pool, legs, top_k).await?;
        let (groups, passages) = self.joined(&order, pool, top_k).await?;
        let wanted = if self.is_diverse(legs) { top_k.saturating_mul(DIVERSE_FROM) } else { top_k };
        let enough = groups.len() == top_k && distinct.len() >= wanted;
        Ok(Chosen { passages, groups, duplicate_of, distinct, enough })
    }

    /// Without the vector leg nobody knows how alike two passages are.
    fn is_diverse(&self, legs: &Legs) -> bool {
        self.options.diversity > 0.0 && !legs.dense.is_empty()
    }

    async fn diversified(&self, distinct: &[usize], pool: &Pool, legs: &Legs, top_k: usize) -> Result<Vec<usize>> {
        if !self.is_diverse(legs) {
            return Ok(distinct.to_vec());
        }
        let (from, rest) = distinct.split_at(distinct.len().min(top_k.saturating_mul(DIVERSE_FROM)));
        let ids: Vec<_> = from.iter().map(|&at| pool.passages[at].chunk.id).collect();
        let vectors = self.vectors(&ids).await?;
        let first = diverse(&vectors, self.options.diversity).into_iter().map(|at| from[at]);
        Ok(first.chain(rest.iter().copied()).collect())
    }

    /// Joins neighbours, where the documents' texts are as the chunks say; else each chunk is a passage of its own.
    async fn joined(&self, order: &[usize], pool: &Pool, top_k: usize) -> Result<(Vec<Vec<usize>>, Vec<Passage>)> {
        let in_pool = |groups: Vec<Vec<usize>>| -> Vec<Vec<usize>> {
            groups.into_iter().map(|group| group.into_iter().map(|at| order[at]).collect()).collect()
        };
        let chunks: Vec<_> = order.iter().map(|&at| &pool.passages[at].chunk).collect();
        if self.options.join_neighbours {
            let groups = in_pool(groups(&chunks, top_k, true));
            let texts = self.texts(&groups, pool).await?;
            let passages: Option<Vec<Passage>> = groups.iter().map(|group| passage(group, pool, &texts)).collect();
            if let Some(passages) = passages {
                return Ok((groups, passages));
            }
        }
        let groups = in_pool(groups(&chunks, top_k, false));
        let passages = groups.iter().map(|group| pool.passages[group[0]].clone()).collect();
        Ok((groups, passages))
    }

    /// The texts of the documents that have chunks to be joined.
    async fn texts(&self, groups: &[Vec<usize>], pool: &Pool) -> Result<HashMap<DocumentId, String>> {
        let several = groups.iter().filter(|group| group.len() > 1);
        let mut ids: Vec<DocumentId> = several.map(|group| pool.passages[group[0]].document.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let documents = try_join_all(ids.iter().map(|&id| self.parts.catalog.document(id))).await?;
        Ok(documents.into_iter().flatten().map(|document| (document.id, document.text)).collect())
    }
}

fn passage(group: &[usize], pool: &Pool, texts: &HashMap<DocumentId, String>) -> Option<Passage> {
    let best = &pool.passages[group[0]];
    if group.len() == 1 {
        return Some(best.clone());
    }
    let chunks: Vec<_> = group.iter().map(|&at| &pool.passages[at].chunk).collect();
    let chunk = joined(&chunks, texts.get(&best.document.id)?)?;
    Some(Passage { chunk, ..best.clone() })
}

fn folded(passages: &[Passage]) -> Vec<Option<usize>> {
    let contexts: Vec<String> = passages
        .iter()
        .map(|passage| format!("{}\n{}", passage.document.title, passage.chunk.heading_path.join("\n")))
        .collect();
    let said: Vec<Said<'_>> =
        passages.iter().zip(&contexts).map(|(passage, context)| Said { text: &passage.chunk.text, context }).collect();
    duplicates(&said)
}
