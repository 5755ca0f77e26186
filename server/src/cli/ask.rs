//! `footnote ask "…"`: an answer with its footnotes.

use footnote_core::{Question, Result};

use super::args::Ask;
use super::context::Context;
use super::terminal::{self, Outcome};
use crate::api::Collections;
use crate::wire::{Footnote, Load};

pub(super) async fn run(context: &Context, args: Ask) -> Result<Outcome> {
    let question = Question::new(&args.question)?.with_top_k(args.top_k)?;
    let collection = context.collection(args.collection.as_deref())?;
    let footnote = Footnote::open(&context.settings, &context.models, Load::Answers, "footnote ask").await?;
    let answer = Collections::open(&footnote, collection).await?.answerer.answer(question).await?;
    if context.json {
        terminal::json(&answer)?;
    } else {
        terminal::answer(&answer);
    }
    Ok(Outcome::Done)
}
