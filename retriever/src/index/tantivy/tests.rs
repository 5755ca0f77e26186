use std::sync::Arc;

use footnote_core::document::DocumentId;
use uuid::Uuid;

use super::*;
use crate::fuse::best_first;

fn chunk(n: u128) -> ChunkId {
    ChunkId(Uuid::from_u128(n))
}

fn entry(n: u128, title: &str, headings: &str, body: &str) -> KeywordEntry {
    let document = DocumentId::of("c", title);
    KeywordEntry {
        chunk: chunk(n),
        document,
        title: title.into(),
        headings: headings.into(),
        body: body.into(),
        place: String::new(),
        language: None,
        facts: Arc::default(),
    }
}

async fn filled(dir: &Path) -> TantivyIndex {
    let index = TantivyIndex::open(dir).unwrap();
    let entries = vec![
        entry(1, "Hardware", "Sizing", "A model of seven billion parameters needs four gigabytes of memory."),
        entry(2, "Licences", "Openness", "Apache-2.0 allows commercial use of the weights."),
        entry(3, "Quantization", "GGUF", "Files such as Q4_K_M and Q8_0 trade quality for size."),
        entry(4, "Releases", "2025", "Version v0.3.1 mends the tokenizer of v0.3.0."),
    ];
    index.upsert(entries).await.unwrap();
    index.commit().await.unwrap();
    index
}

async fn found(index: &TantivyIndex, query: &str) -> Vec<ChunkId> {
    index.search(query, 10, None).await.unwrap().into_iter().map(|hit| hit.chunk).collect()
}

fn refusal(dir: &Path) -> Error {
    match TantivyIndex::open(dir) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn words_find_their_chunks_in_any_field_and_form() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path()).await;
    for (query, expected) in [
        ("How much memory does it need?", 1),
        ("COMMERCIALLY usable?", 2),
        ("q4_k_m", 3),
        ("what changed in v0.3.1", 4),
        ("quantized", 3),
        ("sizing", 1),
        ("apache 2.0", 2),
    ] {
        assert_eq!(found(&index, query).await.first(), Some(&chunk(expected)), "{query}");
    }
    let hits = index.search("memory version", 10, None).await.unwrap();
    assert!(hits.is_sorted_by(|a, b| a.score >= b.score) && hits.len() == 2);
    assert_eq!(index.search("memory version", 1, None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn every_question_is_plain_words() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path()).await;
    let long = "memory \"and\" more ".repeat(500);
    for (query, hits) in [
        ("", 0),
        (" \t\n", 0),
        ("🦙 ?!", 0),
        ("\u{0}\u{1b}[0m", 0),
        ("what is the", 2),
        ("title:memory", 1),
        ("\"memory", 1),
        ("(memory OR [a TO", 1),
        ("+memory -gigabytes", 1),
        ("memory~2^3 \\", 1),
        ("body:*", 0),
        ("zzzz", 0),
        (&long, 1),
    ] {
        assert!(found(&index, query).await.len() >= hits, "{query:?}");
    }
    assert!(index.search("memory", 0, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_entry_written_again_is_replaced_and_a_deleted_one_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path()).await;
    index.upsert(vec![entry(1, "Hardware", "", "Now about turbines.")]).await.unwrap();
    index.delete(vec![chunk(2), chunk(99)]).await.unwrap();
    assert_eq!(found(&index, "turbines").await, [], "seen before the commit");
    index.commit().await.unwrap();
    assert_eq!(found(&index, "turbines").await, [chunk(1)]);
    assert_eq!(found(&index, "gigabytes commercial").await, []);
    let mut ids = index.chunk_ids().await.unwrap();
    ids.sort();
    assert_eq!(ids, [chunk(1), chunk(3), chunk(4)]);
}

#[tokio::test]
async fn several_segments_give_what_one_gives() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, several] = dirs.each_ref().map(|dir| TantivyIndex::open(dir.path()).unwrap());
    // No two of the same score: how often the word stands there, in texts of different lengths.
    let entries: Vec<KeywordEntry> = (1..=60)
        .map(|n| entry(n, "Notes", "", &format!("{} {}", "memory ".repeat(n as usize), "weights ".repeat(80))))
        .collect();
    one.upsert(entries.clone()).await.unwrap();
    one.commit().await.unwrap();
    // Spread over the segments like cards over players.
    for first in 0..6 {
        several.upsert(entries.iter().skip(first).step_by(6).cloned().collect()).await.unwrap();
        several.commit().await.unwrap();
    }
    assert!(several.shared.reader.searcher().segment_readers().len() > 1, "it was merged into one");
    for limit in [1, 7, 60, 100] {
        let [one, several] = [one.search("memory", limit, None), several.search("memory", limit, None)];
        let (one, several) = (one.await.unwrap(), several.await.unwrap());
        assert_eq!(one.len(), limit.min(60));
        assert_eq!(one, several);
    }
}

#[tokio::test]
async fn given_chunks_score_as_a_search_scores_them() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path()).await;
    // More segments, more languages, a replaced and a deleted entry.
    let mut german = entry(5, "Größen", "", "Modelle brauchen Speicher; die Modelle der Version 3 brauchen mehr.");
    german.language = Some("de".into());
    let again = entry(1, "Hardware", "", "A model of eight billion parameters needs memory, and more memory.");
    index.upsert(vec![german, again]).await.unwrap();
    index.delete(vec![chunk(3)]).await.unwrap();
    index.commit().await.unwrap();
    let mut most = 0;
    let all: Vec<ChunkId> = [9, 5, 4, 3, 2, 1, 1].map(chunk).to_vec();
    for query in ["memory of the model", "Modelle und Version v0.3.1", "q4_k_m", "zzzz", ""] {
        let mut scores = index.scores(query, &all).await.unwrap();
        scores.sort_by(|a, b| best_first((a.score, a.chunk), (b.score, b.chunk)));
        let searched = index.search(query, 10, None).await.unwrap();
        assert_eq!(scores.len(), searched.len(), "{query}");
        most = most.max(scores.len());
        for (given, found) in scores.iter().zip(&searched) {
            assert!(
                given.chunk == found.chunk && (given.score - found.score).abs() < 1e-5,
                "{query}: {given:?} {found:?}"
            );
        }
    }
    assert!(most > 1, "a ranking of one");
    let first = index.scores("memory of the model", &[chunk(1), chunk(3)]).await.unwrap();
    assert_eq!(first.iter().map(|hit| hit.chunk).collect::<Vec<_>>(), [chunk(1)]);
    assert_eq!(index.scores("memory", &[]).await.unwrap(), []);
}

#[tokio::test]
async fn what_was_committed_outlives_the_index_and_the_rest_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path()).await;
    index.upsert(vec![entry(9, "Lost", "", "never committed")]).await.unwrap();
    drop(index);
    let index = TantivyIndex::open(dir.path()).unwrap();
    assert_eq!(index.chunk_ids().await.unwrap().len(), 4);
    assert_eq!(found(&index, "gigabytes").await, [chunk(1)]);
    index.upsert(vec![entry(5, "More", "", "written later")]).await.unwrap();
    index.commit().await.unwrap();
    assert_eq!(found(&index, "later").await, [chunk(5)]);
}

#[tokio::test]
async fn a_commit_that_was_killed_before_its_end_can_be_made_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    let meta = dir.path().join("meta.json");
    let before = fs_err::read(&meta).unwrap();
    for _ in 0..2 {
        let index = TantivyIndex::open(dir.path()).unwrap();
        index.delete(vec![chunk(1)]).await.unwrap();
        index.commit().await.unwrap();
        drop(index);
        // All of a commit but its last step, after which it counts.
        fs_err::write(&meta, &before).unwrap();
    }
}

#[tokio::test]
async fn a_second_opening_is_refused_until_the_first_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path()).await;
    let error = refusal(dir.path());
    assert_eq!(error.code(), Code::DataFolderInUse);
    assert!(error.message().contains(dir.path().to_str().unwrap()) && error.hint_text().is_some());
    drop(index);
    TantivyIndex::open(dir.path()).unwrap();
}

#[tokio::test]
async fn damaged_files_are_an_error_with_a_way_out() {
    for broken in [".term", "meta.json", ".store"] {
        let dir = tempfile::tempdir().unwrap();
        drop(filled(dir.path()).await);
        for file in fs_err::read_dir(dir.path()).unwrap().flatten() {
            if file.file_name().to_string_lossy().ends_with(broken) {
                fs_err::write(file.path(), "cut").unwrap();
            }
        }
        let error = match TantivyIndex::open(dir.path()) {
            Err(error) => error,
            Ok(index) => index.search("memory", 5, None).await.expect_err(broken),
        };
        assert_eq!(error.code(), Code::DataFolderFormat, "{broken}: {error}");
        assert!(error.message().contains(dir.path().to_str().unwrap()), "{error}");
        assert!(error.hint_text().is_some());
    }
}

#[tokio::test]
async fn a_commit_after_a_failed_write_does_not_claim_that_all_is_safe() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path()).await;
    index.upsert(vec![entry(7, "New", "", "soon lost")]).await.unwrap();
    let broken = |_: &mut IndexWriter| Err(TantivyError::InternalError("a test".into()));
    index.on_index(move |shared| shared.write("test", broken)).await.unwrap_err();
    assert!(index.commit().await.unwrap_err().message().contains("words were lost"));
    assert_eq!(found(&index, "lost").await, []);
    index.upsert(vec![entry(7, "New", "", "written again")]).await.unwrap();
    index.commit().await.unwrap();
    assert_eq!(found(&index, "again").await, [chunk(7)]);
}
