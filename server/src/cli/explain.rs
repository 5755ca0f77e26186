//! How a ranking came about, as a table.

use std::collections::HashMap;

use footnote_core::ChunkId;
use footnote_core::explain::{Candidate, Cut, Explanation};
use footnote_core::passage::LegScore;

/// Characters of a title that a row has room for.
const TITLE: usize = 40;

/// The lines of the table: how it was done, the candidates in the fused order, what the columns mean.
pub(super) fn lines(explanation: &Explanation) -> Vec<String> {
    let mut lines = vec![method(explanation)];
    lines.push(format!(
        "{:>5}  {:>13}  {:>13}  {:>13}  {:>8}  title",
        "rank", "vectors", "keywords", "fused", "reranked"
    ));
    // A cut that names another candidate names it by its place in the fused order.
    let places: HashMap<ChunkId, usize> =
        explanation.candidates.iter().map(|candidate| (candidate.chunk_id, candidate.fused.rank)).collect();
    lines.extend(explanation.candidates.iter().map(|candidate| row(candidate, &places)));
    lines.push("Each leg: place and score (cosine; BM25). #n: the candidate with place n in the fused order.".into());
    lines
}

fn method(explanation: &Explanation) -> String {
    let mut method = format!("{} candidates, joined by {}", explanation.candidates.len(), explanation.fusion);
    if let Some(weight) = explanation.dense_weight {
        method += &format!(", vectors weigh {weight:.2}");
    }
    if let Some(reason) = &explanation.weight_reason {
        method += &format!(" ({reason})");
    }
    if let Some(reranker) = &explanation.reranker {
        method += &format!(", reranked by {reranker}");
    }
    method
}

fn row(candidate: &Candidate, places: &HashMap<ChunkId, usize>) -> String {
    let rank = candidate.rank.map_or_else(|| "cut".to_owned(), |rank| rank.to_string());
    let reranked = candidate.reranked.map_or_else(|| "-".to_owned(), |score| format!("{score:.3}"));
    let title: String = candidate.document.title.chars().take(TITLE).collect();
    let cut = candidate.cut.as_ref().map_or(String::new(), |cut| format!("  ({})", reason(cut, places)));
    format!(
        "{rank:>5}  {:>13}  {:>13}  {:>13}  {reranked:>8}  {title}{cut}",
        leg(candidate.dense),
        leg(candidate.keyword),
        leg(Some(candidate.fused)),
    )
}

fn leg(score: Option<LegScore>) -> String {
    score.map_or_else(|| "-".to_owned(), |score| format!("#{} {:.3}", score.rank, score.score))
}

fn reason(cut: &Cut, places: &HashMap<ChunkId, usize>) -> String {
    let place = |chunk: &ChunkId| places.get(chunk).map_or_else(|| "another".to_owned(), |place| format!("#{place}"));
    match cut {
        Cut::BelowTopK => "others were better".to_owned(),
        Cut::NearDuplicate { of } => format!("says the same as {}", place(of)),
        Cut::Joined { into } => format!("became a part of {}", place(into)),
        Cut::Diversity => "others said more that is new".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use footnote_core::DocumentId;
    use footnote_core::passage::DocumentRef;

    use super::*;

    fn candidate(title: &str, place: usize, rank: Option<usize>, cut: Option<Cut>) -> Candidate {
        let id = DocumentId::of("c", title);
        let document = DocumentRef { id, title: title.into(), uri: String::new(), media_type: String::new() };
        let leg = LegScore { rank: place, score: 0.75 };
        Candidate {
            chunk_id: ChunkId::of(id, "hash", 0),
            document,
            dense: Some(leg),
            keyword: (place == 1).then_some(LegScore { rank: 12, score: 13.5 }),
            fused: leg,
            reranked: (place == 1).then_some(0.5),
            rank,
            cut,
        }
    }

    #[test]
    fn a_table_shows_every_candidate_and_why_it_was_cut() {
        let first = candidate("The best", 1, Some(1), None);
        let duplicate = Cut::NearDuplicate { of: first.chunk_id };
        let explanation = Explanation {
            fusion: "min-max".into(),
            dense_weight: Some(0.6),
            weight_reason: Some("an identifier".into()),
            reranker: Some("sentences".into()),
            candidates: vec![
                first,
                candidate("Its twin", 2, None, Some(duplicate)),
                candidate("Far below", 3, None, Some(Cut::BelowTopK)),
            ],
        };
        insta::assert_snapshot!(lines(&explanation).join("\n"));
    }
}
