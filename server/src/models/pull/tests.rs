use super::*;
use crate::models::verify::{Checked, verify};
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
    hub_of(CONTENT.to_vec(), asked).await
}

async fn hub_of(content: Vec<u8>, asked: std::sync::Arc<Mutex<Vec<String>>>) -> Hub {
    let serve = move |State(asked): State<std::sync::Arc<Mutex<Vec<String>>>>, headers: HeaderMap| async move {
        let range = headers.get(RANGE).and_then(|range| range.to_str().ok()).unwrap_or("").to_owned();
        let token = headers.get(AUTHORIZATION).and_then(|token| token.to_str().ok()).unwrap_or("").to_owned();
        asked.lock().unwrap().push(format!("{range}{token}"));
        match range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')) {
            Some(from) => {
                (StatusCode::PARTIAL_CONTENT, content[from.parse::<usize>().unwrap()..].to_vec()).into_response()
            }
            None => content.into_response(),
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
        requantized: None,
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

/// A GGUF file of one matrix, of two rows of 32 floats.
fn small_gguf() -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut file = b"GGUF\x03\0\0\0".to_vec();
    file.extend([1u64.to_le_bytes(), 1u64.to_le_bytes()].concat());
    file.extend([text("general.architecture"), 8u32.to_le_bytes().to_vec(), text("llama")].concat());
    file.extend([text("blk.0.attn_q.weight"), 2u32.to_le_bytes().to_vec()].concat());
    file.extend([32u64.to_le_bytes(), 2u64.to_le_bytes()].concat());
    // Floats, at the beginning of the data.
    file.extend([&0u32.to_le_bytes()[..], &0u64.to_le_bytes()[..]].concat());
    file.resize(file.len().next_multiple_of(32), 0);
    file.extend((0..64u8).flat_map(|number| f32::from(number).to_le_bytes()));
    file
}

#[tokio::test]
async fn what_is_made_of_a_fetched_file_is_what_is_kept_and_verified() {
    let hub = hub_of(small_gguf(), std::sync::Arc::default()).await;
    let models = tempfile::tempdir().unwrap();
    let mut model = model("weights.gguf", None);
    model.files[0].requantized = Some("q8_0".into());
    hub.pull(models.path(), &model, &|_| {}).await.unwrap();
    let folder = models.path().join(&model.id);
    let place = folder.join("weights.gguf");
    // Two blocks of 32 in eight bits, each with its scale, up to the next multiple of 32.
    let data = fs_err::metadata(&place).unwrap().len() - small_gguf().len() as u64 + 64 * 4;
    assert_eq!(data, (2 * (32 + 2_u64)).next_multiple_of(32));
    assert_eq!(fs_err::read_dir(&folder).unwrap().count(), 1, "what was fetched is gone");

    // The pins of what was fetched say nothing of what was made.
    let source = model.files[0].hugging_face.as_mut().unwrap();
    source.sha256 = Some(checksum::of_file(&place).unwrap());
    model.files[0].sha256 = Some("0".repeat(64));
    assert_eq!(verify(models.path(), &model).remove(0).1.unwrap_err().code(), Code::ModelDamaged);
    model.files[0].sha256 = model.files[0].hugging_face.as_ref().unwrap().sha256.clone();
    assert_eq!(verify(models.path(), &model).remove(0).1.unwrap(), Checked::Matches);
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
