//! What fuzz targets call: everything that parses a stranger's bytes, behind one function.

use std::ops::ControlFlow;

use crate::archive::{self, ArchiveLimits};
use crate::media_type::MediaType;
use crate::{extract, language};

/// Small, so that a target finds bugs and not the size of its machine.
const LIMITS: ArchiveLimits = ArchiveLimits { max_files: 1000, max_bytes: 16 << 20, max_file_bytes: 4 << 20 };

/// Reads `bytes` as the media type `name` and checks what every reader promises: spans that fit the text.
/// An archive is walked through.
///
/// # Panics
/// When a promise is broken: that is what a fuzzer looks for.
pub fn read(name: &str, bytes: &[u8]) {
    let Some(kind) = MediaType::ALL.iter().copied().find(|kind| kind.as_str() == name) else { return };
    if kind.is_container() {
        // Refusals are fine; what must not happen is a panic, a hang or memory without end.
        let _ = archive::walk("fuzz", kind, bytes.to_vec(), &LIMITS, &mut |member| {
            let leads_outside = member.path.starts_with('/') || member.path.split('/').any(|part| part == "..");
            assert!(member.content.is_err() || !leads_outside, "{} at {:?}", member.path, member.modified_ms);
            ControlFlow::Continue(())
        });
        return;
    }
    for reader in 0..extract::readers(kind) {
        // Without the guard, which would hide a panic from the fuzzer.
        let Ok(found) = extract::extract_here("fuzz", kind, reader, bytes, &|_| {}) else { continue };
        let spans = found.headings.iter().map(|heading| heading.span).chain(found.pages.iter().map(|page| page.span));
        for span in spans.chain(found.lines.iter().map(|line| line.span)) {
            assert!(span.of(&found.text).is_some(), "{span:?} does not fit a text of {} bytes", found.text.len());
        }
        let _ = language::of(&found.text, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_read_without_a_panic() {
        let samples: [&[u8]; 5] = [b"", b"# a\n\n| b | c |\n", b"{\"a\": [1, {}]}", b"PK\x03\x04", b"\xff\xfe\x00"];
        for kind in MediaType::ALL {
            samples.iter().for_each(|bytes| read(kind.as_str(), bytes));
        }
    }
}
