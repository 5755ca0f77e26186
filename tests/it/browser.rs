//! The page in a real browser: a question, its footnotes, and the place that one opens.

use std::process::Command;

use footnote_tests::{handbook, repository};

#[test]
fn model_a_footnote_opens_its_quote_in_the_browser() {
    let scenario = handbook::scenario();
    let server = scenario.serve();
    let output = Command::new("npm")
        .args(["run", "--silent", "test:browser"])
        .current_dir(repository().join("widget"))
        .env("FOOTNOTE_URL", &server.url)
        .env("FOOTNOTE_QUESTION", "What does quantization do to a model's weights?")
        .output()
        .expect("npm is installed: `make test` sets it up");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
}
