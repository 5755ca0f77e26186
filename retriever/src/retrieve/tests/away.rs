//! A leg whose store is away.

use footnote_core::Filter;
use footnote_core::seam::Hit;

use super::*;

/// A leg that fails with this code.
struct Away(Code);

impl Away {
    fn error<T>(&self) -> Result<T> {
        Err(Error::new(self.0, "qdrant:6334 does not answer"))
    }
}

#[async_trait]
impl VectorStore for Away {
    async fn upsert(&self, _: Vec<VectorPoint>) -> Result<()> {
        self.error()
    }
    async fn delete(&self, _: Vec<ChunkId>) -> Result<()> {
        self.error()
    }
    async fn flush(&self) -> Result<()> {
        self.error()
    }
    async fn optimize(&self) -> Result<()> {
        self.error()
    }
    async fn search(&self, _: Vec<f32>, _: usize, _: Option<&Filter>) -> Result<Vec<Hit>> {
        self.error()
    }
    async fn vectors(&self, _: &[ChunkId]) -> Result<Vec<Option<Vec<f32>>>> {
        self.error()
    }
    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        self.error()
    }
}

#[async_trait]
impl KeywordIndex for Away {
    async fn upsert(&self, _: Vec<KeywordEntry>) -> Result<()> {
        self.error()
    }
    async fn delete(&self, _: Vec<ChunkId>) -> Result<()> {
        self.error()
    }
    async fn commit(&self) -> Result<()> {
        self.error()
    }
    async fn search(&self, _: &str, _: usize, _: Option<&Filter>) -> Result<Vec<Hit>> {
        self.error()
    }
    async fn scores(&self, _: &str, _: &[ChunkId]) -> Result<Vec<Hit>> {
        self.error()
    }
    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        self.error()
    }
}

fn without_vectors(shelf: &Shelf, code: Code) -> RetrieverParts {
    RetrieverParts { vectors: Arc::new(Away(code)), ..shelf.parts() }
}

fn without_keywords(shelf: &Shelf, code: Code) -> RetrieverParts {
    RetrieverParts { keyword: Arc::new(Away(code)), ..shelf.parts() }
}

async fn search(parts: RetrieverParts, one_leg_will_do: bool) -> Result<Retrieved> {
    // Diversity needs vectors, too: it must not bring the failure back.
    let options = RetrieverOptions { one_leg_will_do, diversity: 0.5, ..OPTIONS };
    Retriever::new(parts, options).search(&Question::new("alpha").unwrap().explained(true)).await
}

#[tokio::test]
async fn questions_are_refused_while_a_leg_is_away_unless_the_other_may_answer_alone() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    for parts in [without_vectors(&shelf, Code::StoreUnavailable), without_keywords(&shelf, Code::StoreUnavailable)] {
        assert_eq!(search(parts, false).await.unwrap_err().code(), Code::StoreUnavailable);
    }
    let words = search(without_vectors(&shelf, Code::StoreUnavailable), true).await.unwrap();
    assert_eq!(words.degraded.as_deref(), Some("the vector leg is away: qdrant:6334 does not answer"));
    assert_eq!(words.passages.len(), 1);
    assert!(words.passages[0].dense.is_none() && words.passages[0].keyword.is_some());
    let meaning = search(without_keywords(&shelf, Code::StoreUnavailable), true).await.unwrap();
    assert_eq!(meaning.degraded.as_deref(), Some("the keyword leg is away: qdrant:6334 does not answer"));
    assert!(meaning.passages.iter().all(|passage| passage.dense.is_some() && passage.keyword.is_none()));
    assert!(search(shelf.parts(), true).await.unwrap().degraded.is_none());
}

#[tokio::test]
async fn nobody_answers_where_both_legs_are_away_or_one_is_broken() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let both = RetrieverParts {
        keyword: Arc::new(Away(Code::StoreUnavailable)),
        ..without_vectors(&shelf, Code::StoreUnavailable)
    };
    assert_eq!(search(both, true).await.unwrap_err().code(), Code::StoreUnavailable);
    for parts in [without_vectors(&shelf, Code::DiskFull), without_keywords(&shelf, Code::DiskFull)] {
        assert_eq!(search(parts, true).await.unwrap_err().code(), Code::DiskFull);
    }
}
