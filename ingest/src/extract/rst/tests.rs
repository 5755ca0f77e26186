use super::*;

fn extract(source: &str) -> Extracted {
    Rst.extract("a.rst", source.as_bytes(), &|_| {}).unwrap()
}

#[test]
fn headings_have_levels_by_order_of_appearance() {
    let found = extract("=====\nGuide\n=====\n\nSetup\n-----\n\ntext\n\nFirst\n~~~~~\n\nmore\n\nUse\n---\nend\n");
    let headings: Vec<_> = found.headings.iter().map(|h| (h.level, h.span.of(&found.text).unwrap())).collect();
    assert_eq!(headings, [(1, "Guide"), (2, "Setup"), (3, "First"), (2, "Use")]);
    assert_eq!(found.text, "Guide\n\nSetup\n\ntext\n\nFirst\n\nmore\n\nUse\n\nend");
    assert_eq!(found.title.as_deref(), Some("Guide"));
}

#[test]
fn markup_goes_and_words_stay() {
    let found = extract(
        ".. _label:\n.. a comment\n   of two lines\n\nSee :ref:`the part <label>`, `a link <http://x>`_ and\n\
         **bold** ``*code*`` by :class:`~a.B`.\n\n.. note:: Mind it\n   at once.\n\n   - one\n   - two that\n     is wrapped\n\n\
         .. code-block:: python\n   :linenos:\n\n   def f():\n       return 1\n\nRun::\n\n    make all\n      now\n\nEnd.\n\n\
         .. image:: a.png\n   :alt: A picture\n\n.. toctree::\n   a\n   b\n\n.. [1] The note.\n",
    );
    insta::assert_snapshot!(found.text, @r"
    See the part, a link and bold *code* by a.B.

    Mind it at once.

    - one
    - two that is wrapped

    def f():
        return 1

    Run:

    make all
      now

    End.

    A picture

    [1] The note.
    ");
}

#[test]
fn lists_and_tables_keep_their_lines() {
    let found = extract(
        ":Author: Me\n:Version: 1\n\n1. one\n2. two\n\n   more of two\n#. three\n\n+-----+------+\n| A   | B    |\n+=====+======+\n\
         | 1   | 2    |\n+-----+------+\n\n=====  =====\nName   Size\n=====  =====\nsmall  1\nlarge  2\n=====  =====\n\nAfter.\n",
    );
    insta::assert_snapshot!(found.text, @r"
    Author: Me
    Version: 1

    1. one
    2. two

    more of two
    #. three

    A: 1; B: 2

    Name: small; Size: 1
    Name: large; Size: 2

    After.
    ");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_with_headings_in_place(source in "([=\\-~*_`.:|+>\\[\\]() a-cé]|\n|   |\\.\\. |::\n){0,80}") {
        let found = extract(&source);
        for heading in &found.headings {
            proptest::prop_assert!(heading.span.of(&found.text).is_some_and(|text| !text.contains('\n')));
        }
        // A word that stands in no markup is never lost.
        let found = extract(&format!("{source}\n\nword\n"));
        proptest::prop_assert!(found.text.ends_with("word"), "{:?}", found.text);
    }
}

#[test]
fn a_heading_among_others_is_no_title() {
    assert_eq!(extract("Intro words.\n\nOne\n===\n\na\n\nTwo\n===\n\nb\n").title, None);
    assert_eq!(extract("badge\n\nOne\n===\n\na\n\nPart\n----\n\nb\n").title.as_deref(), Some("One"));
}
