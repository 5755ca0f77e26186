//! What a file must pass before a library unpacks it: zip bombs, passwords, other containers.

use std::io::{Cursor, Read, sink};

use flate2::read::DeflateDecoder;
use footnote_core::{Code, Error, Result};
use office_oxide::cfb::{CFB_SIGNATURE, CfbReader};
use zip::{CompressionMethod, ZipArchive};

/// The most entries that one file may have.
const MAX_ENTRIES: usize = 50_000;
/// The most bytes that one file may unpack to, all its entries together.
const MAX_BYTES: u64 = 512 << 20;
/// Above [`FREE_BYTES`], the most bytes that a byte of the file may unpack to.
const MAX_RATIO: u64 = 200;
/// What any file may unpack to: a small file of little but markup packs very well.
const FREE_BYTES: u64 = 16 << 20;

/// What holds the parts of a document.
pub(crate) enum Container<'a> {
    /// A zip file whose real size is within the limits.
    Zip(ZipArchive<Cursor<&'a [u8]>>),
    /// An OLE file, as Office wrote before 2007.
    Ole(Box<CfbReader<Cursor<&'a [u8]>>>),
}

/// Looks into the file `name` without unpacking it into memory. Every entry is inflated once and thrown away:
/// what the headers say about its size is not believed.
///
/// # Errors
/// [`Code::ArchiveLimit`] for a bomb, [`Code::FileEncrypted`] where a password is needed (a protected Office
/// file is an OLE file around an encrypted package), [`Code::FileDamaged`] where it is neither zip nor OLE.
pub(crate) fn open<'a>(name: &str, bytes: &'a [u8]) -> Result<Container<'a>> {
    if bytes.starts_with(&CFB_SIGNATURE) {
        let ole = CfbReader::new(Cursor::new(bytes)).map_err(|error| damaged(name, error))?;
        return if ole.has_stream("EncryptedPackage") {
            Err(encrypted(name))
        } else {
            Ok(Container::Ole(Box::new(ole)))
        };
    }
    zip(name, bytes).map(Container::Zip)
}

/// As [`open`], for the formats that are always zip files.
///
/// # Errors
/// Those of [`open`].
pub(crate) fn zip<'a>(name: &str, bytes: &'a [u8]) -> Result<ZipArchive<Cursor<&'a [u8]>>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(name, error))?;
    if archive.is_empty() {
        return Err(damaged(name, "the archive is empty"));
    }
    if archive.len() > MAX_ENTRIES {
        return Err(limit(name, format!("it holds {} files, over the limit of {MAX_ENTRIES}", archive.len())));
    }
    let most = MAX_BYTES.min(FREE_BYTES.max(bytes.len() as u64 * MAX_RATIO));
    let mut total = 0;
    for index in 0..archive.len() {
        total += inflated(name, &mut archive, index, most - total)?;
        if total >= most {
            let packed = bytes.len();
            return Err(limit(name, format!("its {packed} bytes unpack to more than {most}, as in a zip bomb")));
        }
    }
    Ok(archive)
}

/// Bytes of the entry `index` when inflated, counted up to `most`. An entry that cannot be read counts as
/// nothing: no library will get more out of it.
fn inflated(name: &str, archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize, most: u64) -> Result<u64> {
    let entry = match archive.by_index_raw(index) {
        Ok(entry) => entry,
        Err(error) => {
            tracing::debug!(file = name, index, %error, "an entry of the archive cannot be read");
            return Ok(0);
        }
    };
    if entry.encrypted() {
        return Err(encrypted(name));
    }
    // An error in the middle (a broken stream) leaves what was inflated until then.
    let counted = match entry.compression() {
        CompressionMethod::Stored => count(entry, most),
        CompressionMethod::Deflated => count(DeflateDecoder::new(entry), most),
        _ => 0,
    };
    Ok(counted)
}

fn count(source: impl Read, most: u64) -> u64 {
    let mut limited = source.take(most);
    let _ = std::io::copy(&mut limited, &mut sink());
    most - limited.limit()
}

/// The file's content is not what its format needs, for the reason `why`.
pub(crate) fn damaged(name: &str, why: impl std::fmt::Display) -> Error {
    let mut why = why.to_string();
    why.truncate(why.floor_char_boundary(300));
    Error::new(Code::FileDamaged, format!("{name}: damaged: {why}"))
        .hint("open it with the program that made it, and save it again")
}

/// The file needs a password.
pub(crate) fn encrypted(name: &str) -> Error {
    Error::new(Code::FileEncrypted, format!("{name}: protected by a password or by DRM"))
        .hint("save a copy without protection, and ingest that")
}

/// The file unpacks to more than it may.
pub(crate) fn limit(name: &str, why: impl std::fmt::Display) -> Error {
    Error::new(Code::ArchiveLimit, format!("{name}: {why}"))
        .hint("if the file is honest, split it into smaller ones, or export it as PDF or text")
}

#[cfg(test)]
mod tests {
    use super::super::zip_files::{ole, zip_of};
    use super::*;

    fn code(bytes: &[u8]) -> Code {
        open("a.docx", bytes).err().unwrap().code()
    }

    #[test]
    fn an_honest_archive_passes_even_if_it_packs_well() {
        let spaces = " ".repeat(10 << 20);
        assert!(matches!(open("a.docx", &zip_of(&[("a.xml", &spaces)])), Ok(Container::Zip(_))));
    }

    #[test]
    fn a_bomb_is_refused_by_what_it_unpacks_to() {
        let megabytes = "0".repeat(9 << 20);
        let bomb = zip_of(&[("a", &megabytes), ("b", &megabytes)]);
        let error = open("a.docx", &bomb).err().unwrap();
        assert_eq!(error.code(), Code::ArchiveLimit);
        assert!(error.message().contains("unpack to more than 16777216"), "{error}");
    }

    #[test]
    fn a_lie_about_the_size_does_not_help() {
        let megabytes = "0".repeat(20 << 20);
        let mut bomb = zip_of(&[("a", &megabytes)]);
        // The uncompressed size, in the local header and in the directory.
        let told = u32::try_from(megabytes.len()).unwrap().to_le_bytes();
        let at: Vec<usize> = (0..bomb.len() - 4).filter(|&at| bomb[at..at + 4] == told).collect();
        assert_eq!(at.len(), 2);
        for at in at {
            bomb[at..at + 4].copy_from_slice(&10u32.to_le_bytes());
        }
        assert_eq!(code(&bomb), Code::ArchiveLimit);
    }

    #[test]
    fn broken_and_empty_archives_are_damaged() {
        let whole = zip_of(&[("word/document.xml", "<w/>")]);
        assert_eq!(code(&whole[..whole.len() / 2]), Code::FileDamaged);
        assert_eq!(code(&zip_of(&[])), Code::FileDamaged);
        assert_eq!(code(b"PK\x03\x04"), Code::FileDamaged);
        assert_eq!(code(&CFB_SIGNATURE), Code::FileDamaged);
    }

    #[test]
    fn a_package_behind_a_password_says_so() {
        assert_eq!(code(&ole("EncryptedPackage")), Code::FileEncrypted);
        assert!(matches!(open("a.doc", &ole("WordDocument")), Ok(Container::Ole(_))));
    }
}
