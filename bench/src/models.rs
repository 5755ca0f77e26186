//! Model files beside each other, in each engine: speed, memory, and what they answer.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::args::{Engine, EngineJob, ModelsSubject, Options, Side};
use crate::engines::{self, Run, TOKENS};
use crate::home::Home;
use crate::measure::{Spread, cores};
use crate::product::settings;
use crate::report::{Claim, Section, Table};

const NOTES: [&str; 4] = [
    "Speed and peak memory: as in `engines`, footnote's side, each measurement in a fresh process; time to first token of the \
     same prompt.",
    "Answers: `footnote eval` over the handbook's questions with `generation.model` set to the file, all else by default.",
    "holds gold: the answer or its quotes hold a gold answer. written by the model: answers that hold a sentence of the model's own that \
     its quotes bear out; the others are quoted evidence. supported: sentences shown, by the rules of docs/answers.md.",
    "seconds an answer: the median of whole answers.",
];

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Models {
    threads: usize,
    context: usize,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    file: PathBuf,
    bytes: u64,
    engine: &'static str,
    runs: Vec<Run>,
    answers: Option<Answers>,
}

/// What `footnote eval` said.
#[derive(Debug, Serialize)]
struct Answers {
    holds_gold: (u64, u64),
    generated: usize,
    answered: usize,
    supported: (u64, u64),
    seconds: f64,
}

/// Measures each file in each engine, `options.rounds` times, and asks it the questions once.
pub(crate) fn run(options: &Options, subject: &ModelsSubject) -> Result<Models> {
    let settings = settings(options.models.as_deref(), Path::new("unused"))?;
    let (threads, context) = (cores(), settings.generation.context);
    let home = Home::new(options)?;
    home.ingest(options)?;
    let mut rows = Vec::new();
    for file in &subject.files {
        let file = fs_err::canonicalize(file)?;
        for &engine in &options.only {
            let job = EngineJob { engine, side: Side::Seam, file: file.clone(), context, threads, tokens: TOKENS };
            let runs = (0..options.rounds).map(|_| engines::measure_apart(&job)).collect::<Result<Vec<_>>>()?;
            let answers = match subject.no_answers {
                true => None,
                false => Some(answers(&home, options, &file, engine)?),
            };
            rows.push(Row {
                bytes: fs_err::metadata(&file)?.len(),
                file: file.clone(),
                engine: engine.as_str(),
                runs,
                answers,
            });
        }
    }
    Ok(Models { threads, context, rows })
}

/// What is read of an evaluation's report.
#[derive(Debug, Deserialize)]
struct Evaluated {
    summary: Summary,
    counts: Counts,
    questions: Vec<Asked>,
}

#[derive(Debug, Deserialize)]
struct Summary {
    latency_ms_p50: f64,
}

#[derive(Debug, Deserialize)]
struct Counts {
    contains: Share,
    supported: Share,
}

#[derive(Debug, Deserialize)]
struct Share {
    hits: u64,
    of: u64,
}

#[derive(Debug, Deserialize)]
struct Asked {
    mode: String,
}

fn answers(home: &Home, options: &Options, file: &Path, engine: Engine) -> Result<Answers> {
    let questions = fs_err::canonicalize(&options.questions)?;
    let report = home.folder().join("report.json");
    let mut command = home.footnote();
    command
        .args(["--quiet", "eval"])
        .arg(questions)
        .arg("--report")
        .arg(&report)
        .env("FOOTNOTE_GENERATION__MODEL", file)
        .env("FOOTNOTE_GENERATION__ENGINE", engine.as_str())
        .stdout(Stdio::null());
    let done = command.status()?;
    ensure!(done.success(), "footnote eval failed: {done}");
    let evaluated: Evaluated =
        serde_json::from_slice(&fs_err::read(&report)?).context("the report of footnote eval")?;
    let in_mode =
        |wanted: &[&str]| evaluated.questions.iter().filter(|one| wanted.contains(&one.mode.as_str())).count();
    let Counts { contains, supported } = &evaluated.counts;
    Ok(Answers {
        holds_gold: (contains.hits, contains.of),
        generated: in_mode(&["generated"]),
        answered: in_mode(&["generated", "quoted"]),
        supported: (supported.hits, supported.of),
        seconds: evaluated.summary.latency_ms_p50 / 1e3,
    })
}

impl Section for Models {
    fn title(&self) -> String {
        format!("Models: {} threads, context {}, {} rounds", self.threads, self.context, self.rows[0].runs.len())
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut speed = Table::new([
            "file",
            "MB",
            "engine",
            "prompt",
            "prefill tok/s",
            "decode tok/s",
            "first token, ms",
            "peak MiB",
        ]);
        let mut answers =
            Table::new(["file", "engine", "holds gold", "written by the model", "supported", "seconds an answer"]);
        for row in &self.rows {
            let name = row.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let spread = |of: fn(&Run) -> f64| Spread::of(row.runs.iter().map(of));
            speed.row([
                name.clone(),
                format!("{:.0}", row.bytes as f64 / 1e6),
                row.engine.to_owned(),
                row.runs[0].prompt_tokens.to_string(),
                spread(|run| run.prefill_tokens_per_second)?.show(1),
                spread(|run| run.decode_tokens_per_second)?.show(1),
                spread(|run| run.first_token_ms)?.show(0),
                spread(|run| run.peak_mib)?.show(0),
            ]);
            if let Some(Answers { holds_gold, generated, answered, supported, seconds }) = &row.answers {
                answers.row([
                    name,
                    row.engine.to_owned(),
                    format!("{} of {}", holds_gold.0, holds_gold.1),
                    format!("{generated} of {answered}"),
                    format!("{} of {}", supported.0, supported.1),
                    format!("{seconds:.2}"),
                ]);
            }
        }
        Ok(vec![speed, answers])
    }

    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}
