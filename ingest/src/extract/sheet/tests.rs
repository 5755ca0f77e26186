use super::super::zip_files::{ole, zip_of};
use super::*;
use footnote_core::Code;

const MAIN: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
                    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
const RELATED: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// An XLSX of sheets: their names and what their `worksheet` elements hold. Style 1 is a date, 2 a percentage.
fn xlsx(sheets: &[(&str, &str)]) -> Vec<u8> {
    let mut list = String::new();
    let mut relations = String::new();
    let mut parts = Vec::new();
    for (index, (name, body)) in sheets.iter().enumerate() {
        let n = index + 1;
        list += &format!("<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"r{n}\"/>");
        relations +=
            &format!("<Relationship Id=\"r{n}\" Type=\"{RELATED}/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>");
        parts.push((format!("xl/worksheets/sheet{n}.xml"), format!("<worksheet {MAIN}>{body}</worksheet>")));
    }
    let package = "http://schemas.openxmlformats.org/package/2006";
    relations += &format!("<Relationship Id=\"s\" Type=\"{RELATED}/styles\" Target=\"styles.xml\"/>");
    let root = format!(
        "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"r1\" Type=\"{RELATED}/officeDocument\" \
         Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let styles = format!(
        "<styleSheet {MAIN}><cellXfs count=\"3\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\" applyNumberFormat=\"1\"/>\
         <xf numFmtId=\"10\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"
    );
    let mut entries = vec![
        ("[Content_Types].xml".to_owned(), format!("<Types xmlns=\"{package}/content-types\"/>")),
        ("_rels/.rels".to_owned(), root),
        ("xl/workbook.xml".to_owned(), format!("<workbook {MAIN}><sheets>{list}</sheets></workbook>")),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!("<Relationships xmlns=\"{package}/relationships\">{relations}</Relationships>"),
        ),
        ("xl/styles.xml".to_owned(), styles),
    ];
    entries.extend(parts);
    zip_of(&entries.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect::<Vec<_>>())
}

fn words(at: &str, words: &str) -> String {
    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{words}</t></is></c>")
}

fn number(at: &str, style: u8, value: &str) -> String {
    format!("<c r=\"{at}\" s=\"{style}\"><v>{value}</v></c>")
}

fn extract(bytes: &[u8]) -> Result<Extracted> {
    Sheet.extract("a.xlsx", bytes, &|_| {})
}

#[test]
fn rows_keep_their_headers_and_sheets_are_pages() {
    let costs = [
        "<sheetData><row r=\"1\">".to_owned(),
        words("A1", "Costs of 2024"),
        "</row><row r=\"3\">".to_owned(),
        [words("A3", "Item"), words("B3", "Day"), words("C3", "Price"), words("D3", "Share")].concat(),
        "</row><row r=\"4\">".to_owned(),
        [
            words("A4", "Paint"),
            number("B4", 1, "45943"),
            number("C4", 0, "0.30000000000000004"),
            number("D4", 2, "0.125"),
        ]
        .concat(),
        "</row><row r=\"5\">".to_owned(),
        [words("A5", "Brush &amp; roll"), "<c r=\"C5\"><f>SUM(C4:C4)</f><v>2.5</v></c>".to_owned()].concat(),
        "</row></sheetData><mergeCells count=\"1\"><mergeCell ref=\"A1:D1\"/></mergeCells>".to_owned(),
    ];
    let notes = format!("<sheetData><row r=\"1\">{}</row></sheetData>", words("B1", "Nothing more."));
    let heard = std::cell::RefCell::new(Vec::new());
    let bytes = xlsx(&[("Costs", &costs.concat()), ("Empty", "<sheetData/>"), ("Notes", &notes)]);
    let found = Sheet.extract("a.xlsx", &bytes, &|page| heard.borrow_mut().push(page)).unwrap();
    insta::assert_snapshot!(found.text, @r"
    Costs

    Costs of 2024

    Item: Paint; Day: 2025-10-13; Price: 0.3; Share: 12.50%
    Item: Brush & roll; Price: 2.5

    Empty

    Notes

    Nothing more.
    ");
    let headings: Vec<_> = found.headings.iter().map(|h| h.span.of(&found.text).unwrap()).collect();
    assert_eq!(headings, ["Costs", "Empty", "Notes"]);
    assert_eq!(found.pages[2].span.of(&found.text), Some("Notes\n\nNothing more."));
    assert_eq!(heard.into_inner(), [1, 2, 3]);
}

#[test]
fn a_million_empty_rows_cost_nothing() {
    let body = format!(
        "<dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\">{}</row><row r=\"1048576\">{}</row></sheetData>",
        words("A1", "first"),
        words("XFD1048576", "last"),
    );
    assert_eq!(extract(&xlsx(&[("S", &body)])).unwrap().text, "S\n\nfirst\n\nlast");
    let rows: String = (1..=200_000).map(|n| format!("<row r=\"{n}\"/>")).collect();
    let body = format!("<sheetData>{rows}<row r=\"1048576\">{}</row></sheetData>", words("C1048576", "last"));
    assert_eq!(extract(&xlsx(&[("S", &body)])).unwrap().text, "S\n\nlast");
}

#[test]
fn a_long_sheet_says_that_it_is_alive() {
    let rows: String =
        (1..=2500).map(|n| format!("<row r=\"{n}\">{}</row>", number(&format!("A{n}"), 0, "1"))).collect();
    let heard = std::cell::Cell::new(0);
    let bytes = xlsx(&[("S", &format!("<sheetData>{rows}</sheetData>"))]);
    let found = Sheet.extract("a.xlsx", &bytes, &|_| heard.set(heard.get() + 1)).unwrap();
    assert_eq!((heard.get(), found.text.lines().count()), (3, 2502));
}

/// An ODS file with a sheet of `rows`.
fn ods_of(rows: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content><office:body><office:spreadsheet>\
         <table:table table:name=\"Costs\"><table:table-column/>{rows}</table:table></office:spreadsheet></office:body>\
         </office:document-content>"
    );
    zip_of(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
        ("content.xml", &content),
    ])
}

#[test]
fn open_document_sheets_are_read_as_they_are_shown() {
    let rows = "<table:table-row><table:table-cell><text:p>Item</text:p></table:table-cell>\
         <table:table-cell><text:p>Day</text:p></table:table-cell><table:table-cell><text:p>Share</text:p></table:table-cell>\
         </table:table-row><table:table-row table:number-rows-repeated=\"2\"><table:table-cell office:value-type=\"string\">\
         <office:annotation><text:p>not this</text:p></office:annotation><text:p>Paint<text:s/>&amp; more</text:p>\
         <text:p>two</text:p></table:table-cell><table:table-cell office:value-type=\"date\" \
         office:date-value=\"2024-05-31T00:00:00\"><text:p>31.05.24</text:p></table:table-cell><table:table-cell \
         office:value-type=\"percentage\" office:value=\"0.125\"><text:p>12,5 %</text:p></table:table-cell>\
         <table:table-cell table:number-columns-repeated=\"16381\"/></table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"16384\"/>\
         </table:table-row><table:table-row><table:table-cell table:number-columns-repeated=\"16383\"/>\
         <table:table-cell office:value=\"7\"/></table:table-row>";
    let found = Sheet.extract("a.ods", &ods_of(rows), &|_| {}).unwrap();
    insta::assert_snapshot!(found.text, @r"
    Costs

    Item: Paint & more two; Day: 2024-05-31; Share: 12,5 %
    Item: Paint & more two; Day: 2024-05-31; Share: 12,5 %

    7
    ");
}

#[test]
fn an_open_document_sheet_behind_a_password_says_so() {
    let manifest =
        "<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let bytes = zip_of(&[("META-INF/manifest.xml", manifest), ("content.xml", "\u{1}")]);
    assert_eq!(extract(&bytes).unwrap_err().code(), Code::FileEncrypted);
}

/// A record of an XLS stream.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
}

fn label(row: u16, column: u16, words: &str) -> Vec<u8> {
    let mut data: Vec<u8> =
        [row, column, 0, u16::try_from(words.len()).unwrap()].into_iter().flat_map(u16::to_le_bytes).collect();
    data.push(0);
    data.extend(words.as_bytes());
    record(0x0204, &data)
}

fn xls_number(row: u16, column: u16, value: f64) -> Vec<u8> {
    let mut data: Vec<u8> = [row, column, 0].into_iter().flat_map(u16::to_le_bytes).collect();
    data.extend(value.to_le_bytes());
    record(0x0203, &data)
}

/// An XLS file of one sheet, with cells in its corners.
fn xls_of(cells: &[Vec<u8>]) -> Vec<u8> {
    let begin = |kind: u16| {
        let data: Vec<u8> = [0x0600, kind, 0, 0, 0, 0, 0, 0].into_iter().flat_map(u16::to_le_bytes).collect();
        record(0x0809, &data)
    };
    let sheet_name = b"S";
    let globals_length = begin(5).len() + 4 + 8 + sheet_name.len() + 4;
    let mut bound = u32::try_from(globals_length).unwrap().to_le_bytes().to_vec();
    bound.extend([0, 0, 1, 0]);
    bound.extend(sheet_name);
    let mut stream = [begin(5), record(0x0085, &bound), record(0x000a, &[])].concat();
    assert_eq!(stream.len(), globals_length);
    stream.extend(begin(0x10));
    stream.extend(cells.concat());
    stream.extend(record(0x000a, &[]));
    assert!(stream.len() <= 4096);
    let mut file = ole("Workbook");
    file[512 * 3..512 * 3 + stream.len()].copy_from_slice(&stream);
    file
}

#[test]
fn old_sheets_are_read_cell_by_cell() {
    let cells = [
        label(0, 0, "Item"),
        label(0, 1, "Price"),
        label(1, 0, "Paint"),
        xls_number(1, 1, 0.1 + 0.2),
        label(65_535, 255, "corner"),
    ];
    let found = Sheet.extract("a.xls", &xls_of(&cells), &|_| {}).unwrap();
    assert_eq!(found.text, "S\n\nItem: Paint; Price: 0.3\n\ncorner");
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let code = |bytes: &[u8]| extract(bytes).unwrap_err().code();
    let whole = xlsx(&[("S", "<sheetData/>")]);
    assert_eq!(code(&whole[..whole.len() - 60]), Code::FileDamaged);
    assert_eq!(code(&zip_of(&[])), Code::FileDamaged);
    assert_eq!(code(&zip_of(&[("xl/styles.xml", "<x/>")])), Code::FileDamaged);
    assert_eq!(code(&xlsx(&[])), Code::FileDamaged);
    assert_eq!(code(&xlsx(&[("S", "<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v>")])), Code::FileDamaged);
    assert_eq!(code(&ole("EncryptedPackage")), Code::FileEncrypted);
    assert_eq!(code(&ole("Other")), Code::FileDamaged);
    let spaces = " ".repeat(20 << 20);
    assert_eq!(code(&zip_of(&[("xl/workbook.xml", &spaces)])), Code::ArchiveLimit);
}

#[test]
fn an_external_entity_is_never_read() {
    let plain = xlsx(&[("S", "<sheetData/>")]);
    let sheet = format!(
        "<!DOCTYPE w [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><worksheet {MAIN}><sheetData><row r=\"1\">{}</row>\
         </sheetData></worksheet>",
        words("A1", "a &x; b")
    );
    let mut archive = zip::ZipArchive::new(Cursor::new(plain.as_slice())).unwrap();
    let parts: Vec<(String, String)> = (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).unwrap();
            let mut content = String::new();
            std::io::Read::read_to_string(&mut entry, &mut content).unwrap();
            let name = entry.name().unwrap().into_owned();
            let content = if name.ends_with("sheet1.xml") { sheet.clone() } else { content };
            (name, content)
        })
        .collect();
    let bytes = zip_of(&parts.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect::<Vec<_>>());
    match extract(&bytes) {
        Ok(found) => assert!(!found.text.contains("root:"), "{}", found.text),
        Err(error) => assert_eq!(error.code(), Code::FileDamaged),
    }
}
