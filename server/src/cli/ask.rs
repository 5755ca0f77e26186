//! `footnote ask "…"`: an answer with its footnotes.

use footnote_core::{Question, Result, filter};

use super::args::Ask;
use super::context::Context;
use super::terminal::{self, Outcome};
use crate::api::Collections;
use crate::api::inquiry::known_fields;
use crate::wire::{Footnote, Load};

pub(super) async fn run(context: &Context, args: Ask) -> Result<Outcome> {
    let question = Question::new(&args.question)?.with_top_k(args.top_k)?;
    let filter = args.filter.as_ref().map(filter::parse).transpose()?;
    let collection = context.collection(args.collection.as_deref())?;
    let footnote = Footnote::read(&context.settings, &context.models, Load::Answers, "footnote ask").await?;
    let asked = Collections::open(&footnote, collection).await?;
    known_fields(&*footnote.catalog(), collection, filter.as_ref(), question.grants()).await?;
    let answer = asked.answerer.answer(question.filtered(filter)).await?;
    if context.json {
        terminal::json(&answer)?;
    } else {
        terminal::answer(&answer);
        if args.explain {
            terminal::verdicts(&answer);
        }
    }
    Ok(Outcome::Done)
}
