//! PDFs that are large, locked, empty, broken or cunning: each ends with its text or a reason.

use std::cell::RefCell;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use footnote_core::Code;
use tokio_util::sync::CancellationToken;

use super::ocr::OcrOptions;
use super::*;
use crate::media_type::sniff;
use crate::reader::tests::options;
use crate::reader::{Reader, ReaderOptions};

/// A PDF of `count` pages, each with the content that `content` gives it. `catalog` goes into the catalog.
fn pdf(count: usize, catalog: &str, content: impl Fn(usize) -> String) -> Vec<u8> {
    let kids = (0..count).fold(String::new(), |kids, page| kids + &format!("{} 0 R ", 4 + 2 * page));
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
        format!("<</Type/Pages/Kids[{kids}]/Count {count}>>"),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    for page in 0..count {
        let content = content(page);
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>/Contents {} 0 R>>",
            5 + 2 * page
        ));
        objects.push(format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()));
    }
    file(&objects)
}

fn file(objects: &[String]) -> Vec<u8> {
    let (mut file, mut table) = ("%PDF-1.4\n".to_owned(), "0000000000 65535 f \n".to_owned());
    for (number, object) in (1..).zip(objects) {
        writeln!(table, "{:010} 00000 n ", file.len()).unwrap();
        write!(file, "{number} 0 obj\n{object}\nendobj\n").unwrap();
    }
    let (start, size) = (file.len(), objects.len() + 1);
    write!(file, "xref\n0 {size}\n{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").unwrap();
    file.into_bytes()
}

fn words(x: u32, y: u32, words: &str) -> String {
    format!("BT /F1 10 Tf {x} {y} Td ({words}) Tj ET\n")
}

fn read(bytes: Vec<u8>) -> Result<Extracted> {
    read_with(bytes, options())
}

fn read_with(bytes: Vec<u8>, options: ReaderOptions) -> Result<Extracted> {
    let media_type = sniff(Path::new("a.pdf"), &bytes[..bytes.len().min(8192)])?;
    Reader::new(options).extract("a.pdf", media_type, &Arc::new(bytes), &CancellationToken::new())
}

#[test]
fn twenty_thousand_pages_are_read_one_by_one() {
    let many = pdf(20_000, "", |page| {
        // Lines enough that the number is not taken for the page's own.
        let lines = (0_u32..6).map(|row| words(50, 700 - 20 * row, &format!("Row {row} of sheet {}", page * 7)));
        lines.collect()
    });
    let heard = RefCell::new(Vec::new());
    let found = extract_here("a.pdf", MediaType::Pdf, 0, &many, &|page| heard.borrow_mut().push(page)).unwrap();
    assert_eq!(heard.into_inner(), (1..=20_000).collect::<Vec<_>>());
    assert_eq!(found.pages.len(), 20_000);
    let last = found.pages[19_999].span.of(&found.text).unwrap();
    assert!(last.contains("Row 3 of sheet 139993"), "{last}");
}

#[test]
fn columns_are_read_one_after_the_other_with_divided_words_whole() {
    let left = [
        "The left column of this page is",
        "read first and from the top to the",
        "foot of it, where a word is divi-",
        "ded. A divided word is whole.",
    ];
    let right = [
        "Only then comes the right one of",
        "them, which stands beside the left",
        "column and begins at the same",
        "height as that one does.",
    ];
    let content = |_| {
        let rows = left.iter().zip(right).zip(0_u32..);
        let rows =
            rows.map(|((left, right), row)| words(50, 600 - 12 * row, left) + &words(240, 600 - 12 * row, right));
        words(50, 640, "A line that goes over both of the columns and across the gutter between them")
            + &rows.collect::<String>()
    };
    let found = read(pdf(1, "", content)).unwrap();
    let at = |words: &str| found.text.find(words).unwrap_or_else(|| panic!("{words:?} is not in {:?}", found.text));
    assert!(at("A line that goes") < at("The left column") && at("The left column") < at("word is divided."));
    assert!(at("word is divided.") < at("Only then comes") && at("Only then") < at("height as that one does."));
    assert_eq!(found.lines.len(), 9);
    let place = found.lines[5].place;
    assert!(place.x0 > 235.0 && place.y0 < 210.0, "{place:?}");
}

#[test]
fn a_turned_page_has_boxes_where_they_are_shown() {
    let turned = |turn: &str, content: &str| {
        let text = String::from_utf8(pdf(1, "", |_| content.to_owned())).unwrap();
        text.replace("/MediaBox", &format!("/Rotate {turn}/MediaBox")).into_bytes()
    };
    let upwards = "BT /F1 10 Tf 0 1 -1 0 100 300 Tm (Upright when it is shown) Tj ET";
    let found = read(turned("90", upwards)).unwrap();
    assert_eq!(found.text, "Upright when it is shown");
    let place = found.lines[0].place;
    // The sheet's (100, 300) is shown 300 from the left and 100 from the top.
    assert!((place.x0 - 300.0).abs() < 1.0 && place.x1 > 390.0, "{place:?}");
    assert!((90.0..100.0).contains(&place.y0) && (100.0..105.0).contains(&place.y1), "{place:?}");
}

#[test]
fn a_page_without_text_is_known_by_its_number() {
    let content = |page| if page == 1 { "0 0 100 100 re f".to_owned() } else { words(50, 700, "Words") };
    let found = read(pdf(3, "", content)).unwrap();
    assert_eq!((found.pages.len(), super::ocr::pages_without_text(&found)), (3, vec![2]));
    let empty = read(pdf(2, "", |_| String::new())).unwrap();
    assert_eq!((empty.text.as_str(), empty.pages.len()), ("", 2));
}

#[test]
fn a_script_is_not_run_and_not_read() {
    let script = "/OpenAction<</S/JavaScript/JS(app.alert\\('hello'\\); while\\(true\\);)>>";
    assert_eq!(read(pdf(1, script, |_| words(50, 700, "Only this"))).unwrap().text, "Only this");
}

#[test]
fn junk_before_the_header_does_no_harm() {
    let junk = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), pdf(1, "", |_| words(50, 700, "Words"))].concat();
    assert_eq!(read(junk).unwrap().text, "Words");
}

#[test]
fn what_is_cut_off_is_mended_or_told() {
    let whole = pdf(20, "", |page| words(50, 700, &format!("Sheet number {page}")));
    for part in [10, 30, 50, 70, 90] {
        match read(whole[..whole.len() * part / 100].to_vec()) {
            Ok(found) => assert!(found.pages.iter().all(|page| page.span.of(&found.text).is_some())),
            Err(error) => {
                assert_eq!(error.code(), Code::FileDamaged);
                assert!(error.message().starts_with("a.pdf: ") && error.hint_text().is_some(), "{error:?}");
            }
        }
    }
}

#[test]
fn pages_that_lead_in_a_circle_end() {
    let circle = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R 2 0 R]/Count 40>>".to_owned(),
        "<</Type/Pages/Parent 2 0 R/Kids[2 0 R 3 0 R]/Count 40>>".to_owned(),
    ];
    match read_with(file(&circle), ReaderOptions { deadline: Duration::from_secs(3), ..options() }) {
        Ok(found) => assert_eq!(found.text, ""),
        Err(error) => assert!(error.message().starts_with("a.pdf: ") && error.hint_text().is_some(), "{error:?}"),
    }
}

/// Renders a page to a picture and makes a PDF of the picture: a scan.
fn scan() -> Option<Vec<u8>> {
    let large = |y, text: &str| format!("BT /F1 24 Tf 60 {y} Td ({text}) Tj ET\n");
    let page = pdf(1, "", |_| large(700, "Scanned words are read") + &large(660, "by a machine."));
    let until = std::time::Instant::now() + Duration::from_secs(60);
    let render = ["-r", "150", "-jpeg", "-"].map(std::ffi::OsStr::new);
    let picture = super::tool::run(Path::new("pdftoppm"), &render, &page, until).ok()?;
    let head = format!(
        "<</Type/XObject/Subtype/Image/Width 1250/Height 1667/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length {}>>\nstream\n",
        picture.len()
    );
    let resources = "/Resources<</XObject<</Im 4 0 R>>>>";
    let draw = "600 0 0 800 0 0 cm /Im Do";
    let mut file = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n".to_vec();
    let page =
        format!("3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]{resources}/Contents 5 0 R>>\nendobj\n");
    file.extend_from_slice(page.as_bytes());
    file.extend_from_slice(format!("4 0 obj\n{head}").as_bytes());
    file.extend_from_slice(&picture);
    file.extend_from_slice(format!("\nendstream\nendobj\n5 0 obj\n<</Length {}>>\nstream\n{draw}\nendstream\nendobj\ntrailer\n<</Root 1 0 R/Size 6>>\n", draw.len()).as_bytes());
    Some(file)
}

/// Past the test harness, which keeps what a passing test prints to itself.
fn skipped() {
    let message = b"SKIPPED: tesseract and pdftoppm are not installed; NOTHING was tried of reading scans for real\n";
    std::io::Write::write_all(&mut std::io::stderr(), message).unwrap();
}

#[test]
fn a_scan_is_read_by_tesseract_where_it_is_installed() {
    let ocr = OcrOptions { on: true, ..OcrOptions::default() };
    let Some(scan) = super::ocr::is_ready(&ocr).then(scan).flatten() else {
        skipped();
        return;
    };
    let found = read_with(scan.clone(), ReaderOptions { memory_bytes: 4 << 30, ocr, ..options() }).unwrap();
    assert_eq!(found.text, "Scanned words are read by a machine.");
    let place = found.lines[0].place;
    // Letters of 24 points on a baseline 100 points from the top.
    assert!((55.0..65.0).contains(&place.x0) && (75.0..90.0).contains(&place.y0), "{place:?}");
    assert!((98.0..110.0).contains(&place.y1), "{place:?}");
    assert_eq!(read(scan).unwrap().text, "", "off by default");
}
