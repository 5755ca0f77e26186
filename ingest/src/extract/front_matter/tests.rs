//! Front matters: what they say is taken out of the text, and no front matter does harm.

use std::time::{Duration, Instant};

use footnote_core::Metadata;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn cut_off(source: &str) -> (Option<String>, Metadata, &str) {
    let (said, rest) = cut("a.md", source, Custom::Usual);
    (said.title.clone(), said.metadata(), rest)
}

#[test]
fn yaml_and_toml_say_the_same() {
    let yaml = "---\ntitle: \"The guide\"\ntags: [a, b]\nlabels: hr\nyear: 2018\ndraft: false\nday: 2024-05-01\n\
                at: 2024-05-01 10:00:00 +0200\nreview:\n  by: Ada\n---\n# Body\n";
    let toml = "+++\ntitle = 'The guide'\ntags = ['a', 'b']\naccess = 'hr'\nyear = 2018\ndraft = false\n\
                day = 2024-05-01\nat = 2024-05-01T08:00:00Z\n[review]\nby = 'Ada'\n+++\n# Body\n";
    let (title, metadata, rest) = cut_off(yaml);
    assert_eq!((title.as_deref(), rest), (Some("The guide"), "# Body\n"));
    assert_eq!(
        (metadata.tags.as_slice(), metadata.labels.as_slice()),
        (["a", "b"].map(String::from).as_slice(), ["hr".into()].as_slice())
    );
    let fields =
        json!({"at": "2024-05-01T08:00:00Z", "day": "2024-05-01", "draft": false, "review.by": "Ada", "year": 2018.0});
    assert_eq!(serde_json::to_value(&metadata.fields).unwrap(), fields);
    assert_eq!(cut_off(toml), (title, metadata, rest));
}

#[test]
fn what_is_no_block_stays() {
    for source in
        ["", "---", "--- \nunclosed", "----\ntitle: x\n----\n", "\n---\ntitle: x\n---\n", "--\n", "–––\nx\n---\n"]
    {
        assert_eq!(cut_off(source), (None, Metadata::default(), source), "{source:?}");
    }
    // Words between two rules.
    let rules = "---\nJust some words.\n---\nMore.\n";
    assert_eq!(cut_off(rules), (None, Metadata::default(), rules));
    assert_eq!(cut_off("---\n---\nBody").2, "Body");
}

#[test]
fn where_front_matters_are_unusual_a_block_must_look_like_one() {
    let unusual = |source| {
        let (said, rest) = cut("a.txt", source, Custom::Unusual);
        (said.title, rest)
    };
    assert_eq!(unusual("---\nTitle: x\n---\nBody"), (Some("x".into()), "Body"));
    for source in
        ["---\nNote: mind the gap\n---\nBody", "---\nNote: a: b\n---\nBody", "---\n---\nBody", "+++\nabc\n+++\n"]
    {
        assert_eq!(unusual(source), (None, source));
    }
}

#[test]
fn a_broken_block_stays_in_the_text_and_opens_nothing() {
    let source = "---\ntitle: Plan: the second\nlabels: [hr\n---\nBody";
    let (title, metadata, rest) = cut_off(source);
    assert_eq!((title.as_deref(), rest), (Some("Plan: the second"), source));
    assert_eq!(metadata.labels, [UNREADABLE]);
    let twice = "---\nlabels: [hr]\nlabels: [all]\n---\n";
    let labels = cut_off(twice).1.labels;
    assert!(!labels.is_empty() && labels.iter().all(|label| label == UNREADABLE), "nobody knows which was meant");
}

#[test]
fn hostile_blocks_cost_little_and_stay_in_the_text() {
    let fenced = |inside: &str| format!("---\n{inside}\n---\nBody");
    let bomb: String = std::iter::once("a0: &a0 [x, x]\n".to_owned())
        .chain((1..40).map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1)))
        .collect();
    let wide = format!("a: &a {}\nb: [{}]", "x".repeat(30_000), "*a, ".repeat(8_000));
    for (what, source) in [
        ("ten megabytes", fenced(&format!("text: {}", "x".repeat(10 << 20)))),
        ("an endless line", fenced(&"x".repeat(10 << 20))),
        ("aliases that multiply", fenced(&bomb)),
        ("an alias of a long text", fenced(&wide)),
        ("deep lists", fenced(&format!("a: {}{}", "[".repeat(20_000), "]".repeat(20_000)))),
        ("open lists", fenced(&format!("a: {}", "[".repeat(60_000)))),
        ("deep maps", fenced(&(0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>())),
        ("a tag of another language", fenced("a: !!python/object/apply:os.system [ls]\nb: [")),
        ("two documents", fenced("a: 1\n--- \nb: 2")),
        ("toml without end", format!("+++\na = {}\n+++\n", "[".repeat(60_000))),
    ] {
        let started = Instant::now();
        let (_, _, rest) = cut_off(&source);
        assert!(started.elapsed() < Duration::from_secs(5), "{what}");
        assert!(rest.len() == source.len() || rest == "Body" || rest == "b: 2\n---\nBody", "{what}");
    }
    // Control characters are gone from a canonical text; they do no harm to one that is none.
    cut_off("---\na: \0\u{1}\nb: \"\\0\"\n---\n");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_no_text_is_lost(
        inside in "(---|\\+\\+\\+)\n([a-z&*!\\[\\]{}:,\"'|>#%@`=.? \\-\\\\\n\t0-9éA]{0,120})\n(---|\\+\\+\\+|\\.\\.\\.)\nBody",
        custom in prop_oneof![Just(Custom::Usual), Just(Custom::Unusual)],
    ) {
        let (_, rest) = cut("a.md", &inside, custom);
        prop_assert!(rest.len() == inside.len() || rest.len() < inside.len() && inside.ends_with(rest));
    }

    #[test]
    fn any_yaml_is_read_or_refused(inside in "\\PC{0,200}") {
        let _ = yaml(&inside);
        let _ = toml(&inside);
    }
}
