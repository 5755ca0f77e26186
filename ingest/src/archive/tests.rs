use std::io::Write;

use ::tar::{Builder, EntryType, Header};
use ::zip::ZipWriter;
use ::zip::write::SimpleFileOptions;
use flate2::{Compression, GzBuilder};

use super::*;

const LIMITS: ArchiveLimits = ArchiveLimits { max_files: 100, max_bytes: 64 << 20, max_file_bytes: 32 << 20 };

type Told = Vec<(String, Result<String, Code>)>;

fn walked(name: &str, kind: MediaType, bytes: &[u8], limits: ArchiveLimits) -> (Told, Result<()>) {
    let mut told = Vec::new();
    let outcome = walk(name, kind, bytes.to_vec(), &limits, &mut |member| {
        if let Err(error) = &member.content {
            assert!(error.message().starts_with(&format!("{name}!/{}: ", member.path)), "{error}");
        }
        let content = member.content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        told.push((member.path, content.map_err(|error| error.code())));
        ControlFlow::Continue(())
    });
    (told, outcome)
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tar_of(files: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, kind, content) in files {
        let mut header = Header::new_ustar();
        // Written by hand: the library refuses to write the names that it must be safe to read.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gz(name: Option<&str>, content: &[u8]) -> Vec<u8> {
    let builder = name.map_or_else(GzBuilder::new, |name| GzBuilder::new().filename(name));
    let mut encoder = builder.write(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Replaces every `from` by `to`, of the same length: names in both places of a zip.
fn patched(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

fn ok(path: &str, content: &str) -> (String, Result<String, Code>) {
    (path.to_owned(), Ok(content.to_owned()))
}

fn no(path: &str, code: Code) -> (String, Result<String, Code>) {
    (path.to_owned(), Err(code))
}

#[test]
fn every_member_of_a_zip_is_accounted_for() {
    let inner = zip_of(&[("deep.md", b"x")]);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    zip.add_directory("docs", options).unwrap();
    for (name, content) in [
        ("docs/a.md", b"# A".as_slice()),
        ("docs/.hidden", b"x"),
        ("xx/evil.md", b"x"),
        ("inner.zip", &inner),
        ("packed.md.gz", &gz(None, b"x")),
        ("one.md", b"first"),
        ("two.md", b"second"),
        ("last.md", b"end"),
    ] {
        zip.start_file(name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.add_symlink("link.md", "/etc/passwd", options).unwrap();
    let bytes = patched(zip.finish().unwrap().into_inner(), "xx/evil.md", "../evil.md");
    let (told, outcome) = walked("a.zip", MediaType::Zip, &patched(bytes, "two.md", "one.md"), LIMITS);
    outcome.unwrap();
    assert_eq!(
        told,
        [
            ok("docs/a.md", "# A"),
            no("docs/.hidden", Code::UnsupportedType),
            no("../evil.md", Code::PathNotAllowed),
            no("inner.zip", Code::ArchiveLimit),
            no("packed.md.gz", Code::ArchiveLimit),
            ok("one.md", "first"),
            no("one.md#2", Code::FileDamaged),
            ok("last.md", "end"),
            no("link.md", Code::UnsupportedType),
        ]
    );
}

#[test]
fn an_encrypted_member_does_not_stop_the_rest() {
    let mut bytes = zip_of(&[("a.md", b"secret"), ("b.md", b"open")]);
    // The flag's lowest bit, in the local header and in the directory.
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[6] |= 1;
    bytes[directory + 8] |= 1;
    let (told, outcome) = walked("a.zip", MediaType::Zip, &bytes, LIMITS);
    outcome.unwrap();
    assert_eq!(told, [no("a.md", Code::FileEncrypted), ok("b.md", "open")]);
}

#[test]
fn every_member_of_a_tar_is_accounted_for() {
    let files: [(&str, EntryType, &[u8]); 7] = [
        ("docs/", EntryType::Directory, b""),
        ("docs/a.md", EntryType::Regular, b"# A"),
        ("link", EntryType::Symlink, b""),
        ("pipe", EntryType::Fifo, b""),
        ("/etc/passwd", EntryType::Regular, b"x"),
        ("a/../../b", EntryType::Regular, b"x"),
        ("last.md", EntryType::Regular, b"end"),
    ];
    let expected = [
        ok("docs/a.md", "# A"),
        no("link", Code::UnsupportedType),
        no("pipe", Code::UnsupportedType),
        no("/etc/passwd", Code::PathNotAllowed),
        no("a/../../b", Code::PathNotAllowed),
        ok("last.md", "end"),
    ];
    let tar = tar_of(&files);
    let (told, outcome) = walked("a.tar", MediaType::Tar, &tar, LIMITS);
    outcome.unwrap();
    assert_eq!(told, expected);
    let (told, outcome) = walked("a.tar.gz", MediaType::Gzip, &gz(None, &tar), LIMITS);
    outcome.unwrap();
    assert_eq!(told, expected);
}

#[test]
fn times_are_told() {
    let mut times = Vec::new();
    let tar = tar_of(&[("a", EntryType::Regular, b"x")]);
    walk("a.tar", MediaType::Tar, tar, &LIMITS, &mut |member| {
        times.push(member.modified_ms);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(times, [Some(1_700_000_000_000)]);
}

#[test]
fn a_compressed_file_is_one_member() {
    let (told, outcome) = walked("/in/note.md.gz", MediaType::Gzip, &gz(Some("other.md"), b"# A"), LIMITS);
    outcome.unwrap();
    assert_eq!(told, [ok("note.md", "# A")]);
    let mut cut = gz(None, &b"long enough to be cut ".repeat(50));
    cut.truncate(cut.len() - 12);
    let (told, outcome) = walked("note.md.gz", MediaType::Gzip, &cut, LIMITS);
    outcome.unwrap();
    assert_eq!(told, [no("note.md", Code::FileDamaged)]);
}

#[test]
fn too_many_files_stop_the_archive() {
    let names: Vec<String> = (0..20).map(|n| format!("{n}.md")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let (told, outcome) = walked("a.zip", MediaType::Zip, &zip_of(&files), ArchiveLimits { max_files: 7, ..LIMITS });
    let error = outcome.unwrap_err();
    assert_eq!((told.len(), error.code()), (7, Code::ArchiveLimit));
    assert!(error.message().contains("more than 7 files"), "{error}");
    assert!(error.hint_text().unwrap().contains("ingest.archive_max_files"));
}

#[test]
fn too_many_bytes_stop_the_archive_whatever_headers_say() {
    let big = vec![b'a'; 300_000];
    let limits = ArchiveLimits { max_bytes: 700_000, ..LIMITS };
    let zip = zip_of(&[("a", &big), ("b", &big), ("c", &big), ("d", b"x")]);
    let tar =
        tar_of(&[("a", EntryType::Regular, &big), ("b", EntryType::Regular, &big), ("c", EntryType::Regular, &big)]);
    for (name, kind, bytes) in [
        ("a.zip", MediaType::Zip, zip),
        ("a.tar", MediaType::Tar, tar.clone()),
        ("a.tgz", MediaType::Gzip, gz(None, &tar)),
    ] {
        let (told, outcome) = walked(name, kind, &bytes, limits);
        let error = outcome.unwrap_err();
        assert_eq!((told.len(), error.code()), (2, Code::ArchiveLimit), "{name}: {error}");
        assert!(error.hint_text().unwrap().contains("ingest.archive_max_bytes"));
    }
}

#[test]
fn a_bomb_is_known_by_its_ratio() {
    let zeros = vec![0u8; 24 << 20];
    for (name, kind, bytes) in
        [("a.zip", MediaType::Zip, zip_of(&[("a", &zeros)])), ("a.gz", MediaType::Gzip, gz(None, &zeros))]
    {
        let (told, outcome) = walked(name, kind, &bytes, LIMITS);
        let error = outcome.unwrap_err();
        assert!(
            told.is_empty() && error.code() == Code::ArchiveLimit && error.message().contains("200 times"),
            "{error}"
        );
    }
    // The same ratio does no harm to a small file.
    let (told, outcome) = walked("a.zip", MediaType::Zip, &zip_of(&[("a", &zeros[..1 << 20])]), LIMITS);
    assert!(outcome.is_ok() && told[0].1.is_ok());
}

#[test]
fn one_file_over_its_limit_does_not_stop_the_rest() {
    let limits = ArchiveLimits { max_file_bytes: 1000, ..LIMITS };
    let big = vec![b'a'; 1001];
    let zip = zip_of(&[("a", &big), ("b", &big[..1000])]);
    let tar = tar_of(&[("a", EntryType::Regular, &big), ("b", EntryType::Regular, &big[..1000])]);
    for (name, kind, bytes) in [("a.zip", MediaType::Zip, zip), ("a.tar", MediaType::Tar, tar)] {
        let (told, outcome) = walked(name, kind, &bytes, limits);
        outcome.unwrap();
        assert_eq!(told[0], no("a", Code::FileTooLarge));
        assert_eq!(told[1].1.as_ref().unwrap().len(), 1000);
    }
}

#[test]
fn what_was_readable_before_the_damage_is_kept() {
    let noise: Vec<u8> = (0..5000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 | 1).collect();
    let zip = zip_of(&[("a.md", b"whole"), ("b.md", &noise)]);
    let tar = tar_of(&[("a.md", EntryType::Regular, b"whole"), ("b.md", EntryType::Regular, &noise)]);
    for (name, kind, bytes) in [
        ("a.zip", MediaType::Zip, zip),
        ("a.tar", MediaType::Tar, tar.clone()),
        ("a.tgz", MediaType::Gzip, gz(None, &tar)),
    ] {
        let (told, outcome) = walked(name, kind, &bytes[..bytes.len() / 2], LIMITS);
        assert_eq!(told.first(), Some(&ok("a.md", "whole")), "{name}");
        assert!(told[1..].iter().all(|(_, content)| content.is_err()), "{name}");
        let mut codes: Vec<Code> = told.iter().filter_map(|(_, content)| content.as_ref().err().copied()).collect();
        codes.extend(outcome.err().map(|error| error.code()));
        assert!(!codes.is_empty() && codes.iter().all(|code| *code == Code::FileDamaged), "{name}: {codes:?}");
    }
    // A wrong byte in one member leaves the others.
    let mut zip = zip_of(&[("a.md", &noise), ("b.md", b"whole")]);
    zip[200] ^= 0xff;
    let (told, outcome) = walked("a.zip", MediaType::Zip, &zip, LIMITS);
    outcome.unwrap();
    assert_eq!(told, [no("a.md", Code::FileDamaged), ok("b.md", "whole")]);
}

#[test]
fn the_caller_may_stop() {
    let mut met = 0;
    walk("a.zip", MediaType::Zip, zip_of(&[("a", b"x"), ("b", b"x")]), &LIMITS, &mut |_| {
        met += 1;
        ControlFlow::Break(())
    })
    .unwrap();
    assert_eq!(met, 1);
}

proptest::proptest! {
    #[test]
    fn any_bytes_end_with_a_reason(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), which in 0..4) {
        let (kind, front): (_, &[u8]) = match which {
            0 => (MediaType::Zip, b"PK\x03\x04"),
            1 => (MediaType::Gzip, b"\x1f\x8b\x08\0"),
            2 => (MediaType::Tar, b""),
            _ => (MediaType::Zip, b"PK\x05\x06"),
        };
        bytes.splice(0..0, front.iter().copied());
        // What matters most is that it ends, and without a panic.
        let (told, outcome) = walked("a", kind, &bytes, LIMITS);
        proptest::prop_assert!(told.len() <= LIMITS.max_files);
        proptest::prop_assert!(outcome.is_ok() || outcome.is_err_and(|error| error.hint_text().is_some()));
    }
}
