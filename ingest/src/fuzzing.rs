//! What fuzz targets call: everything that parses a stranger's bytes, behind one function.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use crate::archive::{self, ArchiveLimits};
use crate::media_type::MediaType;
use crate::{extract, language};

/// Small, so that a target finds bugs and not the size of its machine.
const LIMITS: ArchiveLimits = ArchiveLimits { max_files: 1000, max_bytes: 16 << 20, max_file_bytes: 4 << 20 };

const DEADLINE: Duration = Duration::from_secs(20);

/// Reads `bytes` as the media type `name` and checks what every reader promises: spans that fit the text.
/// An archive is walked through.
///
/// # Panics
/// When a promise is broken: that is what a fuzzer looks for.
pub fn read(name: &str, bytes: &[u8]) {
    let Some(kind) = MediaType::ALL.iter().copied().find(|kind| kind.as_str() == name) else { return };
    if kind.is_container() {
        // Refusals are fine; what must not happen is a panic, a hang or memory without end.
        let _ = archive::walk("fuzz", kind, bytes.to_vec(), &LIMITS, &mut |_| ControlFlow::Continue(()));
        return;
    }
    let Ok(found) = extract::extract("fuzz", kind, &Arc::new(bytes.to_vec()), DEADLINE) else { return };
    let spans = found.headings.iter().map(|heading| heading.span).chain(found.pages.iter().map(|page| page.span));
    for span in spans.chain(found.lines.iter().map(|line| line.span)) {
        assert!(span.of(&found.text).is_some(), "{span:?} does not fit a text of {} bytes", found.text.len());
    }
    let _ = language::of(&found.text, name);
}
