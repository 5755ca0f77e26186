//! `footnote serve`: the pages and the HTTP API, until Ctrl-C.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use footnote_core::{Code, Error, Result};
use footnote_ingest::queue::CancellationToken;
use tokio::net::TcpListener;

use super::args::Serve;
use super::context::Context;
use super::terminal::{self, Outcome};
use crate::api::{self, ApiState};
use crate::wire::{Footnote, Load};
use crate::worker::Service;

pub(super) async fn run(context: &Context, args: Serve) -> Result<Outcome> {
    let started = Instant::now();
    let (listener, address) = listen(context.settings.server.listen).await?;
    if args.query_only {
        return query_only(context, listener, address, started).await;
    }
    let footnote =
        Arc::new(Footnote::create(&context.settings, &context.models, Load::Answers, "footnote serve").await?);
    footnote.data()?.say(&format!("footnote serve on http://{address}"))?;
    let mut watch = context.settings.ingest.watch.clone();
    watch.extend(args.watch);
    let service = Service::start(footnote, &watch).await?;
    let state = service.api_state().await?;
    if !context.quiet {
        for path in &watch {
            terminal::note(format!("following {}", path.display()));
        }
    }
    serve(context, state, (listener, address), started, service.stopping()).await?;
    service.stop().await;
    Ok(Outcome::Done)
}

/// Answers from what another footnote ingests.
async fn query_only(
    context: &Context,
    listener: TcpListener,
    address: SocketAddr,
    started: Instant,
) -> Result<Outcome> {
    let footnote = Arc::new(Footnote::query_server(&context.settings, &context.models).await?);
    let state = footnote.api_state(None).await?;
    serve(context, state, (listener, address), started, CancellationToken::new()).await?;
    Ok(Outcome::Done)
}

/// Until it is told to stop.
async fn serve(
    context: &Context,
    state: ApiState,
    (listener, address): (TcpListener, SocketAddr),
    started: Instant,
    stopping: CancellationToken,
) -> Result<()> {
    if !context.quiet {
        let seconds = started.elapsed().as_secs_f64();
        terminal::note(format!("ready on http://{address} after {seconds:.1} s; Ctrl-C stops"));
    }
    let serving = axum::serve(listener, api::app(state)).with_graceful_shutdown(told(stopping));
    serving.await.map_err(|error| Error::new(Code::Network, format!("serving on {address}: {error}")))
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
