//! `footnote migrate --to edge|qdrant [COLLECTION…]`: collections from embedded stores to a server, and back.
//! `footnote migrate --catalog postgres`: the catalog from the data folder to a database.

use footnote_config::{CatalogKind, KeywordKind, VectorKind};
use footnote_core::{Code, Error, Result};

use super::args::{CatalogChoice, Migrate, StoreChoice, WordsChoice};
use super::context::Context;
use super::terminal::{self, Outcome};
use crate::wire::{Copied, Footnote, Kinds, Load, Move, Moved, copy_catalog};

const TEMPLATE: &str = "{bar:30} {pos}/{len} chunks of {msg} · {elapsed} so far, {eta} left";

/// Vectors and words are one point on a server.
const IMPOSSIBLE: Kinds = Kinds { vectors: VectorKind::Edge, keyword: KeywordKind::Qdrant };

pub(super) async fn run(context: &Context, args: Migrate) -> Result<Outcome> {
    match (args.catalog, args.to) {
        (Some(CatalogChoice::Postgres), _) => catalog(context).await,
        (None, Some(to)) => indexes(context, args, to).await,
        (None, None) => Err(Error::internal("nothing to migrate to")),
    }
}

async fn catalog(context: &Context) -> Result<Outcome> {
    let copied = copy_catalog(&context.settings, &context.models, "footnote migrate").await?;
    if context.json {
        terminal::json(&copied)?;
    } else {
        for Copied { collection, documents, chunks } in &copied {
            terminal::line(format!("{collection}: {documents} documents, {chunks} chunks"));
        }
    }
    if context.settings.catalog.store != CatalogKind::Postgres && !context.quiet {
        terminal::note("\nnow put this into footnote.toml, beside catalog.url:\n\n[catalog]\nstore = \"postgres\"\n");
    }
    Ok(Outcome::Done)
}

async fn indexes(context: &Context, args: Migrate, to: StoreChoice) -> Result<Outcome> {
    let footnote = Footnote::open(&context.settings, &context.models, Load::Retrieval, "footnote migrate").await?;
    let names = match args.collections.is_empty() {
        true => footnote.catalog().collections().await?,
        false => args.collections,
    };
    let wanted = Move { to: kinds(to, args.words), remove_source: args.remove_source };
    if wanted.to == IMPOSSIBLE {
        return Err(Error::new(Code::BadRequest, "words cannot go to a Qdrant server without the vectors")
            .hint("give --to qdrant, or leave --words out"));
    }
    let mut moved = Vec::new();
    for name in &names {
        let bar = terminal::progress_bar(context.quiet, TEMPLATE);
        bar.set_message(name.clone());
        let on_moved = |done: usize, all: usize| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        let outcome = footnote.migrate(name, wanted, &on_moved).await;
        bar.finish_and_clear();
        let outcome = outcome?;
        if !context.quiet {
            terminal::note(told(&outcome));
        }
        moved.push(outcome);
    }
    if context.json {
        terminal::json(&moved)?;
    } else {
        moved
            .iter()
            .for_each(|moved| terminal::line(format!("{}: {} chunks: {}", moved.collection, moved.chunks, moved.to)));
    }
    if Kinds::of(&context.settings) != wanted.to && !context.quiet {
        terminal::note(format!("\nnow put this into footnote.toml:\n\n{}\n", wanted.to.lines()));
    }
    Ok(Outcome::Done)
}

fn kinds(to: StoreChoice, words: Option<WordsChoice>) -> Kinds {
    let (vectors, usual) = match to {
        StoreChoice::Edge => (VectorKind::Edge, WordsChoice::Tantivy),
        StoreChoice::Qdrant => (VectorKind::Qdrant, WordsChoice::Qdrant),
    };
    let keyword = match words.unwrap_or(usual) {
        WordsChoice::Tantivy => KeywordKind::Tantivy,
        WordsChoice::Qdrant => KeywordKind::Qdrant,
    };
    Kinds { vectors, keyword }
}

fn told(moved: &Moved) -> String {
    let Moved { collection, from, to, chunks, written } = moved;
    if from == to {
        return format!("`{collection}` is there already");
    }
    let before = chunks - written;
    format!(
        "moved `{collection}`: {written} chunks written, {before} were there; all {chunks} compared with the catalog"
    )
}
