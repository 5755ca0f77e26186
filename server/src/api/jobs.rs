//! `/jobs`: what the queue does, and has done.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use footnote_core::{Code, Error, Result};
use footnote_ingest::queue::{Job, JobEvent, JobFilter, JobState};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::JobPath;
use super::problem::Problem;
use super::state::ApiState;

/// How often a comment keeps an idle line alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Jobs listed when no limit is named, and the most that are.
const LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// Which jobs to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only those of this state.
    pub state: Option<JobState>,
    /// At most so many.
    pub limit: Option<u32>,
}

/// Jobs.
#[derive(Debug, Serialize)]
pub struct ListResponse {
    /// The newest first; their reports without the problems.
    pub jobs: Vec<Job>,
}

pub(super) async fn list(
    State(state): State<ApiState>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<ListResponse>, Problem> {
    let Query(query) = query.map_err(|rejection| {
        let states: Vec<&str> = JobState::ALL.iter().map(|state| state.as_str()).collect();
        Error::new(Code::BadRequest, rejection.body_text())
            .hint(format!("the parameters are state ({}) and limit", states.join(", ")))
    })?;
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    let mut jobs = state.ingestion()?.queue.jobs(JobFilter { state: query.state, limit: Some(limit) }).await?;
    for job in &mut jobs {
        if let Some(Value::Object(report)) = &mut job.report {
            report.remove("problems");
        }
    }
    Ok(Json(ListResponse { jobs }))
}

pub(super) async fn show(State(state): State<ApiState>, JobPath(id): JobPath) -> Result<Json<Job>, Problem> {
    let job = state.ingestion()?.queue.job(id).await?;
    Ok(Json(job.ok_or_else(|| footnote_ingest::queue::unknown(id))?))
}

/// Cancels. Cancelling what has ended changes nothing.
pub(super) async fn cancel(State(state): State<ApiState>, JobPath(id): JobPath) -> Result<Json<Job>, Problem> {
    Ok(Json(state.ingestion()?.queue.cancel(id).await?))
}

/// The job's events from how it stands now to its end.
pub(super) async fn events(
    State(state): State<ApiState>,
    JobPath(id): JobPath,
) -> Result<impl IntoResponse + use<>, Problem> {
    let events = state.ingestion()?.queue.subscribe(id).await?;
    // A listener must not hold back a server that is told to stop.
    let events = events.take_until(state.ingestion()?.stopping.clone().cancelled_owned());
    let events = events.map(|event| Ok::<_, Infallible>(server_sent(&event)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn server_sent(event: &JobEvent) -> Event {
    let (name, data) = match event {
        JobEvent::State(job) => ("state", json!(job)),
        JobEvent::Progress(progress) => ("progress", json!(progress)),
        JobEvent::Document { uri, outcome } => ("document", json!({ "uri": uri, "outcome": outcome })),
    };
    Event::default().event(name).data(data.to_string())
}
