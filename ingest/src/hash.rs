//! SHA-256: of files, in hexadecimal, and of what is embedded.

use std::fmt::Write;

use footnote_core::{Chunk, ContentHash};
use sha2::{Digest, Sha256};

/// The SHA-256 of `bytes` as 64 hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The hash of what the embedding model reads of `chunk` in a document of this uri and title.
pub(crate) fn content_hash(chunk: &Chunk, uri: &str, title: &str) -> ContentHash {
    let digest = Sha256::digest(chunk.embedded_as(uri, title).as_bytes());
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest[..16]);
    ContentHash(hash)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_digest_is_the_standard_one() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256_hex(b"abc"), abc);
    }
}
