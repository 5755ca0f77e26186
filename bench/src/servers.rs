//! The engine in this process beside servers over the same file: the same prompts, the same clock.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use footnote_core::seam::{Generator, Message};
use footnote_generator::engine::remote::openai::OpenAi;
use footnote_generator::engine::remote::{EndpointOptions, GrammarField, RemoteOptions};
use footnote_generator::engine::{self, EngineChoice, EngineOptions};
use serde::Serialize;

use crate::args::{Options, ServersSubject};
use crate::engines::{DEADLINE, TOKENS, through_seam};
use crate::generation::{long_chat, short_chat};
use crate::measure::{Spread, cores, peak_mib};
use crate::product::{explained, gguf, runtime, settings};
use crate::report::{Claim, Section, Table};

/// Tokens of the question before each measured one.
const WARM_UP_TOKENS: usize = 4;

const NOTES: [&str; 3] = [
    "Start each server over the same file, with as many threads and the same context. One clock at the consumer, on all sides: \
     prefill = prompt tokens / time to the first text (template, tokenization and HTTP included); decode = (tokens - 1) / time from \
     the first text to the end.",
    "Greedy; each round has another prompt, so that no kept prefix helps; prompt tokens are footnote's count. One side after the other in each round, the order \
     turned every round.",
    "Peak memory is VmHWM: of this process for footnote, of the process that `--pid` names for a server.",
];

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Servers {
    file: PathBuf,
    threads: usize,
    sides: Vec<Side>,
}

#[derive(Debug, Serialize)]
struct Side {
    name: String,
    prompt_tokens: usize,
    first_seconds: Vec<f64>,
    prefill: Vec<f64>,
    decode: Vec<f64>,
    peak_mib: Option<f64>,
}

/// Measures `options.rounds` times.
pub(crate) fn run(options: &Options, subject: &ServersSubject) -> Result<Servers> {
    runtime()?.block_on(measure(options, subject))
}

async fn measure(options: &Options, subject: &ServersSubject) -> Result<Servers> {
    let settings = settings(options.models.as_deref(), Path::new("unused"))?;
    let file = match &subject.file {
        Some(file) => file.clone(),
        None => gguf(&settings)?,
    };
    let own = EngineOptions {
        model_id: "bench".into(),
        file: file.clone(),
        context: settings.generation.context,
        threads: cores(),
        queue: 1,
        parallel: 1,
        isq: None,
        lora: Vec::new(),
    };
    let own = engine::load(EngineChoice::LlamaCpp, own).await.map_err(explained)?;
    let mut engines: Vec<(String, Arc<dyn Generator>, Option<u32>)> =
        vec![("footnote, in process".into(), own, Some(std::process::id()))];
    for (at, url) in subject.urls.iter().enumerate() {
        let server = OpenAi::new(elsewhere(url, settings.generation.context)).map_err(explained)?;
        engines.push((url.clone(), Arc::new(server), subject.pids.get(at).copied()));
    }
    let mut sides: Vec<Side> = engines.iter().map(|(name, ..)| Side::of(name)).collect();
    for round in 0..options.rounds {
        let mut order: Vec<usize> = (0..engines.len()).collect();
        order.rotate_left(usize::from(round) % engines.len());
        for at in order {
            let engine = &*engines[at].1;
            through_seam(engine, short_chat(), WARM_UP_TOKENS).await?;
            let generation = through_seam(engine, unread_chat(round), TOKENS).await?;
            sides[at].prompt_tokens = generation.prompt_tokens;
            sides[at].first_seconds.push(generation.first.as_secs_f64());
            sides[at].decode.push(generation.decode_rate());
        }
    }
    // Not every server counts, and all have read the same.
    let prompt_tokens = sides[0].prompt_tokens as f64;
    for side in &mut sides {
        side.prefill = side.first_seconds.iter().map(|seconds| prompt_tokens / seconds).collect();
    }
    for (side, (_, _, pid)) in sides.iter_mut().zip(&engines) {
        side.peak_mib = pid.map(peak_mib).transpose()?;
    }
    Ok(Servers { file, threads: cores(), sides })
}

/// The prompt of a round, which differs from all before it from its first words on: a server may keep prompts for long.
fn unread_chat(round: u16) -> Vec<Message> {
    let mut chat = long_chat();
    if let Some(first) = chat.first_mut() {
        first.content.insert_str(0, &format!("{round} is the number of this round. "));
    }
    chat
}

fn elsewhere(url: &str, context: usize) -> RemoteOptions {
    let endpoint = EndpointOptions { url: url.into(), model: "any".into(), key: None, grammar: GrammarField::None };
    RemoteOptions { endpoints: vec![endpoint], context, stall: DEADLINE, retries: 0 }
}

impl Side {
    fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            prompt_tokens: 0,
            first_seconds: vec![],
            prefill: vec![],
            decode: vec![],
            peak_mib: None,
        }
    }
}

impl Section for Servers {
    fn title(&self) -> String {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let own = &self.sides[0];
        let (prompt, rounds) = (own.prompt_tokens, own.decode.len());
        format!("Beside servers: {name}, {} threads, {prompt} tokens of prompt, {rounds} rounds", self.threads)
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        let mut table =
            Table::new(["side", "prefill tok/s", "decode tok/s", "peak MiB", "footnote's prefill", "decode"]);
        let own = &self.sides[0];
        for side in &self.sides {
            let ratio = |own: &[f64], other: &[f64]| {
                Ok::<_, anyhow::Error>(format!("{:.2} x", spread(own)?.median / spread(other)?.median))
            };
            table.row([
                side.name.clone(),
                spread(&side.prefill)?.show(1),
                spread(&side.decode)?.show(1),
                side.peak_mib.map_or_else(|| "-".into(), |mib| format!("{mib:.0}")),
                ratio(&own.prefill, &side.prefill)?,
                ratio(&own.decode, &side.decode)?,
            ]);
        }
        Ok(vec![table])
    }

    fn claims(&self) -> Vec<Claim> {
        let median = |values: &[f64]| Spread::of(values.iter().copied()).map_or(f64::NAN, |spread| spread.median);
        let Some((own, others)) = self.sides.split_first() else { return vec![] };
        let claims = others.iter().flat_map(|other| {
            let claim = |what: &str, own: &[f64], theirs: &[f64]| {
                Claim::at_least(format!("footnote / {}, {what}", other.name), median(own) / median(theirs), 1.0)
            };
            [claim("prefill", &own.prefill, &other.prefill), claim("decode", &own.decode, &other.decode)]
        });
        claims.collect()
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}
