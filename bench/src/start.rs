//! Process start to ready, and the server's peak memory.

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::Client;
use serde::Serialize;
use serde_json::json;

use crate::args::Options;
use crate::home::Home;
use crate::measure::{Spread, peak_mib};
use crate::product::{questions, runtime};
use crate::report::{Claim, Section, Table};

/// What a warm start may take, in milliseconds.
const CLAIM_MS: f64 = 3000.0;
/// Questions asked before peak memory is read again.
const ASKS: usize = 5;
/// Between two looks at a port that nobody listens on yet.
const POLL: Duration = Duration::from_millis(2);
const GIVE_UP: Duration = Duration::from_secs(120);

const NOTES: [&str; 2] = [
    "From spawning `footnote serve` (default settings, the handbook ingested) to `GET /readyz` with status 200: both \
     models are loaded by then. Warm: the same files were read by a start before. Medians, least and greatest in brackets.",
    "Peak memory is VmHWM of the server's process: the mapped model files are counted.",
];

/// The section's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Start {
    /// The start before the measured ones, in milliseconds.
    first_ms: f64,
    ready_ms: Spread,
    /// Peak memory when ready.
    ready_mib: Spread,
    /// Peak memory after the questions.
    asked_mib: f64,
    /// Whole answers over HTTP, in milliseconds.
    ask_ms: Spread,
}

/// Ingests the handbook with the real binary, and starts it again and again.
pub(crate) fn run(options: &Options) -> Result<Start> {
    let home = Home::new(options)?;
    home.ingest(options)?;
    let questions = questions(&options.questions, ASKS)?;
    runtime()?.block_on(async {
        let (first_ms, server) = serve(&home).await?;
        drop(server);
        let (mut ready, mut ready_peaks, mut last) = (Vec::new(), Vec::new(), None);
        for _ in 0..options.rounds {
            // The data folder is locked by the server before.
            drop(last.take());
            let (milliseconds, server) = serve(&home).await?;
            ready.push(milliseconds);
            ready_peaks.push(peak_mib(server.child.id())?);
            last = Some(server);
        }
        let server = last.context("the server was never started")?;
        let mut asks = Vec::new();
        for question in &questions {
            asks.push(server.ask(question).await?);
        }
        Ok(Start {
            first_ms,
            ready_ms: Spread::of(ready)?,
            ready_mib: Spread::of(ready_peaks)?,
            asked_mib: peak_mib(server.child.id())?,
            ask_ms: Spread::of(asks)?,
        })
    })
}

/// Milliseconds until it is ready, and the server.
async fn serve(home: &Home) -> Result<(f64, Server)> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let client = Client::builder().no_proxy().timeout(GIVE_UP).build()?;
    let mut command = home.footnote();
    command.args(["--quiet", "serve", "--listen", &address]).stdout(Stdio::null());
    let started = Instant::now();
    let mut server = Server { child: command.spawn()?, client, url: format!("http://{address}") };
    loop {
        let answer = server.client.get(format!("{}/readyz", server.url)).send().await;
        if answer.is_ok_and(|answer| answer.status() == 200) {
            return Ok((started.elapsed().as_secs_f64() * 1000.0, server));
        }
        if let Some(status) = server.child.try_wait()? {
            bail!("footnote serve ended before it was ready: {status}");
        }
        ensure!(started.elapsed() < GIVE_UP, "footnote serve was not ready after {GIVE_UP:?}");
        tokio::time::sleep(POLL).await;
    }
}

/// A running server, stopped when dropped.
struct Server {
    child: Child,
    client: Client,
    url: String,
}

impl Server {
    /// Milliseconds of a whole answer.
    async fn ask(&self, question: &str) -> Result<f64> {
        let started = Instant::now();
        let body = json!({ "question": question });
        let answer = self.client.post(format!("{}/ask", self.url)).json(&body).send().await?;
        answer.error_for_status()?.bytes().await?;
        Ok(started.elapsed().as_secs_f64() * 1000.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It only reads here; and it may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Section for Start {
    fn title(&self) -> String {
        "Start of `footnote serve`".into()
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut table = Table::new(["", "figure"]);
        table.row(["first start, ms".into(), format!("{:.0}", self.first_ms)]);
        table.row(["warm start to ready, ms".into(), self.ready_ms.show(0)]);
        table.row(["peak memory when ready, MiB".into(), self.ready_mib.show(0)]);
        table.row([format!("peak memory after {ASKS} asks, MiB"), format!("{:.0}", self.asked_mib)]);
        table.row(["whole answer over HTTP, ms".into(), self.ask_ms.show(0)]);
        Ok(vec![table])
    }

    fn claims(&self) -> Vec<Claim> {
        vec![Claim::below("warm start to ready, ms".into(), self.ready_ms.median, CLAIM_MS)]
    }

    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }
}
