//! Settings that ask for another index: the old one answers until the new one is whole.

use footnote_tests::Scenario;
use serde_json::{Value, json};

use super::worker::{until, until_found};

const QUOTED: &str = "[grounding]\nmode = \"quoted\"\n";
const SMALLER: &str = "[chunk]\nmax_tokens = 120\n";

/// Documents of several chunks each, and one that is asked about.
fn scenario(documents: usize) -> Scenario {
    let scenario = Scenario::new();
    scenario.write("footnote.toml", QUOTED);
    scenario.write("documents/kettles.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    for n in 0..documents {
        let text: String =
            (0..40).map(|m| format!("Paragraph {m} of document {n} tells of a pot and its lid.\n\n")).collect();
        scenario.write(&format!("documents/pots/{n}.md"), format!("# Pot {n}\n\n{text}"));
    }
    let (report, code) = scenario.ingest();
    assert_eq!(code, 0, "{report:#}");
    scenario
}

fn chunks(scenario: &Scenario) -> u64 {
    let verified = scenario.json(["verify"]);
    verified[0]["chunks"].as_u64().unwrap()
}

#[test]
fn model_other_chunk_settings_make_the_index_anew_and_answers_stay_exact() {
    let scenario = scenario(10);
    let before = chunks(&scenario);
    scenario.write("footnote.toml", format!("{QUOTED}{SMALLER}"));
    // Asking and checking do not wait for a new index, and get no wrong answer from the old one.
    assert!(scenario.found("red kettle").contains("four minutes"));
    assert_eq!(chunks(&scenario), before);

    // A source that changed meanwhile is ingested into the new index.
    scenario.write("documents/late.md", "# Late\n\nThe late kettle is blue.\n");
    let (report, code) = scenario.ingest();
    assert_eq!((code, &report["added"], &report["unchanged"]), (0, &1.into(), &11.into()), "{report:#}");
    let after = chunks(&scenario);
    assert!(after > before + 10, "{before} chunks became {after}");
    scenario.verify();
    let answer = scenario.json(["ask", "How long does the red kettle take to boil?"]);
    assert_eq!(answer["citations"][0]["quote"], "The red kettle boils in four minutes.", "{answer:#}");
    assert!(scenario.found("late kettle").contains("is blue"));
    let collection = scenario.data().join("collections/default");
    assert!(collection.join("generation-1").is_dir());
    assert!(!collection.join("vectors").exists() && !collection.join("keyword").exists(), "the old index was left");

    let (report, _) = scenario.ingest();
    assert_eq!((&report["unchanged"], &report["embedded"]), (&12.into(), &0.into()), "{report:#}");
    // And back, as any other change.
    scenario.write("footnote.toml", QUOTED);
    assert_eq!(scenario.ingest().1, 0);
    assert_eq!(chunks(&scenario), before + 1);
    assert!(collection.join("generation-2").is_dir() && !collection.join("generation-1").exists());
    scenario.verify();
}

#[tokio::test]
async fn model_a_server_answers_from_the_old_index_while_it_makes_the_new_one() {
    let scenario = scenario(150);
    let before = chunks(&scenario);
    let server = scenario.serve();
    until_found(&server, "four minutes", None).await;
    assert_eq!(server.get_json("/jobs").await["jobs"], json!([]), "nothing to make anew");
    assert_eq!(server.stop(), Some(0));

    scenario.write("footnote.toml", format!("{QUOTED}{SMALLER}"));
    let server = scenario.serve();
    let renewal = async || {
        let jobs = server.get_json("/jobs").await["jobs"].clone();
        assert_eq!(jobs.as_array().map(Vec::len), Some(1), "{jobs:#}");
        jobs[0].clone()
    };
    let question = json!({ "question": "How long does the red kettle take to boil?" });
    let (status, told) = server.post_json("/ask", &question).await;
    let job = renewal().await;
    assert_eq!((status, &told["citations"][0]["quote"]), (200, &json!("The red kettle boils in four minutes.")));
    assert!(job.to_string().contains("renew"), "{job:#}");
    assert!(["queued", "running"].contains(&job["state"].as_str().unwrap()), "answered after it, not during: {job:#}");
    until("the renewal's end", async || {
        let (status, told) = server.post_json("/ask", &question).await;
        assert_eq!((status, &told["answerable"]), (200, &Value::Bool(true)), "{told:#}");
        let job = renewal().await;
        (job["state"] == "done", job)
    })
    .await;
    let (_, told) = server.post_json("/ask", &question).await;
    assert_eq!(told["citations"][0]["quote"], "The red kettle boils in four minutes.", "{told:#}");
    assert_eq!(server.stop(), Some(0));
    scenario.verify();
    assert!(chunks(&scenario) > before + 150);
}
