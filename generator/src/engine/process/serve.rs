//! The other end: loads the engine that the first line names, and answers until the pipe is closed.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

use footnote_core::seam::{GenerationEvent, Generator};
use footnote_core::{Error, Result};
use futures::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines, Stdin};
use tokio::sync::{mpsc, oneshot};

use super::wire::{Ask, Request, Said};
use crate::engine::load;

type Out = mpsc::UnboundedSender<Said>;

/// Serves the process that started this one, on stdin and stdout, until it closes the pipe or ends. Nothing else may print to
/// stdout.
pub async fn serve() -> ExitCode {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let (out, said) = mpsc::unbounded_channel();
    let writer = tokio::spawn(write(said));
    let engine = match first(&mut lines).await {
        Ok(engine) => engine,
        Err(error) => {
            let _ = out.send(Said::NotLoaded { failure: (&error).into() });
            drop(out);
            let _ = writer.await;
            return ExitCode::FAILURE;
        }
    };
    let _ = out.send(Said::Loaded { info: engine.info().clone() });
    let mut running: HashMap<u64, oneshot::Sender<()>> = HashMap::new();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Ask::Generate { id, request }) => {
                running.retain(|_, cancel| !cancel.is_closed());
                let (cancel, cancelled) = oneshot::channel();
                running.insert(id, cancel);
                tokio::spawn(answer(Arc::clone(&engine), id, request, cancelled, out.clone()));
            }
            Ok(Ask::Cancel { id }) => drop(running.remove(&id)),
            Ok(Ask::Load { .. }) => tracing::error!("an engine is loaded once"),
            Err(error) => tracing::error!(%error, "the parent said what cannot be understood"),
        }
    }
    // The parent is gone, or wants this to be: a step of the engine is not waited for.
    std::process::exit(0)
}

async fn first(lines: &mut Lines<BufReader<Stdin>>) -> Result<Arc<dyn Generator>> {
    let line = lines.next_line().await.ok().flatten();
    match line.as_deref().map(serde_json::from_str) {
        Some(Ok(Ask::Load { choice, options })) => load(choice, options).await,
        _ => Err(Error::internal("the first line names no engine")),
    }
}

/// Answers one request, until it is done or cancelled.
async fn answer(engine: Arc<dyn Generator>, id: u64, request: Request, mut cancelled: oneshot::Receiver<()>, out: Out) {
    let work = async {
        let mut stream = engine.generate(request.into()).await?;
        while let Some(event) = stream.next().await {
            match event? {
                GenerationEvent::Token(text) => drop(out.send(Said::Token { id, text })),
                GenerationEvent::Done(done) => return Ok(Said::Done { id, done }),
            }
        }
        Err(Error::internal("the engine's stream ended without an end"))
    };
    let last = tokio::select! {
        // Dropping the stream is what cancels.
        _ = &mut cancelled => Said::Gone { id },
        last = work => last.unwrap_or_else(|error| Said::Failed { id, failure: (&error).into() }),
    };
    let _ = out.send(last);
}

async fn write(mut said: mpsc::UnboundedReceiver<Said>) {
    let mut stdout = tokio::io::stdout();
    while let Some(said) = said.recv().await {
        let Ok(mut line) = serde_json::to_vec(&said) else { continue };
        line.push(b'\n');
        if stdout.write_all(&line).await.is_err() || stdout.flush().await.is_err() {
            return;
        }
    }
}
