//! Small files of formats that are not text, made for a story.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const RELATED: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// A zip archive of `entries`: names and contents. Names are written as they are, wherever they lead.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        writer.write_all(content).expect("its content");
    }
    writer.finish().expect("an archive").into_inner()
}

fn package(main: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let root = format!(
        "<Relationships xmlns=\"{PACKAGE}/relationships\">\
         <Relationship Id=\"r1\" Type=\"{RELATED}/officeDocument\" Target=\"{main}\"/></Relationships>"
    );
    let kinds = format!("<Types xmlns=\"{PACKAGE}/content-types\"/>");
    let mut entries = vec![("[Content_Types].xml", kinds.as_bytes()), ("_rels/.rels", root.as_bytes())];
    entries.extend(more.iter().map(|(name, content)| (*name, content.as_bytes())));
    zip(&entries)
}

/// A DOCX with one paragraph of `words`, which are XML, after `declarations`.
#[must_use]
pub fn docx(declarations: &str, words: &str) -> Vec<u8> {
    let document = format!(
        "<?xml version=\"1.0\"?>{declarations}\
         <w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:body><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:body></w:document>"
    );
    package("word/document.xml", &[("word/document.xml", &document)])
}

/// An XLSX of one sheet whose `sheetData` element holds `rows`.
#[must_use]
pub fn xlsx(rows: &str) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let book = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{RELATED}\">\
         <sheets><sheet name=\"Stock\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let relations = format!(
        "<Relationships xmlns=\"{PACKAGE}/relationships\">\
         <Relationship Id=\"r1\" Type=\"{RELATED}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
    );
    let sheet = format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>");
    package(
        "xl/workbook.xml",
        &[("xl/workbook.xml", &book), ("xl/_rels/workbook.xml.rels", &relations), ("xl/worksheets/sheet1.xml", &sheet)],
    )
}

/// A PDF with a page for each of `pages`, a line of text each; an empty line draws nothing. `catalog` is added to
/// the document's catalog.
#[must_use]
pub fn pdf(pages: &[&str], catalog: &str) -> Vec<u8> {
    let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", 4 + 2 * page)).collect();
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
        format!("<</Type/Pages/Kids[{kids}]/Count {}>>", pages.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    for (page, words) in pages.iter().enumerate() {
        let contents = 5 + 2 * page;
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>/Contents {contents} 0 R>>"
        ));
        let drawn = if words.is_empty() { String::new() } else { format!("BT /F1 12 Tf 50 700 Td ({words}) Tj ET") };
        objects.push(format!("<</Length {}>>\nstream\n{drawn}\nendstream", drawn.len() + 1));
    }
    let (mut file, mut table) = ("%PDF-1.4\n".to_owned(), "0000000000 65535 f \n".to_owned());
    for (number, object) in (1..).zip(&objects) {
        table += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let (start, count) = (file.len(), objects.len() + 1);
    file += &format!("xref\n0 {count}\n{table}trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
    file.into_bytes()
}
