//! `footnote serve`: the pages and the HTTP API, until Ctrl-C.

use std::net::SocketAddr;
use std::sync::Arc;

use footnote_core::{Code, Error, Result};
use footnote_ingest::queue::CancellationToken;
use tokio::net::TcpListener;

use super::args::Serve;
use super::context::Context;
use super::terminal::{self, Outcome};
use crate::api;
use crate::wire::{Footnote, Load};
use crate::worker::Service;

pub(super) async fn run(context: &Context, args: Serve) -> Result<Outcome> {
    let started = std::time::Instant::now();
    let (listener, address) = listen(context.settings.server.listen).await?;
    let footnote =
        Arc::new(Footnote::create(&context.settings, &context.models, Load::Answers, "footnote serve").await?);
    footnote.data().say(&format!("footnote serve on http://{address}"))?;
    let mut watch = context.settings.ingest.watch.clone();
    watch.extend(args.watch);
    let service = Service::start(footnote, &watch).await?;
    let state = service.api_state()?;
    if !context.quiet {
        for path in &watch {
            terminal::note(format!("following {}", path.display()));
        }
        terminal::note(format!(
            "ready on http://{address} after {:.1} s; Ctrl-C stops",
            started.elapsed().as_secs_f64()
        ));
    }
    axum::serve(listener, api::app(state))
        .with_graceful_shutdown(told(service.stopping()))
        .await
        .map_err(|error| Error::new(Code::Network, format!("serving on {address}: {error}")))?;
    service.stop().await;
    Ok(Outcome::Done)
}

/// Waits to be told to stop, and passes it on to those whose answers would never end.
pub(super) async fn told(stopping: CancellationToken) {
    stopped().await;
    stopping.cancel();
}

/// Takes the address before anything slow is loaded.
pub(super) async fn listen(wanted: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let bound = TcpListener::bind(wanted).await.and_then(|listener| listener.local_addr().map(|at| (listener, at)));
    bound.map_err(|error| {
        Error::new(Code::AddressInUse, format!("cannot listen on {wanted}: {error}"))
            .hint("choose another with --listen ADDR:PORT; port 0 takes any free one")
    })
}

/// Ctrl-C or SIGTERM.
pub(super) async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(_) => return interrupt.await.unwrap_or(()),
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}
