//! `GET` and `DELETE /sessions/{id}`: a conversation, to whom it belongs.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::access::Caller;
use super::problem::Problem;
use super::state::ApiState;
use crate::sessions::{SessionKey, SessionView};

pub(super) async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<SessionView>, Problem> {
    Ok(Json(state.sessions.show(&SessionKey::new(&caller, &id)?).await?))
}

pub(super) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    state.sessions.delete(&SessionKey::new(&caller, &id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
