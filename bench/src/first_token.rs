//! Time to first token of a whole ask, beside the whole retrieved passages as a prompt.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use footnote_config::{ModelCatalog, Settings};
use footnote_core::seam::{Answerer, GenerationRequest, Generator, Message, Searcher};
use footnote_core::{AnswerEvent, Passage, Question};
use footnote_generator::engine::{self, EngineChoice, EngineOptions};
use footnote_generator::{AnswererParts, GroundedAnswerer, PromptStyle, prompt};
use footnote_ingest::{CancellationToken, RetryWhich};
use footnote_server::api::Collections;
use footnote_server::wire::{self, Footnote, Load};
use futures::StreamExt;
use serde::Serialize;

use crate::args::Options;
use crate::generation::short_chat;
use crate::measure::{Spread, cores};
use crate::product::{embedder, explained, gguf, questions, runtime, settings};
use crate::report::{Claim, Section, Table};

/// What the ask may need of the time that the whole passages need.
const CLAIM: f64 = 0.2;
/// Room for eight passages of 200 tokens and the question, on both sides.
const CONTEXT: usize = 4096;
/// No prompt takes this long to be read.
const DEADLINE: Duration = Duration::from_secs(600);

const NOTES: [&str; 4] = [
    "ask: from the accepted question to the engine's first token; retrieval, evidence, template, tokenization and \
     prefill. shown: to the first text that the reader sees, which is a whole checked sentence.",
    "passages: the same engine object, from handing over the messages to its first token, for the product's own prompt \
     with the whole retrieved passages (default top_k) instead of evidence; the time of retrieval is left out.",
    "In turn, the order swapped with every question. Before each measurement the engine answers an unrelated short \
     prompt: it holds no prefix of either side's prompt, not even of the instruction that asks have in common.",
    "Medians, with the least and the greatest in brackets. The ratio is the median of the questions' ratios. Questions \
     for which the engine was not asked (no evidence) are left out, and counted.",
];

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct FirstToken {
    engine: String,
    model: String,
    questions: Vec<Asked>,
    without_generation: usize,
    ask_ms: Spread,
    shown_ms: Spread,
    passages_ms: Spread,
    /// Ask over passages, question by question.
    ratio: Spread,
}

/// One question, both sides. Times in milliseconds.
#[derive(Debug, Serialize)]
struct Asked {
    question: String,
    ask_ms: f64,
    shown_ms: f64,
    passages_ms: f64,
    /// Tokens that the engine read for the ask.
    ask_prompt_tokens: usize,
}

/// Ingests the handbook into a folder of its own and asks.
pub(crate) fn run(options: &Options) -> Result<FirstToken> {
    runtime()?.block_on(measure(options))
}

async fn measure(options: &Options) -> Result<FirstToken> {
    let folder = tempfile::tempdir()?;
    let settings = settings(options.models.as_deref(), folder.path())?;
    let models = ModelCatalog::builtin().map_err(explained)?;
    let footnote = Footnote::create(&settings, &models, Load::Retrieval, "footnote-bench").await.map_err(explained)?;
    let collection = settings.server.collection.as_str();
    let token = CancellationToken::new();
    let ingestor = footnote.ingestor(collection, RetryWhich::Failed, &(), &token).await.map_err(explained)?;
    ingestor.ingest_paths(std::slice::from_ref(&options.handbook), &(), &token).await.map_err(explained)?;
    let generator = generator(&settings).await?;
    let searcher = Collections::open(&footnote, collection).await.map_err(explained)?.searcher;
    let parts = AnswererParts {
        searcher: Arc::clone(&searcher),
        embedder: Arc::new(embedder(&settings)?),
        reader: wire::span_reader(&settings, &models).await.map_err(explained)?,
        catalog: footnote.catalog(),
        generator: Some(Arc::clone(&generator)),
    };
    let grounding = wire::grounding(&settings, &settings.server.collection);
    let sides = Sides { answerer: GroundedAnswerer::new(parts, grounding), searcher, generator };

    let (mut asked, mut without_generation) = (Vec::new(), 0);
    for (number, text) in questions(&options.questions, usize::from(options.limit))?.into_iter().enumerate() {
        match sides.both(text, number % 2 == 0).await? {
            Some(measured) => asked.push(measured),
            None => without_generation += 1,
        }
    }
    let spread = |of: fn(&Asked) -> f64| Spread::of(asked.iter().map(of)).context("no question reached the engine");
    let info = sides.generator.info();
    Ok(FirstToken {
        engine: info.engine.clone(),
        model: info.model.clone(),
        ask_ms: spread(|asked| asked.ask_ms)?,
        shown_ms: spread(|asked| asked.shown_ms)?,
        passages_ms: spread(|asked| asked.passages_ms)?,
        ratio: spread(|asked| asked.ask_ms / asked.passages_ms)?,
        without_generation,
        questions: asked,
    })
}

/// The engine object that both sides share. `wire` keeps its own to itself, so that the answerer
/// is put together here, from the same parts and settings.
pub(crate) async fn generator(settings: &Settings) -> Result<Arc<dyn Generator>> {
    let options = EngineOptions {
        model_id: settings.generation.model.clone(),
        file: gguf(settings)?,
        context: CONTEXT,
        threads: cores(),
        queue: settings.generation.queue,
        parallel: 1,
        isq: None,
        lora: Vec::new(),
    };
    engine::load(EngineChoice::Auto, options).await.map_err(explained)
}

/// The ask, and the engine that it asks.
struct Sides {
    answerer: GroundedAnswerer,
    searcher: Arc<dyn Searcher>,
    generator: Arc<dyn Generator>,
}

impl Sides {
    /// `None` where the ask ended without the engine.
    async fn both(&self, text: String, ask_first: bool) -> Result<Option<Asked>> {
        let question = Question::new(&text).map_err(explained)?;
        let found = self.searcher.search(&question).await.map_err(explained)?;
        let chat = whole_passages(&text, &found.passages);
        let (ask, passages_ms) = if ask_first {
            let ask = self.ask(question).await?;
            (ask, first_token(&*self.generator, chat).await?)
        } else {
            let passages_ms = first_token(&*self.generator, chat).await?;
            (self.ask(question).await?, passages_ms)
        };
        Ok(ask.map(|(ask_ms, shown_ms, ask_prompt_tokens)| Asked {
            question: text,
            ask_ms,
            shown_ms,
            passages_ms,
            ask_prompt_tokens,
        }))
    }

    /// Milliseconds to the engine's first token and to the first text shown, and the tokens read.
    async fn ask(&self, question: Question) -> Result<Option<(f64, f64, usize)>> {
        forget_prefix(&*self.generator).await?;
        let started = Instant::now();
        let mut shown = None;
        let mut events = self.answerer.answer_stream(question).await.map_err(explained)?;
        while let Some(event) = events.next().await {
            match event.map_err(explained)? {
                AnswerEvent::Token { .. } => _ = shown.get_or_insert_with(|| started.elapsed()),
                AnswerEvent::Answer(answer) => {
                    let first = answer.timings_ms.first_token.zip(shown);
                    let tokens = answer.usage.prompt_tokens;
                    return Ok(first.map(|(first, shown)| (first, shown.as_secs_f64() * 1000.0, tokens)));
                }
                _ => {}
            }
        }
        anyhow::bail!("the answer's stream ended without an answer")
    }
}

/// Milliseconds from handing over `messages` to the engine's first token.
async fn first_token(generator: &dyn Generator, messages: Vec<Message>) -> Result<f64> {
    forget_prefix(generator).await?;
    let started = Instant::now();
    let mut events = generator.generate(request(messages)).await.map_err(explained)?;
    events.next().await.context("the engine said nothing")?.map_err(explained)?;
    Ok(started.elapsed().as_secs_f64() * 1000.0)
}

/// Pushes the last prompt out of the engine's prefix cache.
async fn forget_prefix(generator: &dyn Generator) -> Result<()> {
    let mut events = generator.generate(request(short_chat())).await.map_err(explained)?;
    while let Some(event) = events.next().await {
        event.map_err(explained)?;
    }
    Ok(())
}

/// Enough to see a first token.
fn request(messages: Vec<Message>) -> GenerationRequest {
    GenerationRequest { messages, max_tokens: 2, deadline: DEADLINE, temperature: 0.0, grammar: None, asker: None }
}

/// The product's own prompt, with whole passages in the place of evidence.
pub(crate) fn whole_passages(question: &str, passages: &[Passage]) -> Vec<Message> {
    let shown = passages
        .iter()
        .enumerate()
        .map(|(i, passage)| format!("[{}] ({}) {}\n", i + 1, passage.document.title, passage.chunk.text));
    let mut chat = prompt::prompt(question, &[], PromptStyle::SHORT).messages;
    if let Some(user) = chat.last_mut() {
        user.content.insert_str(0, &shown.collect::<String>());
    }
    chat
}

impl Section for FirstToken {
    fn title(&self) -> String {
        let (asked, without) = (self.questions.len(), self.without_generation);
        format!(
            "Time to first token: {} on {}, {asked} questions ({without} more without generation)",
            self.model, self.engine
        )
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut table = Table::new(["", "ms", "share of passages"]);
        let shares =
            |of: fn(&Asked) -> f64| Spread::of(self.questions.iter().map(|asked| of(asked) / asked.passages_ms));
        table.row(["ask".into(), self.ask_ms.show(0), self.ratio.show(3)]);
        table.row(["ask, shown".into(), self.shown_ms.show(0), shares(|asked| asked.shown_ms)?.show(3)]);
        table.row(["whole passages".into(), self.passages_ms.show(0), "1".into()]);
        Ok(vec![table])
    }

    fn claims(&self) -> Vec<Claim> {
        vec![Claim::below("ask / whole passages, time to first token".into(), self.ratio.median, CLAIM)]
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}
