//! The generation engines through footnote's seam, beside bare loops over the same libraries.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use footnote_core::seam::{GenerationEvent, GenerationRequest, Generator, Message};
use footnote_generator::engine::{self, EngineOptions};
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use crate::args::{Engine, EngineJob, Options, Side};
use crate::generation::{Generation, Watch, long_chat, short_chat};
use crate::measure::{Spread, cores, peak_mib};
use crate::product::{explained, gguf, runtime, settings};
use crate::report::{Claim, Section, Table};
use crate::{bare_llama, bare_mistralrs, child};

/// Tokens that an engine writes before it is measured.
pub(crate) const WARM_UP_TOKENS: usize = 8;
/// Tokens that it writes while it is measured.
pub(crate) const TOKENS: usize = 128;
/// What the seam must keep of the bare loop's speed.
const CLAIM: f64 = 0.95;
/// No measurement takes this long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(600);

const NOTES: [&str; 3] = [
    "One clock at the consumer, on both sides: prefill = prompt tokens / time from handing over the messages to the \
     first text (template and tokenization included); decode = (tokens - 1) / time from the first text to the end.",
    "Greedy, the same GGUF file, prompt, threads, batch and context; after a warm-up with another prompt, so that no \
     cached prefix helps. Each measurement in a fresh process; seam and bare in turn, the order swapped every round.",
    "Peak memory is VmHWM: the mapped model file is counted. Medians, with the least and the greatest in brackets.",
];

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Engines {
    model_file: String,
    threads: usize,
    context: usize,
    rounds: u16,
    engines: Vec<Compared>,
}

/// One engine, both sides.
#[derive(Debug, Serialize)]
struct Compared {
    engine: &'static str,
    seam: Vec<Run>,
    bare: Vec<Run>,
    /// Seam over bare, median over median.
    prefill_ratio: f64,
    decode_ratio: f64,
    memory_ratio: f64,
    /// The ratios round by round.
    prefill_rounds: Spread,
    decode_rounds: Spread,
    same_text: bool,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) prompt_tokens: usize,
    tokens: usize,
    pub(crate) first_token_ms: f64,
    pub(crate) prefill_tokens_per_second: f64,
    pub(crate) decode_tokens_per_second: f64,
    pub(crate) peak_mib: f64,
    text: String,
}

/// Measures every engine asked for, `rounds` times on each side.
pub(crate) fn run(options: &Options) -> Result<Engines> {
    let settings = settings(options.models.as_deref(), Path::new("unused"))?;
    let (file, threads, context) = (gguf(&settings)?, cores(), settings.generation.context);
    let mut engines = Vec::new();
    for &engine in &options.only {
        let job = EngineJob { engine, side: Side::Seam, file: file.clone(), context, threads, tokens: TOKENS };
        let (mut seam, mut bare) = (Vec::new(), Vec::new());
        for round in 0..options.rounds {
            let mut sides = [Side::Seam, Side::Bare];
            sides.rotate_left(usize::from(round % 2));
            for side in sides {
                let run = measure_apart(&EngineJob { side, ..job.clone() })?;
                if side == Side::Seam { seam.push(run) } else { bare.push(run) }
            }
        }
        engines.push(compare(engine, seam, bare)?);
    }
    Ok(Engines { model_file: file.display().to_string(), threads, context, rounds: options.rounds, engines })
}

pub(crate) fn measure_apart(job: &EngineJob) -> Result<Run> {
    let (context, threads, tokens) = (job.context.to_string(), job.threads.to_string(), job.tokens.to_string());
    let words = ["engine", "--engine", job.engine.as_str(), "--side", job.side.as_str()];
    let numbers = ["--context", &context, "--threads", &threads, "--tokens", &tokens, "--file"];
    let arguments = words.into_iter().chain(numbers).map(OsString::from).chain([job.file.clone().into_os_string()]);
    let mut command = child::command(arguments)?;
    // mistral.rs takes its threads from here.
    command.env("RAYON_NUM_THREADS", &threads);
    child::measured(command).with_context(|| format!("{} {}", job.engine.as_str(), job.side.as_str()))
}

/// The measurement itself, in its own process.
pub(crate) fn measure(job: &EngineJob) -> Result<Run> {
    let generation = match (job.side, job.engine) {
        (Side::Seam, _) => runtime()?.block_on(measure_seam(job))?,
        (Side::Bare, Engine::LlamaCpp) => bare_llama::measure(job)?,
        (Side::Bare, Engine::Mistralrs) => runtime()?.block_on(bare_mistralrs::measure(job))?,
    };
    Ok(Run {
        prompt_tokens: generation.prompt_tokens,
        tokens: generation.tokens,
        first_token_ms: generation.first.as_secs_f64() * 1000.0,
        prefill_tokens_per_second: generation.prefill_rate(),
        decode_tokens_per_second: generation.decode_rate(),
        peak_mib: peak_mib(std::process::id())?,
        text: generation.text,
    })
}

async fn measure_seam(job: &EngineJob) -> Result<Generation> {
    let options = EngineOptions {
        model_id: "bench".into(),
        file: job.file.clone(),
        context: job.context,
        threads: job.threads,
        queue: 1,
        parallel: 1,
        isq: None,
        lora: Vec::new(),
    };
    let generator = engine::load(job.engine.choice(), options).await.map_err(explained)?;
    through_seam(&*generator, short_chat(), WARM_UP_TOKENS).await?;
    through_seam(&*generator, long_chat(), job.tokens).await
}

/// Asks, with the clock at the consumer.
pub(crate) async fn through_seam(
    generator: &dyn Generator,
    messages: Vec<Message>,
    max_tokens: usize,
) -> Result<Generation> {
    let mut watch = Watch::start();
    let request =
        GenerationRequest { messages, max_tokens, deadline: DEADLINE, temperature: 0.0, grammar: None, asker: None };
    let mut events = generator.generate(request).await.map_err(explained)?;
    while let Some(event) = events.next().await {
        match event.map_err(explained)? {
            GenerationEvent::Token(text) => watch.piece(text.as_bytes()),
            GenerationEvent::Done(done) => return watch.end(done.prompt_tokens, done.completion_tokens),
        }
    }
    anyhow::bail!("the stream ended without its account")
}

fn compare(engine: Engine, seam: Vec<Run>, bare: Vec<Run>) -> Result<Compared> {
    let ratio = |of: fn(&Run) -> f64| -> Result<f64> { Ok(spread(&seam, of)?.median / spread(&bare, of)?.median) };
    let rounds = |of: fn(&Run) -> f64| Spread::of(seam.iter().zip(&bare).map(|(seam, bare)| of(seam) / of(bare)));
    let all = || seam.iter().chain(&bare);
    Ok(Compared {
        engine: engine.as_str(),
        prefill_ratio: ratio(|run| run.prefill_tokens_per_second)?,
        decode_ratio: ratio(|run| run.decode_tokens_per_second)?,
        memory_ratio: ratio(|run| run.peak_mib)?,
        prefill_rounds: rounds(|run| run.prefill_tokens_per_second)?,
        decode_rounds: rounds(|run| run.decode_tokens_per_second)?,
        same_text: all().all(|run| run.text == seam[0].text && run.prompt_tokens == seam[0].prompt_tokens),
        seam,
        bare,
    })
}

fn spread(runs: &[Run], of: fn(&Run) -> f64) -> Result<Spread> {
    Spread::of(runs.iter().map(of))
}

impl Section for Engines {
    fn title(&self) -> String {
        let Self { model_file, threads, context, rounds, .. } = self;
        let name = Path::new(model_file).file_name().unwrap_or_default().to_string_lossy();
        format!("Engines: {name}, {threads} threads, context {context}, {rounds} rounds")
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut table =
            Table::new(["engine", "side", "prompt", "written", "prefill tok/s", "decode tok/s", "peak MiB"]);
        for compared in &self.engines {
            for (side, runs) in [("footnote", &compared.seam), ("bare loop", &compared.bare)] {
                table.row([
                    compared.engine.to_owned(),
                    side.to_owned(),
                    runs[0].prompt_tokens.to_string(),
                    runs[0].tokens.to_string(),
                    spread(runs, |run| run.prefill_tokens_per_second)?.show(1),
                    spread(runs, |run| run.decode_tokens_per_second)?.show(1),
                    spread(runs, |run| run.peak_mib)?.show(0),
                ]);
            }
        }
        let mut ratios = Table::new([
            "engine",
            "prefill ratio",
            "by round",
            "decode ratio",
            "by round",
            "memory ratio",
            "same text",
        ]);
        for compared in &self.engines {
            ratios.row([
                compared.engine.to_owned(),
                format!("{:.3}", compared.prefill_ratio),
                compared.prefill_rounds.show(3),
                format!("{:.3}", compared.decode_ratio),
                compared.decode_rounds.show(3),
                format!("{:.3}", compared.memory_ratio),
                if compared.same_text { "yes" } else { "NO" }.to_owned(),
            ]);
        }
        Ok(vec![table, ratios])
    }

    fn claims(&self) -> Vec<Claim> {
        let claim = |compared: &Compared, phase: &str, ratio: f64| {
            Claim::at_least(format!("{}: footnote / bare loop, {phase}", compared.engine), ratio, CLAIM)
        };
        let both = |compared| {
            [claim(compared, "prefill", compared.prefill_ratio), claim(compared, "decode", compared.decode_ratio)]
        };
        self.engines.iter().flat_map(both).collect()
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(prefill: f64, decode: f64, text: &str) -> Run {
        Run {
            prompt_tokens: 1000,
            tokens: 128,
            first_token_ms: 1.0,
            prefill_tokens_per_second: prefill,
            decode_tokens_per_second: decode,
            peak_mib: 100.0,
            text: text.into(),
        }
    }

    #[test]
    fn the_ratio_is_median_over_median_and_other_text_is_noticed() {
        let seam = vec![run(90.0, 50.0, "a"), run(95.0, 50.0, "a"), run(10.0, 50.0, "a")];
        let bare = vec![run(100.0, 50.0, "a"), run(90.0, 50.0, "a"), run(100.0, 50.0, "b")];
        let compared = compare(Engine::LlamaCpp, seam, bare).unwrap();
        assert_eq!((compared.prefill_ratio, compared.decode_ratio), (0.9, 1.0));
        assert!(!compared.same_text);
    }
}
