//! What both engines say of files that they cannot run, before they open them.

use std::path::PathBuf;

use footnote_core::Code;

use super::gguf::tests::tiny;
use super::{EngineChoice, EngineOptions, load, resolve};

fn options(file: PathBuf) -> EngineOptions {
    EngineOptions {
        model_id: "m".into(),
        file,
        context: 512,
        threads: 1,
        queue: 1,
        parallel: 1,
        isq: None,
        lora: vec![],
    }
}

async fn refused(file: PathBuf) -> Vec<Code> {
    let mut codes = Vec::new();
    for choice in [EngineChoice::LlamaCpp, EngineChoice::MistralRs] {
        let options = options(file.clone());
        let error = load(choice, options).await.err().unwrap();
        assert!(error.message().contains(file.to_str().unwrap()), "{error}");
        assert!(error.hint_text().is_some());
        codes.push(error.code());
    }
    codes
}

#[tokio::test]
async fn files_that_cannot_be_run_are_refused_alike_by_both_engines() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs_err::write(&path, bytes).unwrap();
        path
    };
    assert_eq!(refused(folder.path().join("none.gguf")).await, [Code::ModelMissing; 2]);
    assert_eq!(refused(write("text.gguf", &[b'x'; 999])).await, [Code::ModelDamaged; 2]);
    assert_eq!(refused(write("base.gguf", &tiny(None))).await, [Code::ModelUnsupported; 2]);
    // Whole, with a template, but no model that any engine could load.
    assert_eq!(refused(write("hollow.gguf", &tiny(Some("<|im_start|>")))).await, [Code::ModelUnsupported; 2]);
}

#[test]
fn auto_never_stays_undecided() {
    let options = options("m.gguf".into());
    assert_ne!(resolve(EngineChoice::Auto, &options).unwrap(), EngineChoice::Auto);
    assert_eq!(resolve(EngineChoice::MistralRs, &options).unwrap(), EngineChoice::MistralRs);
    let error = resolve(EngineChoice::Auto, &EngineOptions { isq: Some(4), ..options }).unwrap_err();
    assert_eq!(error.code(), Code::SettingsInvalid);
}
