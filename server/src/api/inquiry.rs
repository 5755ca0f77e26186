//! What `/ask` and `/search` take, checked and made ready to be searched for.

use footnote_core::answer::FollowUp;
use footnote_core::question::{MAX_QUESTION_CHARS, Turn};
use footnote_core::seam::Catalog;
use footnote_core::{Answer, Code, Error, Filter, Grants, Question, Result, filter};
use serde::Deserialize;
use serde_json::Value;

use super::access::Caller;
use super::state::{ApiState, CollectionHandle};
use crate::sessions::SessionKey;

/// Turns that a request may bring.
const MAX_HISTORY: usize = 50;

/// What a client asks or looks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inquiry {
    /// The question, or plain words.
    pub question: String,
    /// The collection; the setting's default when left out.
    pub collection: Option<String>,
    /// How many passages to look at; the setting's when left out.
    pub top_k: Option<usize>,
    /// Only documents that fit: the language of `docs/filters.md`.
    pub filters: Option<Value>,
    /// Whether to tell how the ranking came about.
    #[serde(default)]
    pub explain: bool,
    /// The conversation so far, oldest first. Given, it counts in place of the session's.
    pub history: Option<Vec<Turn>>,
    /// The conversation that it belongs to: what was asked under this id before is its history.
    pub session_id: Option<String>,
    /// Whether to answer as server-sent events. Of `/ask` only.
    pub stream: Option<bool>,
}

/// An inquiry that was checked.
pub(super) struct Ready {
    /// What to ask.
    pub(super) collection: CollectionHandle,
    /// The question that stands alone, with its filter and the caller's grants.
    pub(super) question: Question,
    /// Where the conversation goes on.
    pub(super) talk: Talk,
}

/// The conversation around a question.
#[derive(Clone)]
pub(super) struct Talk {
    asked: String,
    session: Option<SessionKey>,
    /// Where it came with a conversation.
    pub(super) follow_up: Option<FollowUp>,
}

impl Inquiry {
    /// Checks everything, opens the collection and makes the question stand alone.
    ///
    /// # Errors
    /// Those of a wrong request: each with its code.
    pub(super) async fn ready(self, state: &ApiState, caller: &Caller) -> Result<Ready> {
        let asked = Question::new(&self.question)?.with_top_k(self.top_k)?;
        check_history(self.history.as_deref().unwrap_or_default())?;
        let session = self.session_id.as_deref().map(|id| SessionKey::new(caller, id)).transpose()?;
        let filter = self.filters.as_ref().map(filter::parse).transpose()?;
        let (collection, name) = state.collection(self.collection.as_deref(), caller).await?;
        known_fields(&*state.catalog, &name, filter.as_ref(), &caller.grants).await?;

        let history = match (self.history, &session) {
            (Some(history), _) => Some(history),
            (None, Some(session)) => Some(state.sessions.history(session).await),
            (None, None) => None,
        };
        let follow_up = match history {
            Some(history) => Some(state.condenser.condense(&history, asked.text()).await),
            None => None,
        };
        let standalone = follow_up.as_ref().map_or(asked.text(), |follow_up| &follow_up.standalone);
        let question = Question::new(standalone)?.with_top_k(self.top_k)?.explained(self.explain);
        let question = question.filtered(filter).granted(caller.grants.clone());
        let question = question.asked_by(caller.name.as_deref().map(str::to_owned));
        let talk = Talk { asked: asked.text().to_owned(), session, follow_up };
        Ok(Ready { collection, question, talk })
    }
}

impl Talk {
    /// The answer with what was taken to be the question; the session remembers it.
    pub(super) async fn ends_with(&self, state: &ApiState, mut answer: Answer) -> Answer {
        answer.question.clone_from(&self.follow_up);
        if let Some(session) = &self.session {
            let said = answer.answerable.then(|| answer.answer.clone());
            state.sessions.append(session, Turn { question: self.asked.clone(), answer: said }).await;
        }
        answer
    }
}

/// Refuses a filter that asks for a field of documents' own that none has which the caller may see: it would find
/// nothing, and not say why.
///
/// # Errors
/// [`Code::FilterField`]; when the catalog cannot be read.
pub async fn known_fields(
    catalog: &dyn Catalog,
    collection: &str,
    filter: Option<&Filter>,
    grants: &Grants,
) -> Result<()> {
    for field in filter.map(Filter::own_fields).unwrap_or_default() {
        if !catalog.has_field(collection, field, grants).await? {
            return Err(filter::unknown_field(&format!("fields.{field}")));
        }
    }
    Ok(())
}

fn check_history(history: &[Turn]) -> Result<()> {
    if history.len() > MAX_HISTORY {
        let message = format!("the history has {} turns; the limit is {MAX_HISTORY}", history.len());
        return Err(
            Error::new(Code::BadRequest, message).hint("send the last few: a follow-up leans on what was said last")
        );
    }
    for (at, turn) in history.iter().enumerate() {
        Question::new(&turn.question).map_err(|error| error.context(format_args!("history[{at}]")))?;
        let chars = turn.answer.as_ref().map_or(0, |answer| answer.chars().count());
        if chars > MAX_QUESTION_CHARS {
            let message =
                format!("history[{at}]: the answer has {chars} characters; the limit is {MAX_QUESTION_CHARS}");
            return Err(Error::new(Code::BadRequest, message).hint("its first sentences are enough"));
        }
    }
    Ok(())
}
