//! Answers phrased elsewhere: by the servers that `FOOTNOTE_OPENAI_URL` names (`http://127.0.0.1:8081/v1`, several joined
//! by commas), with the model of `FOOTNOTE_OPENAI_MODEL`. `scripts/try-engines.sh` starts two and runs these stories.

use footnote_tests::{Scenario, given};
use serde_json::Value;

/// Nobody listens on the port of "discard".
const NOBODY: &str = "http://127.0.0.1:9/v1";
const QUESTION: &str = "How long does the red kettle take to boil?";

/// The servers; `None`, said loudly, where there are none.
fn servers(story: &str) -> Option<Vec<String>> {
    let urls = given("FOOTNOTE_OPENAI_URL", story)?;
    Some(urls.split(',').map(|url| url.trim().to_owned()).collect())
}

/// A scenario with a document, whose answers these endpoints phrase.
fn asking<'u>(urls: impl IntoIterator<Item = &'u str>) -> Scenario {
    let scenario = Scenario::new();
    let model = std::env::var("FOOTNOTE_OPENAI_MODEL").unwrap_or_else(|_| "any".into());
    let mut settings = "[generation]\nengine = \"openai\"\nretries = 0\n".to_owned();
    for url in urls {
        settings.push_str(&format!("[[generation.endpoints]]\nurl = \"{url}\"\nmodel = \"{model}\"\n"));
    }
    scenario.write("footnote.toml", settings);
    scenario.write("documents/kettles.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    let (report, code) = scenario.ingest();
    assert_eq!(code, 0, "{report:#}");
    scenario
}

fn written(answer: &Value) -> u64 {
    answer["usage"]["completion_tokens"].as_u64().unwrap_or(0)
}

fn cites_the_kettle(answer: &Value) {
    assert_eq!(answer["citations"][0]["quote"], "The red kettle boils in four minutes.", "{answer:#}");
}

#[test]
fn model_where_no_endpoint_answers_the_evidence_is_quoted() {
    let scenario = asking([NOBODY]);
    let answer = scenario.json(["ask", QUESTION]);
    assert_eq!((&answer["mode"], written(&answer)), (&"quoted".into(), 0), "{answer:#}");
    cites_the_kettle(&answer);
    let doctor = scenario.run(["doctor"]);
    assert_ne!(doctor.code, 0);
    assert!(doctor.stdout.contains(NOBODY) && doctor.stdout.contains("hint:"), "{}", doctor.stdout);
}

#[test]
fn model_a_server_elsewhere_phrases_answers() {
    let Some(urls) = servers("answers phrased elsewhere") else { return };
    for url in &urls {
        let scenario = asking([url.as_str()]);
        let answer = scenario.json(["ask", QUESTION]);
        assert!(written(&answer) > 0, "{url} wrote nothing: {answer:#}");
        cites_the_kettle(&answer);
        let doctor = scenario.ok(["doctor"]);
        assert!(doctor.contains(url), "{doctor}");
    }
}

#[test]
fn model_a_server_that_is_away_gives_way_to_the_next() {
    let Some(urls) = servers("fail-over") else { return };
    let scenario = asking([NOBODY].into_iter().chain(urls.iter().map(String::as_str)));
    let answer = scenario.json(["ask", QUESTION]);
    assert!(written(&answer) > 0, "{answer:#}");
    cites_the_kettle(&answer);
}
