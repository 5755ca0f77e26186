//! Neighbouring chunks as one passage. Pure.

use footnote_core::document::PageRange;
use footnote_core::{Chunk, Span};

/// Chunks of one passage at most: a passage stays something that is read at a glance, and one long document does not
/// become one passage.
const MAX_JOINED: usize = 3;

/// The passages as groups of places, the best place of each first: at most `top_k`, in the order of their best.
///
/// A chunk joins a group where it stands beside one of its chunks, in the same section: then one place is free for
/// another. Chunks that come after the last group was begun join none: they were not good enough.
pub(super) fn groups(chunks: &[&Chunk], top_k: usize, join: bool) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, chunk) in chunks.iter().enumerate() {
        if groups.len() == top_k {
            break;
        }
        let mut beside: Vec<usize> = match join {
            true => {
                (0..groups.len()).filter(|&g| groups[g].iter().any(|&member| adjoins(chunk, chunks[member]))).collect()
            }
            false => Vec::new(),
        };
        // It may stand between two groups: then all become one, unless that were too much.
        while beside.iter().map(|&g| groups[g].len()).sum::<usize>() + 1 > MAX_JOINED {
            beside.pop();
        }
        let Some((&into, others)) = beside.split_first() else {
            groups.push(vec![at]);
            continue;
        };
        for &other in others.iter().rev() {
            let members = groups.remove(other);
            groups[into].extend(members);
        }
        groups[into].push(at);
    }
    groups
}

fn adjoins(a: &Chunk, b: &Chunk) -> bool {
    a.document == b.document && a.ordinal.abs_diff(b.ordinal) == 1 && a.heading_path == b.heading_path
}

/// The chunks as one, under the id of the first (the best). `text` is the text of their document; `None` where the
/// chunks' texts do not lie in it as they say: it is another version.
pub(super) fn joined(chunks: &[&Chunk], text: &str) -> Option<Chunk> {
    let best = chunks.first()?;
    let all_there = chunks.iter().all(|chunk| chunk.span.of(text) == Some(chunk.text.as_str()));
    let span =
        Span::new(chunks.iter().map(|chunk| chunk.span.start).min()?, chunks.iter().map(|chunk| chunk.span.end).max()?);
    let pages = |of: fn(PageRange) -> u32| chunks.iter().filter_map(move |chunk| chunk.pages.map(of));
    let pages = pages(|range| range.start).min().zip(pages(|range| range.end).max());
    let text = all_there.then(|| span.of(text)).flatten()?.to_owned();
    Some(Chunk {
        ordinal: chunks.iter().map(|chunk| chunk.ordinal).min()?,
        span,
        text,
        pages: pages.map(|(start, end)| PageRange { start, end }),
        tokens: chunks.iter().map(|chunk| chunk.tokens).sum(),
        ..(*best).clone()
    })
}

#[cfg(test)]
mod tests {
    use footnote_core::{ChunkId, DocumentId};
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "Größe eins.\n\nzwei\ndrei  vier fünf";

    /// The `ordinal`-th word of [`TEXT`], as a chunk.
    fn chunk(document: &str, ordinal: u32, heading: &str) -> Chunk {
        let start = [0, 15, 20, 26, 31][ordinal as usize];
        let end = TEXT[start..].find(['\n', ' ']).map_or(TEXT.len(), |at| start + at);
        let span = Span::new(start, end);
        let document = DocumentId::of("test", document);
        Chunk {
            id: ChunkId::of(document, "", ordinal as usize),
            document,
            ordinal,
            span,
            text: span.of(TEXT).unwrap().into(),
            heading_path: vec![heading.into()],
            pages: Some(PageRange { start: ordinal + 1, end: ordinal + 2 }),
            tokens: 10,
        }
    }

    fn grouped(chunks: &[Chunk], top_k: usize) -> Vec<Vec<usize>> {
        groups(&chunks.iter().collect::<Vec<_>>(), top_k, true)
    }

    #[test]
    fn neighbours_become_one_and_free_a_place() {
        let chunks = [chunk("a", 1, ""), chunk("b", 0, ""), chunk("a", 0, ""), chunk("c", 0, ""), chunk("d", 0, "")];
        assert_eq!(grouped(&chunks, 3), [vec![0, 2], vec![1], vec![3]]);
        let refs: Vec<&Chunk> = chunks.iter().collect();
        assert_eq!(groups(&refs, 3, false), [[0], [1], [2]]);
    }

    #[test]
    fn sections_stay_apart() {
        assert_eq!(grouped(&[chunk("a", 1, "x"), chunk("a", 0, "y")], 9), [[0], [1]]);
    }

    #[test]
    fn one_that_stands_between_two_joins_them_under_the_better() {
        let chunks = [chunk("b", 0, ""), chunk("a", 2, ""), chunk("a", 0, ""), chunk("a", 1, "")];
        assert_eq!(grouped(&chunks, 9), [vec![0], vec![1, 2, 3]]);
    }

    #[test]
    fn a_passage_does_not_grow_without_end() {
        let chunks = [0, 1, 2, 3, 4].map(|ordinal| chunk("a", ordinal, ""));
        assert_eq!(grouped(&chunks, 9), [vec![0, 1, 2], vec![3, 4]]);
    }

    #[test]
    fn a_joined_passage_is_what_the_document_says_between_its_ends() {
        let parts = [chunk("a", 2, "x"), chunk("a", 1, "x")];
        let whole = joined(&parts.iter().collect::<Vec<_>>(), TEXT).unwrap();
        assert_eq!((whole.text.as_str(), whole.id, whole.ordinal), ("zwei\ndrei", parts[0].id, 1));
        assert_eq!(whole.span.of(TEXT), Some(whole.text.as_str()));
        assert_eq!((whole.tokens, whole.pages), (20, Some(PageRange { start: 2, end: 4 })));
        assert_eq!(joined(&parts.iter().collect::<Vec<_>>(), &TEXT[1..].replace('z', "Z")), None);
    }

    proptest! {
        #[test]
        fn no_more_than_asked_for_and_each_chunk_at_most_once(
            picks in proptest::collection::btree_set((0usize..3, 0u32..5), 0..15).prop_map(|set| set.into_iter().collect::<Vec<_>>()).prop_shuffle(),
            top_k in 1usize..8,
        ) {
            let chunks: Vec<Chunk> = picks.iter().map(|&(d, ordinal)| chunk(["a", "b", "c"][d], ordinal, "")).collect();
            let groups = grouped(&chunks, top_k);
            prop_assert!(groups.len() <= top_k && groups.iter().all(|group| (1..=MAX_JOINED).contains(&group.len())));
            prop_assert!(groups.is_sorted_by_key(|group| group[0]));
            let mut members: Vec<usize> = groups.iter().flatten().copied().collect();
            members.sort_unstable();
            let held = members.len();
            members.dedup();
            prop_assert_eq!(members.len(), held);
            // Nothing better was left out, and too few passages only where there were no more.
            prop_assert_eq!(members, (0..held).collect::<Vec<_>>());
            prop_assert!(groups.len() == top_k || held == chunks.len());
            for group in groups.iter().filter(|group| group.len() > 1) {
                let mut ordinals: Vec<u32> = group.iter().map(|&at| chunks[at].ordinal).collect();
                ordinals.sort_unstable();
                prop_assert!(ordinals.windows(2).all(|pair| pair[1] == pair[0] + 1));
                let parts: Vec<&Chunk> = group.iter().map(|&at| &chunks[at]).collect();
                let whole = joined(&parts, TEXT).expect("the text is theirs");
                prop_assert_eq!(whole.span.of(TEXT), Some(whole.text.as_str()));
                prop_assert!(parts.iter().all(|part| whole.text.contains(&part.text)));
            }
        }
    }
}
