use super::*;

fn extract(source: &str) -> Extracted {
    AsciiDoc.extract("a.adoc", source.as_bytes(), &|_| {}).unwrap()
}

#[test]
fn markup_goes_and_words_stay() {
    let found = extract(
        "= The Guide\nAn Author <a@b.c>\n:toc: left\n:icons: font\n\n// a comment\n== Setup _now_\n\nSome *bold* and `co*d*e` `+x*+`\n\
         in wrapped lines, see <<part,the part>> and\nhttps://x.org[a link^]. +\nNext.footnote:[A note.]\n\n[source,sh]\n.How to run\n----\n  run --it\n\n== done\n----\n\n\
         [NOTE]\n====\nMind it.\n====\n\n////\nnot this\n////\n\n* one\n** inner\n* two\nwrapped\n+\nmore of two\n\n. first\n. second\n\nterm:: meaning\n\n\
         include::other.adoc[]\nimage::a.png[A picture]\n=== Deep\n\n literal\n   text\n",
    );
    insta::assert_snapshot!(found.text, @r"
    The Guide

    An Author <a@b.c>

    Setup now

    Some bold and co*d*e x* in wrapped lines, see the part and a link.
    Next. (A note.)

    How to run

      run --it

    == done

    Mind it.

    - one
      - inner
    - two wrapped
    more of two

    - first
    - second

    term:: meaning

    Deep

     literal
       text
    ");
    let headings: Vec<_> = found.headings.iter().map(|h| (h.level, h.span.of(&found.text).unwrap())).collect();
    assert_eq!(headings, [(1, "The Guide"), (2, "Setup now"), (3, "Deep")]);
    assert_eq!(found.title.as_deref(), Some("The Guide"));
}

#[test]
fn attributes_of_the_header_say_what_it_is_and_others_do_not() {
    let found = extract(
        "= The Guide\nAda <a@b>\n:keywords: lamps, halls\n:year: 2018\n:toc:\n:!numbered:\n:labels: hr\n\n:later: no\n\nText.",
    );
    assert_eq!(found.metadata.tags, ["lamps", "halls"]);
    assert_eq!(found.metadata.labels, ["hr"]);
    assert_eq!(serde_json::to_value(&found.metadata.fields).unwrap(), serde_json::json!({"year": 2018.0}));
}

#[test]
fn a_row_of_a_table_can_be_quoted_by_itself() {
    let found = extract("|===\n|Model |Size\n\n|Phi\n|2 GB\n\n|Llama |4 GB\nand more\n|===\n\nAfter.");
    assert_eq!(found.text, "Model: Phi; Size: 2 GB\nModel: Llama; Size: 4 GB and more\n\nAfter.");
    assert_eq!(extract("|===\n|a |b\n|c |d\n|===").text, "a; b\nc; d");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_with_headings_in_place(source in "([=\\-*_`.:|+/<>\\[\\]# a-cé]|\n|----\n|== |::){0,80}") {
        let found = extract(&source);
        for heading in &found.headings {
            proptest::prop_assert!(heading.span.of(&found.text).is_some_and(|text| !text.contains('\n')));
        }
    }
}
