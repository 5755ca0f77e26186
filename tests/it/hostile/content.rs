//! Files whose content is the trouble: archives, PDFs, office files.

use std::path::Path;

use footnote_tests::{files, repository};

use super::{nothing_else_suffered, scenario, told};

#[test]
fn model_archives_that_overflow_nest_or_escape_are_refused_where_they_do() {
    let scenario = scenario();
    scenario.write("footnote.toml", "[ingest]\narchive_max_files = 50\n");
    scenario.write("documents/bomb.zip", files::zip(&[("zeros.txt", &vec![0; 32 << 20])]));
    let inner = files::zip(&[("deep.md", b"# Deep\n\nThe deep kettle is silent.\n")]);
    let beside = b"# Beside\n\nThe kettle beside it is green.\n";
    scenario.write("documents/nested.zip", files::zip(&[("inner.zip", &inner), ("sub/beside.md", beside)]));
    let kept = b"# Kept\n\nThe kettle that was kept is copper.\n";
    let slip = [("../../escaped.md", kept.as_slice()), ("/footnote-absolute.md", kept), ("kept.md", kept)];
    scenario.write("documents/slip.zip", files::zip(&slip));
    let names: Vec<String> = (0..60).map(|n| format!("{n}.md")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"# One of many\n".as_slice())).collect();
    scenario.write("documents/many.zip", files::zip(&many));
    let whole = files::zip(&[("a.md", b"# Cut\n")]);
    scenario.write("documents/cut.zip", &whole[..whole.len() / 2]);

    let (report, code) = scenario.ingest();
    assert_eq!(code, 1, "{report:#}");
    let rows = scenario.rows();
    told(&rows, "bomb.zip", "failed", "zip bomb");
    told(&rows, "nested.zip", "indexed", "an archive of 2 files");
    told(&rows, "nested.zip!/inner.zip", "failed", "an archive inside an archive is not opened");
    told(&rows, "nested.zip!/sub/beside.md", "indexed", "");
    told(&rows, "slip.zip!/../../escaped.md", "failed", "leads outside the archive");
    told(&rows, "slip.zip!//footnote-absolute.md", "failed", "leads outside the archive");
    told(&rows, "slip.zip!/kept.md", "indexed", "");
    told(&rows, "many.zip", "failed", "more than 50 files");
    told(&rows, "cut.zip", "failed", "damaged");
    assert!(!scenario.path("escaped.md").exists() && !scenario.path("documents/escaped.md").exists());
    assert!(!Path::new("/footnote-absolute.md").exists());
    let found = scenario.found("kettle");
    assert!(found.contains("is green") && found.contains("is copper") && !found.contains("is silent"), "{found}");
    nothing_else_suffered(&scenario);
}

#[test]
fn model_pdfs_that_are_locked_scanned_cut_or_scripted_say_so() {
    let scenario = scenario();
    scenario.write("documents/locked.pdf", fs_err::read(repository().join("tests/fixtures/encrypted.pdf")).unwrap());
    scenario.write("documents/scan.pdf", files::pdf(&["", ""], ""));
    scenario.write("documents/mixed.pdf", files::pdf(&["The mixed kettle has words on its first page.", ""], ""));
    let whole = files::pdf(&["Nobody sees this page."; 30], "");
    scenario.write("documents/cut.pdf", &whole[..200]);
    scenario.write("documents/nothing.pdf", "%PDF-1.7\n%%EOF\n");
    let script = "/OpenAction<</S/JavaScript/JS(app.launchURL\\(1\\))>>";
    scenario.write("documents/script.pdf", files::pdf(&["The scripted kettle whistles by itself."], script));

    let (report, code) = scenario.ingest();
    assert_eq!(code, 1, "{report:#}");
    let rows = scenario.rows();
    told(&rows, "locked.pdf", "failed", "password");
    told(&rows, "scan.pdf", "skipped", "OCR");
    told(&rows, "mixed.pdf", "indexed", "OCR");
    told(&rows, "cut.pdf", "failed", "PDF");
    told(&rows, "nothing.pdf", "failed", "PDF");
    told(&rows, "script.pdf", "indexed", "");
    let found = scenario.found("kettle");
    assert!(found.contains("by itself") && found.contains("first page"), "{found}");
    assert!(!found.contains("launchURL"), "{found}");
    nothing_else_suffered(&scenario);
}

#[test]
fn model_an_external_entity_is_not_read_and_a_million_empty_rows_cost_nothing() {
    let scenario = scenario();
    let secret = scenario.write("secret.txt", "The password of the kettle club is swordfish.");
    let entity = format!("<!DOCTYPE w:document [<!ENTITY x SYSTEM \"file://{}\">]>", secret.display());
    scenario.write("documents/entity.docx", files::docx(&entity, "The minutes of the kettle club: &x; ends here."));
    let cell = |place: &str, words: &str| format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{words}</t></is></c>");
    let row = |number: u32, first: &str, second: &str| {
        let cells = cell(&format!("A{number}"), first) + &cell(&format!("B{number}"), second);
        format!("<row r=\"{number}\">{cells}</row>")
    };
    let empty: String = (3..1_000_003).map(|number| format!("<row r=\"{number}\"/>")).collect();
    let rows = row(1, "Kettle", "Shelf") + &row(2, "enamel", "lowest") + &empty + &row(1_000_003, "pewter", "topmost");
    scenario.write("documents/rows.xlsx", files::xlsx(&rows));

    let (report, code) = scenario.ingest();
    assert_eq!(code, 0, "{report:#}");
    let rows = scenario.rows();
    told(&rows, "entity.docx", "indexed", "");
    told(&rows, "rows.xlsx", "indexed", "");
    let found = scenario.found("kettle club password");
    assert!(found.contains("minutes of the kettle club") && !found.contains("swordfish"), "{found}");
    let found = scenario.found("pewter topmost");
    assert!(found.contains("pewter") && found.contains("topmost") && found.contains("enamel"), "{found}");
    assert!(report["chunks"].as_u64().unwrap() < 10, "{report:#}");
    nothing_else_suffered(&scenario);
}
