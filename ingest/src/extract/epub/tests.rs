use footnote_core::Code;

use super::super::zip_files::zip_of;
use super::*;

const CONTAINER: &str = "<container version=\"1.0\" xmlns=\"urn:oasis:names:tc:opendocument:xmlns:container\"><rootfiles>\
     <rootfile full-path=\"OEBPS/book.opf\" media-type=\"application/oebps-package+xml\"/></rootfiles></container>";
const PACKAGE: &str = "<package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\" unique-identifier=\"id\"><metadata \
     xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:identifier id=\"id\">x</dc:identifier><dc:title>The Lamp</dc:title>\
     <dc:creator>Ada Wick</dc:creator><dc:creator>B. Mole</dc:creator><dc:language>en</dc:language><dc:date>2024-05-01</dc:date><dc:subject>Lamps</dc:subject></metadata><manifest>\
     <item id=\"nav\" href=\"nav.xhtml\" media-type=\"application/xhtml+xml\" properties=\"nav\"/>\
     <item id=\"c1\" href=\"text/one.xhtml\" media-type=\"application/xhtml+xml\"/>\
     <item id=\"c2\" href=\"text/two.xhtml\" media-type=\"application/xhtml+xml\"/></manifest>\
     <spine><itemref idref=\"c2\"/><itemref idref=\"c1\"/></spine></package>";
const NAV: &str = "<html xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:epub=\"http://www.idpf.org/2007/ops\"><body>\
     <nav epub:type=\"toc\"><ol><li><a href=\"text/two.xhtml\">The second</a></li><li><a href=\"text/one.xhtml#a\">One</a>\
     </li></ol></nav></body></html>";

fn entries<'a>(one: &'a str, two: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", CONTAINER),
        ("OEBPS/book.opf", PACKAGE),
        ("OEBPS/nav.xhtml", NAV),
        ("OEBPS/text/one.xhtml", one),
        ("OEBPS/text/two.xhtml", two),
    ]
}

const ONE: &str = "<?xml version=\"1.0\"?><html><head><title/><script src=\"x\"/></head><body><h1 id=\"a\">One</h1>\
     <p>It burns<a id=\"n\"/>.</p><aside epub:type=\"footnote\"><p>1. A note.</p></aside></body></html>";
const TWO: &str =
    "<html><head><title>x</title></head><body><p>No heading here &amp;&nbsp;none there.</p></body></html>";

fn extract(entries: &[(&str, &str)]) -> Result<Extracted> {
    Epub.extract("a.epub", &zip_of(entries), &|_| {})
}

#[test]
fn chapters_come_in_reading_order_each_a_page() {
    let heard = std::cell::RefCell::new(Vec::new());
    let bytes = zip_of(&entries(ONE, TWO));
    let found = Epub.extract("a.epub", &bytes, &|page| heard.borrow_mut().push(page)).unwrap();
    insta::assert_snapshot!(found.text, @r"
    Title: The Lamp
    Author: Ada Wick, B. Mole

    The second

    No heading here & none there.

    One

    It burns.

    1. A note.
    ");
    assert_eq!(found.title.as_deref(), Some("The Lamp"));
    assert_eq!(found.metadata.tags, ["Lamps"]);
    let fields = serde_json::json!({"author": ["Ada Wick", "B. Mole"], "created": "2024-05-01"});
    assert_eq!(serde_json::to_value(&found.metadata.fields).unwrap(), fields);
    let headings: Vec<_> = found.headings.iter().map(|h| (h.level, h.span.of(&found.text).unwrap())).collect();
    assert_eq!(headings, [(1, "The second"), (1, "One")]);
    let pages: Vec<_> = found.pages.iter().map(|page| (page.number, page.span.of(&found.text).unwrap())).collect();
    assert_eq!(pages[0], (1, "The second\n\nNo heading here & none there."));
    assert_eq!((pages.len(), heard.into_inner()), (2, vec![1, 2]));
}

#[test]
fn a_chapter_that_is_missing_is_an_empty_page() {
    let mut parts = entries(ONE, TWO);
    parts.remove(4);
    let found = extract(&parts).unwrap();
    assert_eq!(found.pages.len(), 2);
    assert!(found.pages[1].span.is_empty());
    parts.remove(4);
    assert_eq!(extract(&parts).unwrap_err().code(), Code::FileDamaged);
}

#[test]
fn an_old_encoding_that_is_declared_is_read() {
    let mut parts: Vec<(&str, &str)> = entries(ONE, TWO);
    parts.truncate(5);
    let mut writer = zip::ZipWriter::new_append(Cursor::new(zip_of(&parts))).unwrap();
    writer.start_file("OEBPS/text/two.xhtml", zip::write::SimpleFileOptions::default()).unwrap();
    let chapter = b"<?xml version=\"1.0\" encoding=\"windows-1252\"?><html><body><p>caf\xe9</p></body></html>";
    std::io::Write::write_all(&mut writer, chapter).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert!(Epub.extract("a.epub", &bytes, &|_| {}).unwrap().text.contains("café"));
}

#[test]
fn scrambled_fonts_are_no_protection_but_encrypted_chapters_are() {
    let list = |algorithm: &str, uri: &str| {
        format!(
            "<encryption xmlns:enc=\"http://www.w3.org/2001/04/xmlenc#\"><enc:EncryptedData><enc:EncryptionMethod \
             Algorithm=\"{algorithm}\"/><enc:CipherData><enc:CipherReference URI=\"{uri}\"/></enc:CipherData>\
             </enc:EncryptedData></encryption>"
        )
    };
    let with = |list: &str| {
        let mut parts = entries(ONE, TWO);
        parts.push(("META-INF/encryption.xml", list));
        extract(&parts).map_err(|error| error.code())
    };
    assert!(with(&list("http://www.idpf.org/2008/embedding", "OEBPS/f.otf")).is_ok());
    assert!(with(&list("http://ns.adobe.com/pdf/enc#RC", "OEBPS/f.bin")).is_ok());
    let aes = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
    assert_eq!(with(&list(aes, "OEBPS/text/one.xhtml")).unwrap_err(), Code::FileEncrypted);
}

#[test]
fn an_external_entity_is_never_read() {
    let one = "<!DOCTYPE html [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><html><body><p>a &x; b</p></body></html>";
    let found = extract(&entries(one, TWO)).unwrap();
    assert!(found.text.contains("a &x; b") && !found.text.contains("root:"), "{}", found.text);
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let whole = zip_of(&entries(ONE, TWO));
    let code = |bytes: &[u8]| Epub.extract("a.epub", bytes, &|_| {}).unwrap_err().code();
    assert_eq!(code(&whole[..whole.len() / 2]), Code::FileDamaged);
    assert_eq!(code(&zip_of(&[])), Code::FileDamaged);
    assert_eq!(code(&zip_of(&[("mimetype", "application/epub+zip")])), Code::FileDamaged);
    let spaces = " ".repeat(20 << 20);
    assert_eq!(code(&zip_of(&entries(&spaces, TWO))), Code::ArchiveLimit);
}
