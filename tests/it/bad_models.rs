//! Model files that are missing, cut short or altered.

use std::path::Path;

use footnote_tests::{Output, Scenario, handbook, models};

/// A models folder whose files are links to the real ones, to be spoilt one by one.
fn linked(scenario: &Scenario) -> std::path::PathBuf {
    let folder = scenario.path("models");
    for model in
        fs_err::read_dir(models()).expect("run `make models` first").flatten().filter(|entry| entry.path().is_dir())
    {
        let target = folder.join(model.file_name());
        fs_err::create_dir_all(&target).unwrap();
        for file in fs_err::read_dir(model.path()).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            fs_err::os::unix::fs::symlink(file.path(), target.join(file.file_name())).unwrap();
        }
    }
    folder
}

/// The default model's file: another may lie beside it, of an earlier set-up.
fn gguf(folder: &Path) -> std::path::PathBuf {
    folder.join("smollm2-135m-instruct/SmolLM2-135M-Instruct-Q8_0.gguf")
}

fn ask(scenario: &Scenario, folder: &Path) -> Output {
    scenario.run(["--models", folder.to_str().unwrap(), "ask", "What is a token?"])
}

#[test]
fn model_a_missing_file_is_named_with_the_way_out() {
    let scenario = handbook::scenario();
    let folder = linked(&scenario);
    let gguf = gguf(&folder);
    fs_err::remove_file(&gguf).unwrap();
    let output = ask(&scenario, &folder);
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert!(output.stderr.contains(gguf.to_str().unwrap()), "{}", output.stderr);
    assert!(output.stderr.contains("footnote models pull"), "{}", output.stderr);
}

#[test]
fn model_a_gguf_cut_short_is_refused_by_both_engines() {
    let scenario = handbook::scenario();
    let folder = linked(&scenario);
    let gguf = gguf(&folder);
    let whole = fs_err::read(&gguf).unwrap();
    fs_err::remove_file(&gguf).unwrap();
    fs_err::write(&gguf, &whole[..whole.len() / 2]).unwrap();
    for engine in ["llama-cpp", "mistralrs"] {
        let arguments = ["--models", folder.to_str().unwrap(), "ask", "--engine", engine, "What is a token?"];
        let output = scenario.run(arguments);
        assert_eq!(output.code, 4, "{engine}: {}", output.stderr);
        assert!(output.stderr.contains(gguf.to_str().unwrap()) && output.stderr.contains("hint:"), "{}", output.stderr);
    }
}

#[test]
fn model_that_finds_answers_is_done_without_unless_the_settings_name_it() {
    let scenario = handbook::scenario();
    let folder = linked(&scenario);
    fs_err::remove_dir_all(folder.join("minilm-l6-reader")).unwrap();
    let output = ask(&scenario, &folder);
    assert_eq!(output.code, 0, "{}", output.stderr);
    for (reader, message, way_out) in [
        ("minilm-l6-reader", "minilm-l6-reader/model.onnx", "make models"),
        ("all-minilm-l6-v2", "`all-minilm-l6-v2` is not a reader", "footnote models list"),
    ] {
        let settings = scenario
            .write("footnote.toml", format!("grounding.reader = \"model\"\ngrounding.reader_model = {reader:?}\n"));
        let arguments =
            ["--models", folder.to_str().unwrap(), "--config", settings.to_str().unwrap(), "ask", "What is a token?"];
        let output = scenario.run(arguments);
        assert_ne!(output.code, 0, "{reader}");
        assert!(output.stderr.contains(message) && output.stderr.contains(way_out), "{}", output.stderr);
    }
}

#[test]
fn model_an_altered_file_fails_its_checksum() {
    let scenario = Scenario::new();
    let folder = linked(&scenario);
    let checked = scenario.run(["--models", folder.to_str().unwrap(), "models", "verify"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);

    let tokenizer = folder.join("all-minilm-l6-v2/tokenizer.json");
    let mut bytes = fs_err::read(&tokenizer).unwrap();
    bytes[100] ^= 1;
    fs_err::remove_file(&tokenizer).unwrap();
    fs_err::write(&tokenizer, bytes).unwrap();
    let output = scenario.run(["--models", folder.to_str().unwrap(), "models", "verify"]);
    assert_eq!(output.code, 1);
    assert!(output.stdout.contains("failed    all-minilm-l6-v2/tokenizer.json"), "{}", output.stdout);
    assert!(output.stderr.contains("sha256 is"), "{}", output.stderr);
}
