//! The pages, built from `widget/` and carried in the binary.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;

use super::state::ApiState;

/// Path, media type, content.
const ASSETS: [(&str, &str, &str); 5] = [
    ("/", "text/html; charset=utf-8", include_str!("../../../widget/dist/index.html")),
    ("/view", "text/html; charset=utf-8", include_str!("../../../widget/dist/view.html")),
    ("/app.js", "text/javascript; charset=utf-8", include_str!("../../../widget/dist/app.js")),
    ("/view.js", "text/javascript; charset=utf-8", include_str!("../../../widget/dist/view.js")),
    ("/style.css", "text/css; charset=utf-8", include_str!("../../../widget/dist/style.css")),
];

pub(super) fn routes() -> Router<ApiState> {
    let no_icon = Router::new().route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }));
    ASSETS.into_iter().fold(no_icon, |router, (path, media_type, content)| {
        // An old page must never meet a newer API.
        let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-cache")];
        router.route(path, get(move || async move { (headers, content) }))
    })
}
