//! Errors as RFC 9457 problem JSON, with a stable `code` and a `hint`.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use footnote_core::{Code, Error, Fault};
use serde_json::{Value, json};

/// Seconds after which a refused client may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");
/// Seconds that a caller is told to wait at most.
const LONGEST_WAIT: u128 = 300;

/// An error on its way to a client.
#[derive(Debug)]
pub struct Problem(pub Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// The HTTP status of an error.
#[must_use]
pub fn status(error: &Error) -> StatusCode {
    match error.code() {
        Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::PathNotAllowed | Code::GrantMissing | Code::QueryOnly => StatusCode::FORBIDDEN,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::SourceChanged => StatusCode::GONE,
        Code::Overloaded => StatusCode::TOO_MANY_REQUESTS,
        code => match code.fault() {
            Fault::Caller => StatusCode::BAD_REQUEST,
            Fault::Denied => StatusCode::UNAUTHORIZED,
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Settings | Fault::Environment | Fault::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}

/// The problem's JSON.
#[must_use]
pub fn body(error: &Error) -> Value {
    let status = status(error);
    json!({
        "type": format!("urn:footnote:problem:{}", error.code().as_str()),
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": error.message(),
        "code": error.code().as_str(),
        "hint": error.hint_text(),
    })
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = status(&self.0);
        if status.is_server_error() {
            tracing::error!(error = ?self.0, "request failed");
        }
        let mut response = (status, Json(body(&self.0))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.0.fault() == Fault::Busy {
            headers.insert(header::RETRY_AFTER, self.0.wait().map_or(RETRY_AFTER, seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Whole seconds, and no more than a caller will wait for.
fn seconds(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_millis().div_ceil(1_000).clamp(1, LONGEST_WAIT) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(code: Code) -> Response {
        Problem(Error::new(code, "no").hint("yes")).into_response()
    }

    #[test]
    fn who_is_not_known_is_asked_and_who_may_not_is_refused() {
        let unknown = response(Code::KeyUnknown);
        assert_eq!(
            (unknown.status().as_u16(), &unknown.headers()[header::WWW_AUTHENTICATE]),
            (401, &"Bearer".parse().unwrap())
        );
        let refused = response(Code::GrantMissing);
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert!(!refused.headers().contains_key(header::WWW_AUTHENTICATE));
    }

    #[test]
    fn the_time_to_wait_is_told_where_it_is_known() {
        for (wait, told) in [(300, "1"), (4_001, "5"), (9_999_999, "300")] {
            let error = Error::new(Code::QueueFull, "full").retry_after(Duration::from_millis(wait));
            assert_eq!(Problem(error).into_response().headers()[header::RETRY_AFTER], told);
        }
    }

    #[test]
    fn what_may_work_later_says_when_to_try_again() {
        for code in Code::ALL.iter().copied().filter(|code| code.fault() == Fault::Busy) {
            let response = response(code);
            let wanted = if code == Code::Overloaded { 429 } else { 503 };
            assert_eq!(
                (response.status().as_u16(), &response.headers()[header::RETRY_AFTER]),
                (wanted, &RETRY_AFTER),
                "{code:?}"
            );
        }
        assert_eq!(Code::StoreUnavailable.fault(), Fault::Busy);
    }
}
