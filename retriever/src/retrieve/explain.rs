//! How a ranking came about.

use std::collections::HashMap;

use footnote_core::ChunkId;
use footnote_core::explain::{Candidate, Cut, Explanation};
use footnote_core::passage::LegScore;

use super::Retriever;
use super::choose::Chosen;
use super::pool::Pool;
use super::rank::{Ranking, Weighing};

impl Retriever {
    /// Every candidate of the pool, as it stood at each step. The legs proposed it within the question's scope, so
    /// nothing that the asker may not see is named.
    pub(super) fn explain(&self, ranking: &Ranking, pool: &Pool, chosen: &Chosen) -> Explanation {
        let Weighing { fusion, reason } = &ranking.weighing;
        let fused: HashMap<ChunkId, usize> =
            ranking.fused.iter().enumerate().map(|(at, fused)| (fused.chunk, at + 1)).collect();
        let fates = fates(pool, chosen);
        let mut candidates: Vec<Candidate> = pool
            .passages
            .iter()
            .zip(fates)
            .map(|(passage, (rank, cut))| Candidate {
                chunk_id: passage.chunk.id,
                document: passage.document.clone(),
                dense: passage.dense,
                keyword: passage.keyword,
                fused: LegScore { rank: fused.get(&passage.chunk.id).copied().unwrap_or(0), score: passage.score },
                reranked: passage.reranked,
                rank,
                cut,
            })
            .collect();
        candidates.sort_by_key(|candidate| candidate.fused.rank);
        Explanation {
            fusion: fusion.name().to_owned(),
            dense_weight: fusion.dense_weight(),
            weight_reason: reason.clone(),
            reranker: pool.reranker.clone(),
            candidates,
        }
    }
}

/// The final rank, or why there is none, for each place in the pool.
fn fates(pool: &Pool, chosen: &Chosen) -> Vec<(Option<usize>, Option<Cut>)> {
    let id = |at: usize| pool.passages[at].chunk.id;
    let mut fates: Vec<(Option<usize>, Option<Cut>)> = chosen
        .duplicate_of
        .iter()
        .map(|duplicate_of| (None, Some(duplicate_of.map_or(Cut::BelowTopK, |of| Cut::NearDuplicate { of: id(of) }))))
        .collect();
    // Without diversity these would be the passages.
    for &at in chosen.distinct.iter().take(chosen.groups.len()) {
        fates[at].1 = Some(Cut::Diversity);
    }
    for (rank, group) in chosen.groups.iter().enumerate() {
        for &member in group {
            fates[member] = (None, Some(Cut::Joined { into: id(group[0]) }));
        }
        fates[group[0]] = (Some(rank + 1), None);
    }
    fates
}
