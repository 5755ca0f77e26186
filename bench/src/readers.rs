//! Readers at running servers of footnote's: searches per second and how long each takes, server by server and over all.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::args::{Options, ReadersSubject};
use crate::measure::{Percentiles, Spread, peak_mib};
use crate::product::{explained, runtime};
use crate::report::{Claim, Section, Table};

/// Before each measurement, so that nothing is opened within it.
const WARM_UP: Duration = Duration::from_secs(2);

const NOTES: [&str; 3] = [
    "POST /search over HTTP with the questions of the set, each reader with a connection of its own and without a pause; the clock \
     is the reader's. Readers and servers share this machine's cores, unless the servers are elsewhere.",
    "Each round asks one server after the other, and where there are several then all at once, readers taking turns; the \
     order is turned every round.",
    "Peak memory is VmHWM of the process that `--pid` names.",
];

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Readers {
    set: PathBuf,
    readers: usize,
    seconds: u64,
    sides: Vec<Side>,
}

#[derive(Debug, Serialize)]
struct Side {
    name: String,
    /// Where its readers ask.
    urls: Vec<String>,
    /// By round.
    per_second: Vec<f64>,
    p50_ms: Vec<f64>,
    p99_ms: Vec<f64>,
    peak_mib: Option<f64>,
}

impl Side {
    fn of(name: &str, urls: Vec<String>) -> Self {
        Self { name: name.to_owned(), urls, per_second: vec![], p50_ms: vec![], p99_ms: vec![], peak_mib: None }
    }
}

/// What readers ask.
struct Asked {
    collection: String,
    questions: Vec<String>,
}

/// Measures `options.rounds` times.
pub(crate) fn run(options: &Options, subject: &ReadersSubject) -> Result<Readers> {
    let set = footnote_eval::EvalSet::read(&subject.set).map_err(explained)?;
    let collection = subject.collection.clone().or_else(|| set.collection()).unwrap_or_else(|| "default".into());
    let questions: Vec<String> = set.questions.iter().map(|question| question.question.clone()).collect();
    ensure!(!questions.is_empty(), "{}: no questions", subject.set.display());
    runtime()?.block_on(measure(options, subject, Arc::new(Asked { collection, questions })))
}

async fn measure(options: &Options, subject: &ReadersSubject, asked: Arc<Asked>) -> Result<Readers> {
    let mut sides: Vec<Side> = subject.urls.iter().map(|url| Side::of(url, vec![url.clone()])).collect();
    if sides.len() > 1 {
        sides.push(Side::of("all of them", subject.urls.clone()));
    }
    let window = Duration::from_secs(subject.seconds);
    for round in 0..options.rounds {
        let mut order: Vec<usize> = (0..sides.len()).collect();
        order.rotate_left(usize::from(round) % sides.len());
        for at in order {
            let urls = sides[at].urls.clone();
            readers(&urls, &asked, subject.readers, WARM_UP).await?;
            let begun = Instant::now();
            let times = readers(&urls, &asked, subject.readers, window).await?;
            let seconds = begun.elapsed().as_secs_f64();
            sides[at].per_second.push(times.len() as f64 / seconds);
            let Percentiles { p50, p99 } = Percentiles::of(times);
            sides[at].p50_ms.push(p50);
            sides[at].p99_ms.push(p99);
        }
    }
    for (side, pid) in sides.iter_mut().zip(&subject.pids) {
        side.peak_mib = Some(peak_mib(*pid)?);
    }
    Ok(Readers { set: subject.set.clone(), readers: subject.readers, seconds: subject.seconds, sides })
}

/// Lets readers ask for a while. Gives the milliseconds of every answer.
async fn readers(urls: &[String], asked: &Arc<Asked>, count: usize, window: Duration) -> Result<Vec<f64>> {
    let read = |number: usize| -> JoinHandle<Result<Vec<f64>>> {
        let (url, asked) = (urls[number % urls.len()].clone(), Arc::clone(asked));
        // Spread over the set, so that no two ask the same at the same time.
        let first = number * asked.questions.len() / count;
        tokio::spawn(async move { reader(&url, &asked, first, window).await })
    };
    let done = try_join_all((0..count).map(read)).await?;
    let times: Result<Vec<Vec<f64>>> = done.into_iter().collect();
    let times = times?.concat();
    ensure!(!times.is_empty(), "no answer within {} s", window.as_secs());
    Ok(times)
}

async fn reader(url: &str, asked: &Asked, first: usize, window: Duration) -> Result<Vec<f64>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let place = format!("{}/search", url.trim_end_matches('/'));
    let (begun, mut times, mut at) = (Instant::now(), Vec::new(), first);
    while begun.elapsed() < window {
        let question = &asked.questions[at % asked.questions.len()];
        let body = json!({ "question": question, "collection": asked.collection });
        let sent = Instant::now();
        let answer = client.post(&place).json(&body).send().await.with_context(|| place.clone())?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{place}: {status}: {text}");
        times.push(sent.elapsed().as_secs_f64() * 1_000.0);
        at += 1;
    }
    Ok(times)
}

impl Section for Readers {
    fn title(&self) -> String {
        let (readers, seconds, rounds) = (self.readers, self.seconds, self.sides[0].per_second.len());
        format!("Readers: {readers} at once, {seconds} s each, {rounds} rounds, {}", self.set.display())
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        let first = spread(&self.sides[0].per_second)?.median;
        let mut table = Table::new(["server", "searches/s", "beside the first", "p50 ms", "p99 ms", "peak MiB"]);
        for side in &self.sides {
            let rate = spread(&side.per_second)?;
            table.row([
                side.name.clone(),
                rate.show(0),
                format!("{:.2} x", rate.median / first),
                spread(&side.p50_ms)?.show(1),
                spread(&side.p99_ms)?.show(1),
                side.peak_mib.map_or_else(|| "-".into(), |mib| format!("{mib:.0}")),
            ]);
        }
        Ok(vec![table])
    }

    fn claims(&self) -> Vec<Claim> {
        vec![]
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}
