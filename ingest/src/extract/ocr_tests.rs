use super::*;
use footnote_core::document::PageBox;

/// What tesseract 5 writes for two lines, a speck, and a line of another paragraph.
const TABLE: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext
1\t1\t0\t0\t0\t0\t0\t0\t2550\t3300\t-1\t
4\t1\t1\t1\t1\t0\t300\t600\t900\t50\t-1\t
5\t1\t1\t1\t1\t1\t300\t600\t400\t50\t96.5\tScanned
5\t1\t1\t1\t1\t2\t800\t610\t400\t40\t91.0\twords
5\t1\t1\t1\t2\t1\t300\t675\t200\t50\t88\tgo
5\t1\t1\t1\t2\t2\t600\t675\t200\t50\t88\ton.
5\t1\t1\t1\t2\t3\t900\t675\t200\t50\t12\t~|
5\t1\t2\t1\t1\t1\t300\t1200\t300\t50\t90\tNext.
";

#[test]
fn a_table_of_words_becomes_lines_in_points() {
    let found = lines(TABLE, 7);
    let texts: Vec<_> = found.iter().map(|line| (line.text.as_str(), line.apart)).collect();
    assert_eq!(texts, [("Scanned words", false), ("go on.", false), ("Next.", true)]);
    assert_eq!(found[0].place, PageBox { page: 7, x0: 72.0, y0: 144.0, x1: 288.0, y1: 156.0 });
    assert!(lines("", 1).is_empty() && lines("no table at all\n\n5", 1).is_empty());
}

fn page(number: u32, start: usize, end: usize) -> Page {
    Page { number, span: Span::new(start, end) }
}

fn three_pages() -> Extracted {
    let text = "First sheet\n\nThird sheet".to_owned();
    let place = PageBox { page: 3, x0: 1.0, y0: 1.0, x1: 2.0, y1: 2.0 };
    Extracted {
        pages: vec![page(1, 0, 11), page(2, 13, 13), page(3, 13, 24)],
        headings: vec![Heading { level: 1, span: Span::new(0, 5) }, Heading { level: 2, span: Span::new(13, 18) }],
        lines: vec![LineBox { span: Span::new(13, 24), place }],
        text,
        ..Extracted::default()
    }
}

#[test]
fn a_recognized_page_takes_its_place_and_the_rest_moves_along() {
    let extracted = three_pages();
    assert_eq!(pages_without_text(&extracted), [2]);
    let found = merge(extracted, vec![OcrPage { number: 2, lines: lines(TABLE, 2) }]);
    assert_eq!(found.text, "First sheet\n\nScanned words go on.\n\nNext.\n\nThird sheet");
    let texts: Vec<_> = found.pages.iter().map(|page| page.span.of(&found.text).unwrap()).collect();
    assert_eq!(texts, ["First sheet", "Scanned words go on.\n\nNext.", "Third sheet"]);
    let headings: Vec<_> = found.headings.iter().map(|heading| heading.span.of(&found.text).unwrap()).collect();
    assert_eq!(headings, ["First", "Third"]);
    let lines: Vec<_> = found.lines.iter().map(|line| (line.place.page, line.span.of(&found.text).unwrap())).collect();
    assert_eq!(lines, [(2, "Scanned words"), (2, "go on."), (2, "Next."), (3, "Third sheet")]);
    assert!(pages_without_text(&found).is_empty());
}

#[test]
fn the_first_and_the_last_page_take_their_places_too() {
    let scan =
        Extracted { pages: vec![page(1, 0, 0), page(2, 0, 5), page(3, 5, 5)], text: "Words".into(), ..three_pages() };
    let scan = Extracted { headings: vec![], lines: vec![], ..scan };
    let one = |number| OcrPage { number, lines: lines(TABLE, number).split_off(2) };
    let found = merge(scan.clone(), vec![one(3), one(1)]);
    assert_eq!(found.text, "Next.\n\nWords\n\nNext.");
    assert_eq!(found.pages[2].span.of(&found.text), Some("Next."));
    assert_eq!(merge(scan.clone(), Vec::new()), scan);
}

#[test]
fn it_is_said_what_pages_without_text_need() {
    let off = OcrOptions::default();
    assert_eq!(needs(&off, 3), "3 pages need OCR (ingest.ocr = \"tesseract\" reads them)");
    assert_eq!(needs(&off, 1), "1 page needs OCR (ingest.ocr = \"tesseract\" reads them)");
    let missing = OcrOptions { on: true, tesseract: "/no/tesseract".into(), ..off };
    assert_eq!(needs(&missing, 2), "2 pages need OCR, and /no/tesseract is not installed");
    assert!(!is_ready(&missing));
}

/// Programs that only pretend, so that the way through them is tried where they are not installed.
#[cfg(unix)]
fn pretenders(folder: &std::path::Path, tesseract: &str) -> OcrOptions {
    use std::os::unix::fs::PermissionsExt;
    let script = |name: &str, body: &str| {
        let path = folder.join(name);
        fs_err::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    fs_err::write(folder.join("table.tsv"), TABLE).unwrap();
    let table = folder.join("table.tsv");
    let cat = format!("cat >/dev/null; {}", tesseract.replace("TABLE", &table.display().to_string()));
    OcrOptions {
        on: true,
        tesseract: script("tesseract", &cat),
        pdftoppm: script("pdftoppm", "cat >/dev/null; echo image of page $5"),
        page_deadline: Duration::from_secs(30),
        ..OcrOptions::default()
    }
}

#[cfg(unix)]
#[test]
fn pages_go_through_both_programs() {
    let folder = tempfile::tempdir().unwrap();
    let options = pretenders(folder.path(), "cat TABLE");
    assert!(is_ready(&options));
    let heard = std::cell::RefCell::new(Vec::new());
    let found =
        recognize("a.pdf", b"%PDF-", &[2, 5], &options, Duration::from_secs(60), &|page| heard.borrow_mut().push(page));
    assert_eq!(heard.into_inner(), [2, 5]);
    assert_eq!(found.iter().map(|page| (page.number, page.lines.len())).collect::<Vec<_>>(), [(2, 3), (5, 3)]);
    assert_eq!(found[1].lines[0].place.page, 5);
}

#[cfg(unix)]
#[test]
fn a_program_that_fails_or_hangs_leaves_its_page_without_text() {
    let folder = tempfile::tempdir().unwrap();
    let failing = pretenders(folder.path(), "echo broken >&2; exit 1");
    assert!(recognize("a.pdf", b"%PDF-", &[1], &failing, Duration::from_secs(60), &|_| {}).is_empty());
    let folder = tempfile::tempdir().unwrap();
    let hanging =
        OcrOptions { page_deadline: Duration::from_millis(100), ..pretenders(folder.path(), "exec sleep 60") };
    assert!(recognize("a.pdf", b"%PDF-", &[1], &hanging, Duration::from_secs(60), &|_| {}).is_empty());
    assert!(recognize("a.pdf", b"%PDF-", &[1, 2], &hanging, Duration::ZERO, &|_| panic!("no time")).is_empty());
}
