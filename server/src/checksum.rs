//! SHA-256, of bytes and of files, in hexadecimal.

use std::io::Read;
use std::path::Path;

use footnote_core::{Error, Result};
use fs_err::File;
use sha2::{Digest, Sha256};

/// The checksum of `bytes`.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The checksum of a file, read piece by piece.
///
/// # Errors
/// When it cannot be read.
pub fn of_file(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|error| Error::io(path, error))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(|error| Error::io(path, error))?;
        if read == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..read]);
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_checksum_of_its_bytes() {
        // `printf hello | sha256sum`
        let expected = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let dir = tempfile::tempdir().unwrap();
        fs_err::write(dir.path().join("x"), "hello").unwrap();
        assert_eq!(of_bytes(b"hello"), expected);
        assert_eq!(of_file(&dir.path().join("x")).unwrap(), expected);
    }
}
