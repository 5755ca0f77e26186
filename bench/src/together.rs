//! Several readers at one engine, and a reader's second question: what continuous batching and kept prefixes are worth.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use footnote_core::seam::{GenerationEvent, GenerationRequest, Generator, Message};
use footnote_generator::engine::{self, EngineChoice, EngineOptions};
use futures::StreamExt;
use futures::future::try_join_all;
use serde::Serialize;

use crate::args::Options;
use crate::generation::{chat, short_chat};
use crate::measure::{Spread, cores, peak_mib};
use crate::product::{explained, gguf, runtime, settings};
use crate::report::{Claim, Section, Table};

/// Readers at once.
const READERS: usize = 4;
/// Tokens that each gets.
const TOKENS: usize = 96;
/// No measurement takes this long.
const DEADLINE: Duration = Duration::from_secs(600);
/// What the product puts first in each prompt.
const SYSTEM: &str = include_str!("../../generator/prompts/short-system.txt");

const NOTES: [&str; 3] = [
    "One engine per round; prompts are as long as the product's: its system prompt, three \
     sentences of evidence, a question, different ones for each reader. 96 tokens are written for each, greedily.",
    "one reader: the four requests one after the other; four readers: all at once. Tokens written per second over the whole, prefill \
     included.",
    "second question: time to its first text over that of the first question; they share the system prompt, not the evidence. \
     Peak memory is VmHWM of the process.",
];

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Together {
    model_file: String,
    threads: usize,
    one: Vec<f64>,
    four: Vec<f64>,
    first_ms: Vec<f64>,
    second_ms: Vec<f64>,
    peak_mib: f64,
}

/// Measures `rounds` times.
pub(crate) fn run(options: &Options) -> Result<Together> {
    runtime()?.block_on(measure(options))
}

async fn measure(options: &Options) -> Result<Together> {
    let settings = settings(options.models.as_deref(), Path::new("unused"))?;
    let file = gguf(&settings)?;
    let engine = |parallel: usize| {
        engine::load(
            EngineChoice::LlamaCpp,
            EngineOptions {
                model_id: "bench".into(),
                file: file.clone(),
                context: settings.generation.context,
                threads: cores(),
                queue: READERS,
                parallel,
                isq: None,
                lora: Vec::new(),
            },
        )
    };
    let mut figures = Together {
        model_file: file.display().to_string(),
        threads: cores(),
        one: vec![],
        four: vec![],
        first_ms: vec![],
        second_ms: vec![],
        peak_mib: 0.0,
    };
    for _ in 0..options.rounds {
        let engine = engine(READERS).await.map_err(explained)?;
        ask(&*engine, short_chat(), 4).await?;
        figures.first_ms.push(ask(&*engine, question(7), TOKENS).await?.first_ms);
        figures.second_ms.push(ask(&*engine, question(8), TOKENS).await?.first_ms);
        let started = Instant::now();
        let mut written = 0;
        for reader in 0..READERS {
            written += ask(&*engine, question(reader), TOKENS).await?.tokens;
        }
        figures.one.push(written as f64 / started.elapsed().as_secs_f64());
        let started = Instant::now();
        let all = try_join_all((0..READERS).map(|reader| ask(&*engine, question(reader + READERS), TOKENS))).await?;
        let written: usize = all.iter().map(|asked| asked.tokens).sum();
        figures.four.push(written as f64 / started.elapsed().as_secs_f64());
    }
    figures.peak_mib = peak_mib(std::process::id())?;
    Ok(figures)
}

struct Asked {
    first_ms: f64,
    tokens: usize,
}

async fn ask(engine: &dyn Generator, messages: Vec<Message>, max_tokens: usize) -> Result<Asked> {
    let asked = Instant::now();
    let request =
        GenerationRequest { messages, max_tokens, deadline: DEADLINE, temperature: 0.0, grammar: None, asker: None };
    let mut events = engine.generate(request).await.map_err(explained)?;
    let mut first = None;
    while let Some(event) = events.next().await {
        match event.map_err(explained)? {
            GenerationEvent::Token(_) => drop(first.get_or_insert_with(|| asked.elapsed())),
            GenerationEvent::Done(done) => {
                let first_ms = first.context("nothing was written")?.as_secs_f64() * 1e3;
                return Ok(Asked { first_ms, tokens: done.completion_tokens });
            }
        }
    }
    anyhow::bail!("the stream ended without its account")
}

/// A prompt of the product's length, another for each number, that takes many words to answer.
fn question(number: usize) -> Vec<Message> {
    let year = 1850 + number * 7;
    let evidence = format!(
        "Evidence:\n[1] (Lighthouses, Harbour {number}) The lighthouse of harbour {number} was begun in {year} and took {} years.\n\
         [2] (Lighthouses, Harbour {number}) Its lamp could be seen from {} miles away, in clear weather further.\n\
         [3] (Lighthouses, Keepers) {} keepers lived there with their families until it was made automatic.\n\n\
         Question: Tell the whole story of the lighthouse of harbour {number} at length, year by year, with all its people.",
        number + 3,
        number * 2 + 9,
        number + 2,
    );
    chat(SYSTEM.trim_end(), &evidence)
}

impl Section for Together {
    fn title(&self) -> String {
        let name = Path::new(&self.model_file).file_name().unwrap_or_default().to_string_lossy();
        format!("Several readers: {name}, {} threads, {} rounds", self.threads, self.one.len())
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut table = Table::new(["figure", "median (least-greatest)", "ratio"]);
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        let ratio =
            |a: &[f64], b: &[f64]| Ok::<_, anyhow::Error>(format!("{:.2}", spread(a)?.median / spread(b)?.median));
        table.row(["one reader, tokens/s".into(), spread(&self.one)?.show(1), String::new()]);
        table.row(["four readers, tokens/s".into(), spread(&self.four)?.show(1), ratio(&self.four, &self.one)?]);
        table.row(["first question, ms to text".into(), spread(&self.first_ms)?.show(0), String::new()]);
        table.row([
            "second question, ms to text".into(),
            spread(&self.second_ms)?.show(0),
            ratio(&self.second_ms, &self.first_ms)?,
        ]);
        table.row(["peak memory, MiB".into(), format!("{:.0}", self.peak_mib), String::new()]);
        Ok(vec![table])
    }

    fn claims(&self) -> Vec<Claim> {
        let median = |values: &[f64]| Spread::of(values.iter().copied()).map_or(f64::NAN, |spread| spread.median);
        vec![
            Claim::at_least(
                "four readers / one, tokens per second".into(),
                median(&self.four) / median(&self.one),
                1.5,
            ),
            Claim::at_most(
                "second question / first, time to text".into(),
                median(&self.second_ms) / median(&self.first_ms),
                0.5,
            ),
        ]
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}
