use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::answer::{Answer, AnswerEvent};
use crate::error::{Error, Result};
use crate::question::Question;

/// What happens on the way to an answer, as it happens. Dropping the stream stops the work.
pub type AnswerStream = BoxStream<'static, Result<AnswerEvent>>;

/// Turns a question into an answer with footnotes: the whole second flow.
#[async_trait]
pub trait Answerer: Send + Sync {
    /// Starts to answer. The stream ends with [`AnswerEvent::Answer`] or with an error.
    ///
    /// # Errors
    /// When the work cannot be started.
    async fn answer_stream(&self, question: Question) -> Result<AnswerStream>;

    /// The whole answer at once.
    ///
    /// # Errors
    /// Those of the stream.
    async fn answer(&self, question: Question) -> Result<Answer> {
        let mut events = self.answer_stream(question).await?;
        while let Some(event) = events.next().await {
            if let AnswerEvent::Answer(answer) = event? {
                return Ok(*answer);
            }
        }
        Err(Error::internal("the answer's stream ended without an answer"))
    }
}
