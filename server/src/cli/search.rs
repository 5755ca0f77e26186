//! `footnote search "…"`: the passages for a question.

use footnote_core::{Question, Result};

use super::args::Search;
use super::context::Context;
use super::terminal::{self, Outcome};
use crate::api::Collections;
use crate::api::views::{self, PassageView};
use crate::wire::{Footnote, Load};

/// Characters of a passage that are printed.
const EXCERPT: usize = 240;

pub(super) async fn run(context: &Context, args: Search) -> Result<Outcome> {
    let question = Question::new(&args.question)?.with_top_k(args.top_k)?;
    let collection = context.collection(args.collection.as_deref())?;
    let footnote = Footnote::open(&context.settings, &context.models, Load::Retrieval, "footnote search").await?;
    let found = Collections::open(&footnote, collection).await?.searcher.search(&question).await?;
    let passages = views::passages(&*footnote.catalog(), found.passages).await?;
    if context.json {
        terminal::json(&passages)?;
    } else if passages.is_empty() {
        terminal::line("Nothing was found.");
    } else {
        passages.iter().enumerate().for_each(|(at, passage)| print(at + 1, passage));
    }
    Ok(Outcome::Done)
}

fn print(number: usize, passage: &PassageView) {
    let page = passage.pages.map_or(String::new(), |pages| format!(", page {}", pages.start));
    let headings = passage.heading_path.join(" > ");
    terminal::line(format!("{number}. {}{page}  ({:.3})  {headings}", passage.document.title, passage.score));
    let words: Vec<&str> = passage.text.split_whitespace().collect();
    let text = words.join(" ");
    let excerpt: String = text.chars().take(EXCERPT).collect();
    let more = if excerpt.len() < text.len() { "…" } else { "" };
    terminal::line(format!("   {excerpt}{more}\n"));
}
