//! What happens between the fused ranking and the passages.

use footnote_core::explain::{Cut, Explanation};

use super::*;
use crate::fuse::lean;

/// Likes later letters better; reads only so many.
struct Backwards(usize);

#[async_trait]
impl Reranker for Backwards {
    fn name(&self) -> &str {
        "backwards"
    }
    async fn rerank(&self, _: &str, _: &[f32], passages: &[Passage], _: Instant) -> Result<Vec<Option<f32>>> {
        let score = |passage: &Passage| Some(f32::from(passage.document.title.as_bytes()[0]));
        Ok(passages.iter().take(self.0).map(score).collect())
    }
}

struct Failing;

#[async_trait]
impl Reranker for Failing {
    fn name(&self) -> &str {
        "failing"
    }
    async fn rerank(&self, _: &str, _: &[f32], _: &[Passage], _: Instant) -> Result<Vec<Option<f32>>> {
        Err(Error::new(Code::EngineFailed, "out of memory"))
    }
}

fn reranked(shelf: &Shelf, reranker: impl Reranker + 'static) -> Retriever {
    Retriever::new(RetrieverParts { reranker: Some(Arc::new(reranker)), ..shelf.parts() }, OPTIONS)
}

async fn explained(retriever: &Retriever, question: &str) -> (Vec<Passage>, Explanation) {
    let found = retriever.search(&Question::new(question).unwrap().explained(true)).await.unwrap();
    (found.passages, found.explanation.unwrap())
}

fn fate<'e>(explanation: &'e Explanation, title: &str) -> (Option<usize>, Option<&'e Cut>) {
    let candidate = explanation.candidates.iter().find(|candidate| candidate.document.title == title).unwrap();
    (candidate.rank, candidate.cut.as_ref())
}

/// The chunks of one document: its lines. The catalog holds its text too.
async fn put_lines(shelf: &Shelf, title: &str, text: &str) {
    let mut at = 0;
    for (ordinal, line) in text.split_inclusive('\n').enumerate() {
        let (chunk, record) = chunk_of(title, line.trim_end());
        let span = Span::new(at, at + line.trim_end().len());
        shelf.put(Chunk { ordinal: ordinal as u32, span, ..chunk }, record).await;
        at += line.len();
    }
    let document = Document {
        id: DocumentId::of("test", title),
        collection: "test".into(),
        uri: format!("test:{title}"),
        title: title.into(),
        media_type: "text/plain".into(),
        language: None,
        text: text.into(),
        pages: vec![],
        headings: vec![],
        lines: vec![],
    };
    shelf.catalog.1.lock().unwrap().insert(document.id, document);
    shelf.keep().await;
}

#[tokio::test]
async fn what_the_reranker_read_changes_places_and_the_rest_keeps_its_own() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let fused = titles(&shelf.retriever(), "alpha zebra", Some(4)).await;
    let all = titles(&reranked(&shelf, Backwards(4)), "alpha zebra", Some(4)).await;
    assert_eq!(all, ["d", "c", "b", "a"]);
    let two = titles(&reranked(&shelf, Backwards(2)), "alpha zebra", Some(4)).await;
    assert_eq!(two[2..], fused[2..]);
    let mut first = fused[..2].to_vec();
    first.sort_by(|a, b| b.cmp(a));
    assert_eq!(two[..2], first);
}

#[tokio::test]
async fn a_failing_reranker_costs_its_say_not_the_passages() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let found = reranked(&shelf, Failing).search(&Question::new("alpha").unwrap()).await.unwrap();
    assert_eq!(found.passages[0].document.title, "a");
    assert_eq!(found.degraded.as_deref(), Some("the reranker failed: out of memory"));
}

#[tokio::test]
async fn a_passage_that_says_the_same_gives_way_to_the_next() {
    let texts = [("a", "The zebra sleeps at noon"), ("b", "the zebra sleeps, at noon."), ("c", "gamma zebra")];
    let shelf = Shelf::of(letters(), &[]).await;
    for (title, body) in texts {
        let (chunk, record) = chunk_of(title, &format!("{body} while all of the others are awake and run around"));
        shelf.put(chunk, record).await;
    }
    shelf.keep().await;
    let (passages, explanation) = explained(&shelf.retriever(), "zebra sleeps noon").await;
    let titles: Vec<&str> = passages.iter().map(|passage| passage.document.title.as_str()).collect();
    let (kept, folded) = if titles[0] == "a" { ("a", "b") } else { ("b", "a") };
    assert_eq!(titles, [kept, "c"]);
    let of = passages[0].chunk.id;
    assert_eq!(fate(&explanation, folded), (None, Some(&Cut::NearDuplicate { of })));
}

#[tokio::test]
async fn neighbours_become_one_passage_that_the_document_bears_out() {
    let shelf = Shelf::of(letters(), &[("other", "gamma zebra"), ("third", "delta quokka")]).await;
    let text = "Größe: alpha zebra alpha\n\n\nalpha zebra zebra\nnothing of the kind\n";
    put_lines(&shelf, "long", &text.replace("\n\n\n", "\n")).await;
    let (passages, explanation) = explained(&shelf.retriever(), "alpha zebra").await;
    let joined = &passages[0];
    assert_eq!(joined.chunk.text, "Größe: alpha zebra alpha\nalpha zebra zebra");
    assert_eq!(joined.chunk.span.of(&text.replace("\n\n\n", "\n")), Some(joined.chunk.text.as_str()));
    assert_eq!((joined.chunk.tokens, passages.len()), (2, 2));
    assert_eq!(passages[1].document.title, "other");
    let into = joined.chunk.id;
    let cuts: Vec<&Cut> = explanation.candidates.iter().filter_map(|candidate| candidate.cut.as_ref()).collect();
    assert!(cuts.contains(&&Cut::Joined { into }), "{cuts:?}");
}

#[tokio::test]
async fn neighbours_of_another_version_stay_apart() {
    let shelf = Shelf::of(letters(), &[]).await;
    put_lines(&shelf, "long", "alpha zebra alpha\nalpha zebra zebra\n").await;
    shelf.catalog.1.lock().unwrap().values_mut().for_each(|document| document.text.insert(0, '!'));
    let (passages, _) = explained(&shelf.retriever(), "alpha zebra").await;
    assert_eq!(passages.len(), 2);
    assert!(passages.iter().all(|passage| !passage.chunk.text.contains('\n')));
}

#[tokio::test]
async fn diversity_brings_what_is_new() {
    let texts = [("a", "zzzz zzz zebra"), ("b", "zzzz zzz zebra z"), ("c", "zebra mother of nine"), ("d", "quokka")];
    let shelf = Shelf::of(letters(), &texts).await;
    let options = RetrieverOptions { diversity: 0.6, ..OPTIONS };
    let (passages, explanation) = explained(&Retriever::new(shelf.parts(), options), "zzzz zzz zebra").await;
    let first = passages[0].document.title.as_str();
    assert!(["a", "b"].contains(&first) && ["c", "d"].contains(&passages[1].document.title.as_str()), "{passages:?}");
    let cut = if first == "a" { "b" } else { "a" };
    assert_eq!(fate(&explanation, cut), (None, Some(&Cut::Diversity)));
}

#[tokio::test]
async fn an_explanation_shows_every_step_of_every_candidate() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let plain = shelf.retriever().search(&Question::new("alpha").unwrap()).await.unwrap();
    assert_eq!(plain.explanation, None);
    let (passages, explanation) = explained(&reranked(&shelf, Backwards(10)), "alpha").await;
    assert_eq!((explanation.fusion.as_str(), explanation.dense_weight), ("min-max", Some(0.6)));
    assert_eq!(explanation.reranker.as_deref(), Some("backwards"));
    let ranks: Vec<usize> = explanation.candidates.iter().map(|candidate| candidate.fused.rank).collect();
    assert_eq!(ranks, [1, 2, 3, 4]);
    assert_eq!(explanation.candidates[0].document.title, "a");
    assert!(explanation.candidates.iter().all(|candidate| candidate.reranked.is_some()));
    assert_eq!(fate(&explanation, "d"), (Some(1), None));
    assert_eq!(fate(&explanation, "c"), (Some(2), None));
    assert_eq!(fate(&explanation, "a"), (None, Some(&Cut::BelowTopK)));
    assert_eq!(passages[0].reranked, Some(f32::from(b'd')));
}

#[tokio::test]
async fn what_a_caller_may_not_see_appears_nowhere_even_where_an_index_is_behind() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let (secret, _) = chunk_of("a", TEXTS[0].1);
    shelf.catalog.0.lock().unwrap().get_mut(&secret.id).unwrap().1.metadata.labels = vec!["board".into()];
    // The entries in the indexes have no labels: their filter, which is not asked here, would let the document through.
    let question = Question::new("alpha zebra").unwrap().explained(true);
    let mut pool = Pool::default();
    let retriever = shelf.retriever();
    let legs = retriever.ask(&question, 10, true).await.unwrap();
    let ranking = Ranking::of(&legs, Weighing::of(&question, &OPTIONS), &OPTIONS);
    let asker = question.clone().granted(Grants::Only(vec!["staff".into()]));
    pool.load(&ranking, usize::MAX, &retriever.parts, &asker).await.unwrap();
    assert_eq!((ranking.fused.len(), pool.passages.len()), (4, 3));
    let chosen = retriever.choose(&pool, &legs, 4).await.unwrap();
    let explanation = retriever.explain(&ranking, &pool, &chosen);
    assert!(explanation.candidates.iter().all(|candidate| candidate.chunk_id != secret.id));
    assert!(chosen.passages.iter().all(|passage| passage.chunk.id != secret.id));
}

/// The letters of "delta zebra", and the word of "gamma zebra".
const TORN: &str = "gamma deltadelta deltadelta zebra";

#[tokio::test]
async fn what_only_one_leg_found_counts_with_its_real_score_in_the_other() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let id = |title: &str| chunk_of(title, TEXTS.iter().find(|text| text.0 == title).unwrap().1).0.id;
    let options = RetrieverOptions { candidates: 1, fusion: Fusion::Cosine { dense_weight: 0.5 }, ..OPTIONS };
    let (question, retriever) = (Question::new(TORN).unwrap(), Retriever::new(shelf.parts(), options));
    let legs = retriever.ask(&question, 1, true).await.unwrap();
    assert_eq!((legs.dense[0].chunk, legs.keyword[0].chunk), (id("d"), id("c")), "the legs disagree");
    let stored = shelf.vectors.vectors(&[id("c")]).await.unwrap().remove(0).unwrap();
    let cosine: f32 = legs.vector.iter().zip(&stored).map(|(a, b)| a * b).sum();
    let all = shelf.keyword.search(TORN, 10, None).await.unwrap();
    let of_words = |chunk| all.iter().find(|hit| hit.chunk == chunk).unwrap().score;
    let ranking = Ranking::of(&legs, Weighing::of(&question, &options), &options);
    let fused = |chunk| *ranking.fused.iter().find(|fused| fused.chunk == chunk).unwrap();
    assert!((fused(id("c")).score - (0.5 * cosine + 0.5)).abs() < 1e-5, "{:?}", ranking.fused);
    let share = of_words(id("d")) / of_words(id("c"));
    assert!((fused(id("d")).score - (0.5 * legs.dense[0].score + 0.5 * share)).abs() < 1e-5, "{:?}", ranking.fused);
    // It was not proposed: it has no rank.
    assert_eq!((fused(id("c")).dense, fused(id("d")).keyword), (None, None));
    let apart = retriever.ask(&question, 1, false).await.unwrap();
    assert!(apart.similarities.is_empty() && apart.words.is_empty());
}

#[tokio::test]
async fn a_chunk_without_a_word_of_the_question_has_none_beyond_the_keyword_leg() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let options = RetrieverOptions { fusion: Fusion::Cosine { dense_weight: 0.5 }, ..OPTIONS };
    let (question, retriever) = (Question::new("gamma deltadelta").unwrap(), Retriever::new(shelf.parts(), options));
    let legs = retriever.ask(&question, 10, true).await.unwrap();
    let found: Vec<ChunkId> = legs.keyword.iter().map(|hit| hit.chunk).collect();
    assert_eq!((found.len(), legs.dense.len()), (1, 4));
    assert!(legs.words.iter().all(|hit| found.contains(&hit.chunk)));
    let ranking = Ranking::of(&legs, Weighing::of(&question, &options), &options);
    for fused in ranking.fused.iter().filter(|fused| !found.contains(&fused.chunk)) {
        assert!((fused.score - 0.5 * fused.dense.unwrap().score).abs() < 1e-6, "{fused:?}");
    }
}

#[tokio::test]
async fn who_asks_for_more_gets_the_same_first() {
    let words = ["alpha", "zebra", "alpha zebra", "zebra quokka", "alpha alpha quokka", "bees", "zebra zebra bees"];
    let texts: Vec<(String, String)> =
        words.iter().enumerate().map(|(n, words)| (n.to_string(), format!("{words} {n}"))).collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(title, body)| (title.as_str(), body.as_str())).collect();
    let shelf = Shelf::of(letters(), &texts).await;
    let options = RetrieverOptions { candidates: 2, fusion: Fusion::Cosine { dense_weight: 0.5 }, ..OPTIONS };
    let retriever = Retriever::new(shelf.parts(), options);
    for question in ["alpha", "zebra", "quokka alpha", "bees and zebras"] {
        let (few, many) = (titles(&retriever, question, Some(2)).await, titles(&retriever, question, Some(7)).await);
        assert_eq!((few.as_slice(), many.len()), (&many[..2], 7), "{question}");
    }
}

#[tokio::test]
async fn a_question_of_identifiers_says_why_it_leans_on_words() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let retriever = Retriever::new(shelf.parts(), RetrieverOptions { lean: true, ..OPTIONS });
    let (_, explanation) = explained(&retriever, "\"alpha alpha\"").await;
    let (fusion, reason) = lean::leaning(OPTIONS.fusion, "\"alpha alpha\"");
    assert!(explanation.dense_weight < OPTIONS.fusion.dense_weight());
    assert_eq!((explanation.dense_weight, explanation.weight_reason), (fusion.dense_weight(), reason));
}
