//! `footnote verify`: do the catalog, both indexes and the texts agree?

use footnote_core::Result;
use footnote_ingest::{Repair, VerifyReport};

use super::args::Verify;
use super::context::Context;
use super::terminal::{self, Outcome};
use crate::wire::{Footnote, Load};

pub(super) async fn run(context: &Context, args: Verify) -> Result<Outcome> {
    let (settings, models) = (&context.settings, &context.models);
    let footnote = match args.repair {
        true => Footnote::open(settings, models, Load::Retrieval, "footnote verify").await?,
        false => Footnote::read(settings, models, Load::Retrieval, "footnote verify").await?,
    };
    let collections = match args.collection {
        Some(name) => vec![name],
        None => footnote.catalog().collections().await?,
    };
    let mut reports = Vec::new();
    for name in &collections {
        if args.repair {
            footnote.begin_here(name).await?;
        }
        let mut report = footnote.verify(name).await?;
        if args.repair && !report.is_clean() {
            let repair = footnote.repair(name, &report).await?;
            terminal::note(told(name, &repair));
            report = footnote.verify(name).await?;
        }
        reports.push(report);
    }
    let clean = reports.iter().all(VerifyReport::is_clean);
    if context.json {
        terminal::json(&reports)?;
    } else {
        collections.iter().zip(&reports).for_each(|(name, report)| print(name, report));
    }
    Ok(if clean { Outcome::Done } else { Outcome::WithFailures })
}

fn print(collection: &str, report: &VerifyReport) {
    let verdict = if report.is_clean() { "ok    " } else { "failed" };
    terminal::line(format!("{verdict}  {collection}: {} documents, {} chunks", report.documents, report.chunks));
    let counts = [
        ("chunks missing in the vector store", report.vectors.missing.len()),
        ("orphans in the vector store", report.vectors.orphans.len()),
        ("chunks missing in the keyword index", report.keyword.missing.len()),
        ("orphans in the keyword index", report.keyword.orphans.len()),
        ("chunks whose text is not their span's", report.wrong_text.len()),
        ("documents with a wrong count of chunks", report.wrong_count.len()),
        ("documents left unfinished: the next `footnote ingest` does them again", report.unfinished.len()),
    ];
    for (what, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        terminal::line(format!("        {count} {what}"));
    }
}

/// What a repair did.
fn told(collection: &str, repair: &Repair) -> String {
    let Repair { finished, removed, restored, recut, lost } = repair;
    let mut told = format!(
        "mended {collection}: {finished} documents finished, {removed} orphans removed, {restored} chunks restored, \
         {recut} documents cut again"
    );
    for uri in lost {
        let file = uri.strip_prefix("file://").unwrap_or(uri);
        told.push_str(&format!("\n  its text is lost: {file}\n  hint: footnote ingest '{file}'"));
    }
    told
}
