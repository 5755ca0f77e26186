//! `footnote documents list|show|delete`.

use footnote_core::catalog::DocumentRecord;
use footnote_core::metadata::FieldValue;
use footnote_core::source::file_of_uri;
use footnote_core::{Code, DocumentId, Error, Result};

use super::args::{Documents, DocumentsAction};
use super::context::Context;
use super::terminal::{self, Outcome};
use crate::uploads::Uploads;
use crate::wire::{Footnote, Load, Shelf};

pub(super) async fn run(context: &Context, args: Documents) -> Result<Outcome> {
    match args.action {
        DocumentsAction::List { collection, status } => {
            let shelf = Shelf::read(&context.settings, "footnote documents").await?;
            let collection = context.collection(collection.as_deref())?;
            let documents = shelf.catalog.documents(collection, status).await?;
            if context.json {
                terminal::json(&documents)?;
            } else {
                documents.iter().for_each(|record| terminal::line(row(record)));
                terminal::note(format!("{} documents in `{collection}`", documents.len()));
            }
        }
        DocumentsAction::Show { id } => show(context, id).await?,
        DocumentsAction::Delete { id } => {
            let footnote =
                Footnote::open(&context.settings, &context.models, Load::Retrieval, "footnote documents").await?;
            let record = footnote.catalog().record(id).await?.ok_or_else(|| unknown(id))?;
            footnote.remove(&record.collection, id).await?;
            let uploads = Uploads::open(&footnote.data()?.uploads(), 0)?;
            let upload = file_of_uri(&record.uri).filter(|file| uploads.holds(file));
            if let Some(upload) = &upload {
                uploads.remove(upload).await?;
            }
            let file = if upload.is_some() { "its uploaded file went too" } else { "the file itself was not touched" };
            terminal::line(format!("deleted {} from `{}`; {file}", record.uri, record.collection));
        }
    }
    Ok(Outcome::Done)
}

async fn show(context: &Context, id: DocumentId) -> Result<()> {
    let shelf = Shelf::read(&context.settings, "footnote documents").await?;
    let record = shelf.catalog.record(id).await?.ok_or_else(|| unknown(id))?;
    let text = shelf.catalog.document(id).await?.map(|document| document.text);
    if context.json {
        let versions = shelf.catalog.versions(id).await?;
        return terminal::json(&serde_json::json!({ "record": record, "versions": versions, "text": text }));
    }
    terminal::note(row(&record));
    known(&record).into_iter().for_each(terminal::note);
    terminal::line(text.unwrap_or_default());
    Ok(())
}

/// `indexed  <id>  12 chunks  3 pages  /path  labels: hr  (reason)`
fn row(record: &DocumentRecord) -> String {
    let pages = if record.pages > 0 { format!("  {} pages", record.pages) } else { String::new() };
    let reason = record.reason.as_ref().map_or(String::new(), |reason| format!("  ({reason})"));
    let uri = record.uri.strip_prefix("file://").unwrap_or(&record.uri);
    let labels = match record.metadata.labels.join(", ") {
        none if none.is_empty() => none,
        labels => format!("  labels: {labels}"),
    };
    format!("{:<8}  {}  {:>4} chunks{pages}  {uri}{labels}{reason}", record.status.as_str(), record.id, record.chunks)
}

/// `language en  tags a, b  labels hr  year=2018`: what filters can ask for beside the path.
fn known(record: &DocumentRecord) -> Option<String> {
    let metadata = &record.metadata;
    let mut parts: Vec<String> = record.language.iter().map(|language| format!("language {language}")).collect();
    for (name, words) in [("tags", &metadata.tags), ("labels", &metadata.labels)] {
        if !words.is_empty() {
            parts.push(format!("{name} {}", words.join(", ")));
        }
    }
    for (name, value) in &metadata.fields {
        let values: Vec<String> = value.scalars().filter_map(FieldValue::text).collect();
        parts.push(format!("{name}={}", values.join(", ")));
    }
    (!parts.is_empty()).then(|| parts.join("  "))
}

fn unknown(id: DocumentId) -> Error {
    Error::new(Code::DocumentUnknown, format!("there is no document {id}"))
        .hint("footnote documents list shows the ids")
}
