//! `footnote demo`: the example handbook ingested, served, and one cited answer printed.

use std::sync::Arc;

use footnote_config::CatalogKind;
use footnote_core::{Answer, Code, Error, Result};
use footnote_ingest::RetryWhich;
use serde_json::json;

use super::args::Demo;
use super::context::Context;
use super::ingest::{self, Bar};
use super::serve::{listen, told};
use super::terminal::{self, Outcome};
use crate::api;
use crate::wire::{Footnote, Load};
use crate::worker::Service;

/// The collection that the handbook lives in.
const COLLECTION: &str = "handbook";

pub(super) async fn run(context: &Context, args: Demo) -> Result<Outcome> {
    let mut settings = context.settings.clone();
    settings.server.collection = COLLECTION.to_owned();
    // A folder of its own: a demo must not meet anybody's documents.
    settings.data = settings.data.join("demo");
    settings.catalog.store = CatalogKind::Sqlite;
    let (listener, address) = listen(settings.server.listen).await?;
    let footnote = Arc::new(Footnote::create(&settings, &context.models, Load::Answers, "footnote demo").await?);
    footnote.data()?.say(&format!("footnote demo on http://{address}"))?;

    let bar = Bar::new(context.quiet);
    let report = {
        let stop = ingest::stop_when_told();
        footnote
            .ingestor(COLLECTION, RetryWhich::Failed, &bar, &stop)
            .await?
            .ingest_paths(&[args.handbook], &bar, &stop)
            .await
    };
    bar.finish();
    ingest::print(&report?, COLLECTION);

    let service = Service::start(footnote, &[]).await?;
    let (app, stopping) = (api::app(service.api_state().await?), service.stopping());
    let server = tokio::spawn(async move { axum::serve(listener, app).with_graceful_shutdown(told(stopping)).await });
    let answer = ask(&format!("http://{address}/ask"), &args.question).await?;
    terminal::line(format!("\nQ: {}\n", args.question));
    terminal::answer(&answer);
    if args.exit {
        return Ok(Outcome::Done);
    }
    terminal::line(format!("\nAsk your own at http://{address}  (Ctrl-C stops)"));
    let ended = server.await.map_err(|error| Error::internal(error.to_string()))?;
    ended.map_err(|error| Error::new(Code::Network, format!("serving on {address}: {error}")))?;
    service.stop().await;
    Ok(Outcome::Done)
}

/// Asks as any client would: over HTTP.
async fn ask(url: &str, question: &str) -> Result<Answer> {
    let failed = |error: reqwest::Error| Error::new(Code::Network, format!("asking {url}: {error}"));
    let client = reqwest::Client::builder().no_proxy().build().map_err(failed)?;
    let response = client.post(url).json(&json!({ "question": question })).send().await.map_err(failed)?;
    response.error_for_status().map_err(failed)?.json().await.map_err(failed)
}
