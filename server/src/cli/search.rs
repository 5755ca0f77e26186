//! `footnote search "…"`: the passages for a question.

use footnote_core::{Question, Result, filter};

use super::args::Search;
use super::context::Context;
use super::explain;
use super::terminal::{self, Outcome};
use crate::api::Collections;
use crate::api::inquiry::known_fields;
use crate::api::search::SearchResponse;
use crate::api::views::PassageView;
use crate::wire::{Footnote, Load};

/// Characters of a passage that are printed.
const EXCERPT: usize = 240;

pub(super) async fn run(context: &Context, args: Search) -> Result<Outcome> {
    let question = Question::new(&args.question)?.with_top_k(args.top_k)?.explained(args.explain);
    let filter = args.filter.as_ref().map(filter::parse).transpose()?;
    let collection = context.collection(args.collection.as_deref())?;
    let footnote = Footnote::read(&context.settings, &context.models, Load::Retrieval, "footnote search").await?;
    let searched = Collections::open(&footnote, collection).await?;
    known_fields(&*footnote.catalog(), collection, filter.as_ref(), question.grants()).await?;
    let found = searched.searcher.search(&question.filtered(filter)).await?;
    let found = SearchResponse::of(&*footnote.catalog(), found, None).await?;
    if context.json {
        terminal::json(&found)?;
    } else {
        print_all(&found);
    }
    Ok(Outcome::Done)
}

fn print_all(found: &SearchResponse) {
    if let Some(degraded) = &found.degraded {
        terminal::note(format!("warning: {degraded}"));
    }
    if found.passages.is_empty() {
        terminal::line("Nothing was found.");
    }
    found.passages.iter().enumerate().for_each(|(at, passage)| print(at + 1, passage));
    if let Some(explanation) = &found.explanation {
        explain::lines(explanation).iter().for_each(terminal::line);
    }
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
