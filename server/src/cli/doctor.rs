//! `footnote doctor`: what works on this machine, and the way out for what does not.

use footnote_config::{AnswerMode, ModelCatalog, Settings};
use footnote_core::seam::{GenerationEvent, GenerationRequest, Message, Role};
use footnote_core::{Code, Error, Result, Span};
use footnote_ingest::media_type::MediaType;
use footnote_ingest::reader::Reader;
use footnote_ingest::{CancellationToken, Isolation};
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::terminal::{self, Outcome};
use crate::data::DataFolder;
use crate::models::verify::verify;
use crate::wire;

pub(super) async fn run(context: &Context) -> Result<Outcome> {
    let mut checks = vec![
        ("settings", Ok("read and checked".to_owned())),
        ("data folder", data_folder(context)),
        ("servers", servers(context).await),
        ("model files", model_files(context)),
        ("readers", readers(context).await),
        ("embedding", embedding(context).await),
        ("answer model", finding(context).await),
    ];
    checks.extend(generation(context).await.into_iter().map(|result| ("generation", result)));
    let mut outcome = Outcome::Done;
    for (name, result) in checks {
        match result {
            Ok(detail) => terminal::line(format!("ok      {name:<12} {detail}")),
            Err(error) => {
                terminal::line(format!("failed  {name:<12} {error}"));
                terminal::line(format!("        hint: {}", error.hint_text().unwrap_or("see the message above")));
                outcome = Outcome::WithFailures;
            }
        }
    }
    Ok(outcome)
}

fn data_folder(context: &Context) -> Result<String> {
    let root = &context.settings.data;
    DataFolder::create(root, "footnote doctor")?;
    Ok(format!("{} is writable and free", root.display()))
}

async fn servers(context: &Context) -> Result<String> {
    Ok(wire::servers(&context.settings).await?.unwrap_or_else(|| "none: all is in the data folder".to_owned()))
}

/// The files that the settings name, by size and checksum.
fn model_files(context: &Context) -> Result<String> {
    let settings = &context.settings;
    let mut count = 0;
    let runtime = context.models.runtime()?;
    let written = (!settings.generation.engine.is_elsewhere()).then_some(&settings.generation.model);
    let named = [&settings.embedding.model].into_iter().chain(written).filter_map(|id| context.models.get(id).ok());
    for model in named.chain([runtime]) {
        for (_, checked) in verify(&settings.models, model) {
            checked?;
            count += 1;
        }
    }
    Ok(format!("{count} files in {}", settings.models.display()))
}

/// Has a page read as ingestion would: in a process of its own.
async fn readers(context: &Context) -> Result<String> {
    let options = wire::options::reader(&context.settings);
    let (isolated, memory) = (matches!(options.isolation, Isolation::Process { .. }), options.memory_bytes >> 20);
    let reader = Reader::new(options);
    let ocr = reader.ocr();
    let page = Arc::new(b"<p>Does this work?</p>".to_vec());
    let read = move || reader.extract("doctor.html", MediaType::Html, &page, &CancellationToken::new());
    let read = tokio::task::spawn_blocking(read).await.map_err(|error| Error::internal(error.to_string()))?;
    if read?.text != "Does this work?" {
        return Err(Error::internal("a page was read, and came back as another"));
    }
    let place = if isolated { format!("a process each, at most {memory} MiB") } else { "in this process".to_owned() };
    Ok(format!("{place}; {ocr}"))
}

async fn embedding(context: &Context) -> Result<String> {
    let embedder =
        wire::models::embedder(&context.settings, &context.models, &context.settings.embedding.model).await?;
    let vector = embedder.embed_query("Does this work?").await?;
    let norm: f32 = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if (norm - 1.0).abs() > 0.01 {
        return Err(Error::new(Code::EngineFailed, format!("the embedding has length {norm}, not 1"))
            .hint("check the model's files: footnote models verify"));
    }
    Ok(format!("{} gives vectors of {} numbers", embedder.model().id, vector.len()))
}

/// The model that finds answers, where there is one.
async fn finding(context: &Context) -> Result<String> {
    let Some(reader) = wire::span_reader(&context.settings, &context.models).await? else {
        return Ok("none: nobody reads the evidence for whether it answers (grounding.reader)".to_owned());
    };
    let text = "The tower was completed in 1889.";
    let readings = reader.read("When was the tower completed?", vec![text.to_owned()]).await?;
    if readings
        .first()
        .and_then(|reading| reading.within(Span::new(0, text.len())))
        .is_none_or(|found| found.odds < 0.0)
    {
        return Err(Error::new(Code::EngineFailed, format!("{} found no answer where there is one", reader.name()))
            .hint("check the model's files: footnote models verify"));
    }
    Ok(format!("{} finds the answer in a sentence", reader.name()))
}

/// A line for the engine of this machine, or for each server elsewhere: asked together, one that is away would hide behind the
/// others.
async fn generation(context: &Context) -> Vec<Result<String>> {
    let settings = &context.settings;
    if settings.grounding.mode == AnswerMode::Quoted {
        return vec![Ok("none: answers are the quoted evidence".to_owned())];
    }
    if !settings.generation.engine.is_elsewhere() {
        return vec![words(settings, &context.models).await];
    }
    let mut lines = Vec::new();
    for endpoint in &settings.generation.endpoints {
        let mut alone = settings.clone();
        alone.generation.endpoints = vec![endpoint.clone()];
        alone.generation.retries = 0;
        let said = words(&alone, &context.models).await;
        lines.push(said.map(|said| format!("{said} at {}", endpoint.url)));
    }
    lines
}

/// Has the engine write a few words.
async fn words(settings: &Settings, models: &ModelCatalog) -> Result<String> {
    let generator = wire::engines::generator(settings, models).await?;
    let request = GenerationRequest {
        messages: vec![Message { role: Role::User, content: "Say yes.".into() }],
        max_tokens: 8,
        deadline: Duration::from_secs(60),
        temperature: 0.0,
        grammar: None,
        asker: None,
    };
    let mut events = generator.generate(request).await?;
    let mut tokens = 0;
    while let Some(event) = events.next().await {
        if let GenerationEvent::Done(done) = event? {
            tokens = done.completion_tokens;
        }
    }
    let info = generator.info();
    Ok(format!("{} runs {} ({tokens} tokens written)", info.engine, info.model))
}
