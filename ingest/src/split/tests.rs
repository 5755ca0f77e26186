use proptest::prelude::*;

use super::*;

/// Splits `text` as one section, a token a word.
fn parts(text: &str, syntax: &Syntax, room: usize, overlap: usize) -> Vec<Span> {
    let index = TokenIndex::of_words(text);
    let splitter = Splitter { text, index: &index, overlap, syntax };
    splitter.split(&Section { span: Span::new(0, text.len()), body: 0, path: Vec::new() }, room)
}

fn texts<'a>(text: &'a str, syntax: &Syntax, room: usize, overlap: usize) -> Vec<&'a str> {
    parts(text, syntax, room, overlap).into_iter().map(|span| span.of(text).unwrap()).collect()
}

/// Where units begin and end, without the white space between them.
fn is_unit_start(text: &str, units: &[usize], at: usize) -> bool {
    let last = last_up_to(units, at).unwrap_or(0);
    text[last..at].trim().is_empty()
}

#[test]
fn rows_stay_whole_after_a_sentence_that_had_to_be_cut() {
    let long = "Word ".repeat(30).trim_end().to_owned() + ".";
    let row = "Model: Phi. New. Fast.; Size: 2. B. In all.";
    let text = format!("{long}\n\n{row}\n{row}\n{row}\n{row}");
    for overlap in [0, 4] {
        let found = texts(&text, &Syntax::Prose, 16, overlap);
        let rows: Vec<&str> = found.iter().flat_map(|part| part.lines()).filter(|line| line.contains(':')).collect();
        assert!(rows.len() >= 4 && rows.iter().all(|line| *line == row), "{found:#?}");
    }
}

#[test]
fn neighbours_share_whole_sentences() {
    let text = "One two three. Four five six. Seven eight nine. Ten eleven twelve. Last one here.";
    let found = texts(text, &Syntax::Prose, 12, 4);
    assert!(found.len() > 1);
    for pair in found.windows(2) {
        let shared = pair[1].split_inclusive(". ").next().unwrap().trim();
        assert!(pair[0].ends_with(shared), "{found:#?}");
    }
}

#[test]
fn functions_stay_whole_where_they_fit() {
    let function = |name: &str| {
        format!(
            "/// What {name} does.\nfn {name}() {{\n    let x = 1;\n\n    if x > 0 {{\n        go(x);\n    }}\n}}\n"
        )
    };
    let text: String = ["alpha", "beta", "gamma", "delta"].map(function).join("\n");
    let rust = Syntax::of("text/x-rust");
    let found = texts(&text, &rust, 28, 0);
    assert_eq!(found, ["alpha", "beta", "gamma", "delta"].map(|name| function(name).trim_end().to_owned()));
}

#[test]
fn a_long_comment_stays_where_it_is() {
    let text = format!("{}fn f() {{\n    go();\n}}\n", "// Some words of a licence that is long.\n".repeat(8));
    let found = texts(&text, &Syntax::of("text/x-rust"), 20, 0);
    assert!(found.len() > 2 && found.iter().all(|part| part.lines().all(|line| text.contains(line))), "{found:#?}");
    assert!(found.last().unwrap().ends_with("fn f() {\n    go();\n}"));
}

#[test]
fn code_keeps_its_indentation_and_is_cut_between_lines() {
    let body: String = (0..20).map(|n| format!("    call_number_{n}(with, some, words);\n")).collect();
    let text = format!("def f():\n{body}");
    for syntax in [Syntax::of("text/x-python"), Syntax::Lines] {
        for overlap in [0, 5] {
            let found = texts(&text, &syntax, 12, overlap);
            assert!(found.len() > 5);
            let lines: Vec<&str> = text.lines().collect();
            assert!(found.iter().flat_map(|part| part.lines()).all(|line| lines.contains(&line)), "{found:#?}");
        }
    }
}

#[test]
fn windows_tile_a_long_program() {
    let text = "fn a() {\n    b();\n}\n\n".repeat(9_000);
    let (mut at, mut windows) = (0, 0);
    while at < text.len() {
        let part = window(&text[at..]);
        assert!(!part.is_empty() && part.len() <= WINDOW_BYTES && part.starts_with("fn"));
        (at, windows) = (at + part.len(), windows + 1);
    }
    assert!(windows > 2);
    assert!(!window(&"é".repeat(WINDOW_BYTES)).is_empty());
}

fn syntax() -> impl Strategy<Value = Syntax> {
    prop_oneof![
        3 => Just(Syntax::Prose),
        1 => Just(Syntax::Lines),
        1 => Just(Syntax::of("text/x-rust")),
        1 => Just(Syntax::of("text/x-python")),
    ]
}

proptest! {
    #[test]
    fn parts_fit_lose_nothing_and_share_whole_units(
        text in "(([a-z]{1,6}[ ,;:|]{0,2}){1,12}([.!?] |\\. [A-Z]|\n|\n\n|\n    |\\{\n|\\}\n|。)){0,40}",
        room in 8usize..40,
        overlap in 0usize..10,
        syntax in syntax(),
    ) {
        let index = TokenIndex::of_words(&text);
        let spans = parts(&text, &syntax, room, overlap);
        let units = units::starts(&text, Span::new(0, text.len()), syntax.is_code());
        let mut covered = 0;
        for (at, span) in spans.iter().enumerate() {
            prop_assert!(!span.is_empty());
            // A word that is cut in two is one token still: the index counts where they begin.
            prop_assert!(index.count(*span) <= room, "{} tokens", index.count(*span));
            if at > 0 && span.start < covered {
                // What is shared is whole units, and no more than was asked for.
                prop_assert!(is_unit_start(&text, &units, span.start), "{:?}", span.of(&text));
                prop_assert!(index.count(Span::new(span.start, covered)) <= overlap);
                let after = covered + (text.len() - covered - text[covered..].trim_start().len());
                prop_assert!(is_unit_start(&text, &units, after), "shares half a unit: {:?}", span.of(&text));
                prop_assert!(span.start > spans[at - 1].start);
            } else {
                prop_assert!(text[covered..span.start].trim().is_empty());
            }
            covered = span.end;
        }
        prop_assert!(text[covered..].trim().is_empty());
    }

    #[test]
    fn a_unit_that_fits_is_never_cut(
        text in "(([a-z]{1,6}[ ,]){1,12}(\\. [A-Z]|\n|\n\n|\n    )){0,40}",
        room in 16usize..40,
        overlap in 0usize..5,
        syntax in syntax(),
    ) {
        let index = TokenIndex::of_words(&text);
        let units = units::starts(&text, Span::new(0, text.len()), syntax.is_code());
        for span in parts(&text, &syntax, room, overlap) {
            if !is_unit_start(&text, &units, span.start) {
                let begins = last_up_to(&units, span.start).unwrap_or(0);
                let ends = units.get(units.partition_point(|&unit| unit <= span.start)).copied().unwrap_or(text.len());
                prop_assert!(index.count(Span::new(begins, ends)) > room - overlap);
            }
        }
    }
}
