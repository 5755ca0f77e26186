use super::*;
use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::get;
use footnote_config::ModelCatalog;

const CONTENT: &[u8] = b"hello";
/// `printf hello | sha256sum`
const SHA256: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// A hub on loopback that holds one file, takes ranges, and remembers what it was asked.
async fn hub(asked: std::sync::Arc<Mutex<Vec<String>>>) -> Hub {
    let serve = |State(asked): State<std::sync::Arc<Mutex<Vec<String>>>>, headers: HeaderMap| async move {
        let range = headers.get(RANGE).and_then(|range| range.to_str().ok()).unwrap_or("").to_owned();
        let token = headers.get(AUTHORIZATION).and_then(|token| token.to_str().ok()).unwrap_or("").to_owned();
        asked.lock().unwrap().push(format!("{range}{token}"));
        match range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')) {
            Some(from) => {
                (StatusCode::PARTIAL_CONTENT, CONTENT[from.parse::<usize>().unwrap()..].to_vec()).into_response()
            }
            None => CONTENT.to_vec().into_response(),
        }
    };
    let app = Router::new().route("/owner/name/resolve/main/weights.gguf", get(serve)).with_state(asked);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Hub { endpoint, token: Some("secret".into()), offline: false }
}

fn model(file: &str, sha256: Option<&str>) -> Model {
    let mut model = ModelCatalog::builtin().unwrap().get("smollm2-135m-instruct").unwrap().clone();
    model.files = vec![ModelFile {
        name: "weights.gguf".into(),
        size: None,
        sha256: sha256.map(str::to_owned),
        hugging_face: Some(HuggingFace {
            repo: "owner/name".into(),
            revision: "main".into(),
            file: file.into(),
            size: None,
            sha256: None,
        }),
    }];
    model
}

#[tokio::test]
async fn a_broken_off_download_is_resumed_and_checked() {
    let asked = std::sync::Arc::default();
    let hub = hub(std::sync::Arc::clone(&asked)).await;
    let models = tempfile::tempdir().unwrap();
    let model = model("weights.gguf", Some(SHA256));
    let place = models.path().join(&model.id).join("weights.gguf");
    fs_err::create_dir_all(place.parent().unwrap()).unwrap();
    fs_err::write(part_of(&place), b"hel").unwrap();
    hub.pull(models.path(), &model, &|_| {}).await.unwrap();
    assert_eq!(fs_err::read(&place).unwrap(), CONTENT);
    hub.pull(models.path(), &model, &|_| {}).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), ["bytes=3-Bearer secret"], "resumed once, and not asked again");
}

#[tokio::test]
async fn a_file_with_a_wrong_checksum_is_not_kept() {
    let hub = hub(std::sync::Arc::default()).await;
    let models = tempfile::tempdir().unwrap();
    let model = model("weights.gguf", Some(&"0".repeat(64)));
    let error = hub.pull(models.path(), &model, &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), Code::ModelDamaged);
    let left: Vec<_> = fs_err::read_dir(models.path().join(&model.id)).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn what_the_hub_does_not_hold_is_said_with_its_address() {
    let hub = hub(std::sync::Arc::default()).await;
    let models = tempfile::tempdir().unwrap();
    let error = hub.pull(models.path(), &model("other.gguf", None), &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), Code::ModelMissing);
    assert!(error.message().contains("/owner/name/resolve/main/other.gguf"), "{error}");
}

#[tokio::test]
async fn offline_means_that_nobody_is_asked() {
    let asked = std::sync::Arc::default();
    let mut hub = hub(std::sync::Arc::clone(&asked)).await;
    hub.offline = true;
    let models = tempfile::tempdir().unwrap();
    let error = hub.pull(models.path(), &model("weights.gguf", None), &|_| {}).await.unwrap_err();
    assert!(error.message().contains("HF_HUB_OFFLINE"), "{error}");
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn the_hubs_own_variables_are_honoured() {
    let variables = [("HF_ENDPOINT", "http://mirror/"), ("HF_TOKEN", "t"), ("HF_HUB_OFFLINE", "1")];
    let read = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let hub = Hub::from_variables(read);
    assert_eq!((hub.endpoint.as_str(), hub.token.as_deref(), hub.offline), ("http://mirror", Some("t"), true));
}
