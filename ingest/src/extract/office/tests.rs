use footnote_core::Code;

use super::super::zip_files::{ole, zip_of};
use super::*;

const W: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
                 xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
const P: &str = "xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\" \
                 xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
                 xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
const RELATED: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const KINDS: &str = "application/vnd.openxmlformats-officedocument";

fn relations(relations: &[(&str, &str, &str)]) -> String {
    let one = |(id, kind, target): &(&str, &str, &str)| {
        format!("<Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"{target}\"/>")
    };
    let all: String = relations.iter().map(one).collect();
    format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{all}</Relationships>"
    )
}

fn kinds(parts: &[(&str, &str)]) -> String {
    let one =
        |(part, kind): &(&str, &str)| format!("<Override PartName=\"{part}\" ContentType=\"{KINDS}.{kind}+xml\"/>");
    let all: String = parts.iter().map(one).collect();
    format!(
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>{all}</Types>"
    )
}

/// A DOCX around a whole `word/document.xml`.
fn docx_of(document: &str) -> Vec<u8> {
    let core = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties";
    zip_of(&[
        (
            "[Content_Types].xml",
            &kinds(&[
                ("/word/document.xml", "wordprocessingml.document.main"),
                ("/word/styles.xml", "wordprocessingml.styles"),
                ("/word/numbering.xml", "wordprocessingml.numbering"),
                ("/word/footnotes.xml", "wordprocessingml.footnotes"),
            ]),
        ),
        (
            "_rels/.rels",
            &relations(&[
                ("r1", &format!("{RELATED}/officeDocument"), "word/document.xml"),
                ("r2", core, "docProps/core.xml"),
            ]),
        ),
        (
            "docProps/core.xml",
            "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>The lease</dc:title>\
             <dc:creator>Ada</dc:creator><cp:keywords>house, rent</cp:keywords></cp:coreProperties>",
        ),
        (
            "word/_rels/document.xml.rels",
            &relations(&[
                ("r1", &format!("{RELATED}/styles"), "styles.xml"),
                ("r2", &format!("{RELATED}/numbering"), "numbering.xml"),
                ("r3", &format!("{RELATED}/footnotes"), "footnotes.xml"),
            ]),
        ),
        (
            "word/styles.xml",
            &format!(
                "<w:styles {W}><w:style w:type=\"paragraph\" w:styleId=\"Heading1\"><w:name w:val=\"heading 1\"/>\
                 <w:pPr><w:outlineLvl w:val=\"0\"/></w:pPr></w:style><w:style w:type=\"paragraph\" w:styleId=\"Heading2\">\
                 <w:name w:val=\"heading 2\"/><w:pPr><w:outlineLvl w:val=\"1\"/></w:pPr></w:style></w:styles>"
            ),
        ),
        (
            "word/numbering.xml",
            &format!(
                "<w:numbering {W}><w:abstractNum w:abstractNumId=\"0\">\
                 <w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/><w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/></w:lvl>\
                 <w:lvl w:ilvl=\"1\"><w:start w:val=\"1\"/><w:numFmt w:val=\"lowerLetter\"/><w:lvlText w:val=\"(%2)\"/></w:lvl>\
                 </w:abstractNum><w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>"
            ),
        ),
        (
            "word/footnotes.xml",
            &format!(
                "<w:footnotes {W}><w:footnote w:id=\"2\">{}</w:footnote></w:footnotes>",
                paragraph("", "Except in leap years.")
            ),
        ),
        ("word/document.xml", document),
    ])
}

/// A DOCX whose body is `body`.
fn docx(body: &str) -> Vec<u8> {
    docx_of(&format!("<?xml version=\"1.0\"?><w:document {W}><w:body>{body}</w:body></w:document>"))
}

fn paragraph(properties: &str, words: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space=\"preserve\">{words}</w:t></w:r></w:p>")
}

fn heading(level: u8, words: &str) -> String {
    paragraph(&format!("<w:pStyle w:val=\"Heading{level}\"/>"), words)
}

fn item(level: u8, words: &str) -> String {
    paragraph(&format!("<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"1\"/></w:numPr>"), words)
}

fn row(properties: &str, cells: &[&str]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<w:tc>{}</w:tc>", paragraph("", cell))).collect();
    format!("<w:tr><w:trPr>{properties}</w:trPr>{cells}</w:tr>")
}

fn extract(bytes: &[u8]) -> Result<Extracted> {
    Office.extract("a.docx", bytes, &|_| {})
}

fn headings(found: &Extracted) -> Vec<(u8, &str)> {
    found.headings.iter().map(|h| (h.level, h.span.of(&found.text).unwrap())).collect()
}

#[test]
fn headings_lists_tables_and_notes_of_a_text_survive() {
    let table = [row("<w:tblHeader/>", &["Room", "Rent"]), row("", &["Attic", "€ 300"]), row("", &["Cellar", ""])];
    let body = [
        heading(1, "Terms"),
        "<w:p><w:r><w:t>The rent is </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>fixed</w:t></w:r><w:r><w:t>.</w:t></w:r>\
         <w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p>"
            .to_owned(),
        heading(2, "Duties"),
        item(0, "Pay."),
        item(1, "on time"),
        item(1, "in full"),
        item(0, "Sweep."),
        format!("<w:tbl>{}</w:tbl>", table.concat()),
        paragraph("", "The end."),
    ];
    let found = extract(&docx(&body.concat())).unwrap();
    insta::assert_snapshot!(found.text, @r"
    Terms

    The rent is fixed.

    Except in leap years.

    Duties

    1. Pay.
      (a) on time
      (b) in full
    2. Sweep.

    Room: Attic; Rent: € 300
    Room: Cellar

    The end.
    ");
    assert_eq!(headings(&found), [(1, "Terms"), (2, "Duties")]);
    assert_eq!(found.title.as_deref(), Some("The lease"));
    assert_eq!(found.metadata.tags, ["house", "rent"]);
    assert_eq!(serde_json::to_value(&found.metadata.fields).unwrap(), serde_json::json!({"author": "Ada"}));
    assert!(found.pages.is_empty());
}

#[test]
fn a_header_row_that_is_only_drawn_as_one_is_found() {
    let bold = |words: &str| format!("<w:tc><w:p><w:r><w:rPr><w:b/></w:rPr><w:t>{words}</w:t></w:r></w:p></w:tc>");
    let table = format!("<w:tbl><w:tr>{}{}</w:tr>{}</w:tbl>", bold("Room"), bold("Rent"), row("", &["Attic", "300"]));
    let names = format!("<w:tbl>{}{}</w:tbl>", row("", &["Room", "Floor", "Rent"]), row("", &["Attic", "4", "300"]));
    let pairs = format!("<w:tbl>{}{}</w:tbl>", row("", &["Owner", "Anna"]), row("", &["Rent", "300"]));
    let body = [table, paragraph("", "and"), names, paragraph("", "and"), pairs].concat();
    assert_eq!(
        extract(&docx(&body)).unwrap().text,
        "Room: Attic; Rent: 300\n\nand\n\nRoom: Attic; Floor: 4; Rent: 300\n\nand\n\nOwner; Anna\nRent; 300\n\n\
         Except in leap years."
    );
}

#[test]
fn a_wide_header_names_all_its_columns() {
    let wide = "<w:tc><w:tcPr><w:gridSpan w:val=\"2\"/></w:tcPr><w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Sales</w:t></w:r></w:p></w:tc>";
    let bold = "<w:tc><w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Region</w:t></w:r></w:p></w:tc>";
    let found =
        extract(&docx(&format!("<w:tbl><w:tr>{bold}{wide}</w:tr>{}</w:tbl>", row("", &["North", "1", "2"])))).unwrap();
    assert!(found.text.starts_with("Region: North; Sales: 1; Sales: 2"), "{}", found.text);
}

#[test]
fn merged_cells_are_said_in_each_row() {
    let merged =
        |mark: &str, words: &str| format!("<w:tc><w:tcPr><w:vMerge {mark}/></w:tcPr>{}</w:tc>", paragraph("", words));
    let plain = |words: &str| format!("<w:tc>{}</w:tc>", paragraph("", words));
    let rows = [
        row("<w:tblHeader/>", &["Floor", "Room"]),
        format!("<w:tr>{}{}</w:tr>", merged("w:val=\"restart\"", "First"), plain("A")),
        format!("<w:tr>{}{}</w:tr>", merged("", ""), plain("B")),
    ];
    let found = extract(&docx(&format!("<w:tbl>{}</w:tbl>", rows.concat()))).unwrap();
    assert_eq!(found.text, "Floor: First; Room: A\nFloor: First; Room: B\n\nExcept in leap years.");
}

#[test]
fn an_external_entity_is_never_read() {
    let document = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE w:document [<!ENTITY x SYSTEM \"file:///etc/passwd\">\
         <!ENTITY y \"expanded inside\">]><w:document {W}><w:body><w:p><w:r><w:t>before &x; &y; after</w:t></w:r></w:p>\
         </w:body></w:document>"
    );
    // Whether the library refuses the document or passes over the reference, nothing of the file comes in.
    match extract(&docx_of(&document)) {
        Ok(found) => {
            assert!(!found.text.contains("root:") && !found.text.contains("expanded inside"), "{}", found.text);
        }
        Err(error) => assert_eq!(error.code(), Code::FileDamaged),
    }
}

fn slide(title: &str, lines: &[&str]) -> String {
    let text = |role: &str, lines: &[&str]| {
        let lines: String = lines.iter().map(|line| format!("<a:p><a:r><a:t>{line}</a:t></a:r></a:p>")).collect();
        format!(
            "<p:sp><p:nvSpPr><p:cNvPr id=\"1\" name=\"x\"/><p:cNvSpPr/><p:nvPr><p:ph type=\"{role}\"/></p:nvPr></p:nvSpPr>\
             <p:spPr/><p:txBody><a:bodyPr/>{lines}</p:txBody></p:sp>"
        )
    };
    let shapes = [text("title", &[title]), text("body", lines), text("ftr", &["Confidential"])].concat();
    format!("<p:sld {P}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>")
}

fn pptx() -> Vec<u8> {
    let notes = format!(
        "<p:notes {P}><p:cSld><p:spTree><p:sp><p:nvSpPr><p:cNvPr id=\"1\" name=\"n\"/><p:cNvSpPr/><p:nvPr>\
         <p:ph type=\"body\" idx=\"1\"/></p:nvPr></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r>\
         <a:t>Say it slowly.</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:notes>"
    );
    zip_of(&[
        (
            "[Content_Types].xml",
            &kinds(&[
                ("/ppt/presentation.xml", "presentationml.presentation.main"),
                ("/ppt/slides/slide1.xml", "presentationml.slide"),
                ("/ppt/slides/slide2.xml", "presentationml.slide"),
                ("/ppt/notesSlides/notesSlide1.xml", "presentationml.notesSlide"),
            ]),
        ),
        ("_rels/.rels", &relations(&[("r1", &format!("{RELATED}/officeDocument"), "ppt/presentation.xml")])),
        (
            "ppt/presentation.xml",
            &format!(
                "<p:presentation {P}><p:sldIdLst><p:sldId id=\"256\" r:id=\"r1\"/><p:sldId id=\"257\" r:id=\"r2\"/>\
                 </p:sldIdLst></p:presentation>"
            ),
        ),
        (
            "ppt/_rels/presentation.xml.rels",
            &relations(&[
                ("r1", &format!("{RELATED}/slide"), "slides/slide1.xml"),
                ("r2", &format!("{RELATED}/slide"), "slides/slide2.xml"),
            ]),
        ),
        ("ppt/slides/slide1.xml", &slide("Plan", &["One thing.", "Another."])),
        (
            "ppt/slides/_rels/slide1.xml.rels",
            &relations(&[("r1", &format!("{RELATED}/notesSlide"), "../notesSlides/notesSlide1.xml")]),
        ),
        ("ppt/slides/slide2.xml", &slide("Costs", &["Few."])),
        ("ppt/notesSlides/notesSlide1.xml", &notes),
    ])
}

#[test]
fn each_slide_is_a_page_with_its_title_and_notes() {
    let heard = std::cell::RefCell::new(Vec::new());
    let found = Office.extract("a.pptx", &pptx(), &|page| heard.borrow_mut().push(page)).unwrap();
    insta::assert_snapshot!(found.text, @r"
    Plan

    One thing.
    Another.

    Notes:
    Say it slowly.

    Costs

    Few.
    ");
    let pages: Vec<_> = found.pages.iter().map(|page| (page.number, page.span.of(&found.text).unwrap())).collect();
    assert_eq!(pages[1], (2, "Costs\n\nFew."));
    assert_eq!(headings(&found), [(1, "Plan"), (1, "Costs")]);
    assert_eq!(heard.into_inner(), [1, 2]);
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let code = |bytes: &[u8]| extract(bytes).unwrap_err().code();
    let whole = docx(&paragraph("", "words"));
    assert_eq!(code(&whole[..whole.len() - 100]), Code::FileDamaged);
    assert_eq!(code(&zip_of(&[])), Code::FileDamaged);
    assert_eq!(code(&zip_of(&[("word/styles.xml", "<w/>")])), Code::FileDamaged);
    assert_eq!(code(&ole("EncryptedPackage")), Code::FileEncrypted);
    assert_eq!(code(&ole("Contents")), Code::FileDamaged);
    assert_eq!(code(&ole("WordDocument")), Code::FileDamaged);
    let spaces = " ".repeat(20 << 20);
    assert_eq!(code(&zip_of(&[("word/document.xml", &spaces)])), Code::ArchiveLimit);
}
