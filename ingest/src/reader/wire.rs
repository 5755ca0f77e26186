//! What the worker and a reader process say to each other: frames on a pipe.
//!
//! ```text
//! mark (8 bytes) · length of header (u32, little endian) · length of body (u64) · header (JSON) · body (raw bytes)
//! ```
//!
//! What stands before a mark is passed over: a parser that prints to stdout does no harm.

use std::io::{self, Read, Write};

use footnote_core::seam::Extracted;
use footnote_core::{Code, Error};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::extract::ocr::{OcrOptions, OcrPage};

/// Begins every frame; no text holds a zero byte, so that printed words cannot look like it.
const MARK: [u8; 8] = *b"\0fnread1";

/// The longest header that is believed: a reader process may have lost its mind.
const MAX_HEADER_BYTES: u64 = 1 << 30;

/// What the worker asks for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    /// Never take more memory than this many bytes (address space). Said first, not answered.
    Limit { memory_bytes: u64 },
    /// Read the file that follows, with the reader of that number.
    Read { name: String, media_type: String, reader: usize },
    /// Recognize pages of the PDF that follows.
    Recognize { name: String, pages: Vec<u32>, options: OcrOptions, budget_ms: u64 },
}

/// What a reader process says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Said {
    /// A page (sheet, slide, chapter) is done. Everything else ends the answer.
    Done { page: u32 },
    /// The file's parts; its text is the body.
    Extracted(Extracted),
    /// What was recognized.
    Recognized(Vec<OcrPage>),
    /// It cannot be read.
    Failed { code: String, message: String, hint: Option<String> },
}

impl Said {
    /// An error, on its way out of the process.
    pub(super) fn failed(error: &Error) -> Self {
        Self::Failed {
            code: error.code().as_str().to_owned(),
            message: error.message().to_owned(),
            hint: error.hint_text().map(str::to_owned),
        }
    }
}

/// The error that a process sent.
pub(super) fn error_of(code: &str, message: String, hint: Option<String>) -> Error {
    let code = Code::ALL.iter().copied().find(|known| known.as_str() == code).unwrap_or(Code::Internal);
    let error = Error::new(code, message);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Writes one frame.
///
/// # Errors
/// Those of the pipe; `InvalidData` where `header` is no JSON.
pub(super) fn write(pipe: &mut dyn Write, header: &impl Serialize, body: &[u8]) -> io::Result<()> {
    let header = serde_json::to_vec(header)?;
    let length = u32::try_from(header.len()).map_err(|_| invalid("a header of 4 GiB"))?;
    let mut head = Vec::with_capacity(20 + header.len());
    head.extend_from_slice(&MARK);
    head.extend_from_slice(&length.to_le_bytes());
    head.extend_from_slice(&(body.len() as u64).to_le_bytes());
    head.extend_from_slice(&header);
    pipe.write_all(&head)?;
    pipe.write_all(body)?;
    pipe.flush()
}

/// Reads the next frame; `None` at the pipe's end.
///
/// # Errors
/// Those of the pipe; `InvalidData` where the header cannot be read, `UnexpectedEof` inside a frame.
pub(super) fn read<H: DeserializeOwned>(pipe: &mut dyn Read) -> io::Result<Option<(H, Vec<u8>)>> {
    if !find_mark(pipe)? {
        return Ok(None);
    }
    let mut lengths = [0; 12];
    pipe.read_exact(&mut lengths)?;
    let [a, b, c, d, body @ ..] = lengths;
    let header = u64::from(u32::from_le_bytes([a, b, c, d]));
    if header > MAX_HEADER_BYTES {
        return Err(invalid("a header beyond all bounds"));
    }
    let header = exactly(pipe, header)?;
    let body = exactly(pipe, u64::from_le_bytes(body))?;
    Ok(Some((serde_json::from_slice(&header)?, body)))
}

/// Goes on to the next mark; `false` where there is none.
fn find_mark(pipe: &mut dyn Read) -> io::Result<bool> {
    let mut window = [0; MARK.len()];
    let mut filled = 0;
    loop {
        let read = match pipe.read(&mut window[filled..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            return Ok(false);
        }
        filled += read;
        if filled < MARK.len() {
            continue;
        }
        if window == MARK {
            return Ok(true);
        }
        // The mark may have begun inside the window.
        let next = (1..MARK.len()).find(|&at| MARK.starts_with(&window[at..])).unwrap_or(MARK.len());
        window.copy_within(next.., 0);
        filled = MARK.len() - next;
    }
}

/// `length` bytes; room is made as they come, not as they are promised.
fn exactly(pipe: &mut dyn Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(1 << 20)).unwrap_or(0));
    pipe.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frames_come_through_whatever_is_printed_between(
            bodies in proptest::collection::vec((any::<u32>(), proptest::collection::vec(any::<u8>(), 0..40), "[ -~\n]{0,30}"), 0..5),
        ) {
            let mut pipe = Vec::new();
            for (page, body, noise) in &bodies {
                pipe.extend_from_slice(noise.as_bytes());
                write(&mut pipe, &Said::Done { page: *page }, body).unwrap();
            }
            pipe.extend_from_slice(b"\0fn");
            let mut pipe = pipe.as_slice();
            for (page, body, _) in &bodies {
                let (said, found) = read::<Said>(&mut pipe).unwrap().unwrap();
                let same = matches!(said, Said::Done { page: found } if found == *page);
                prop_assert!(same);
                prop_assert_eq!(&found, body);
            }
            prop_assert!(read::<Said>(&mut pipe).unwrap().is_none());
        }
    }

    #[test]
    fn a_frame_that_is_cut_short_is_an_error_and_a_lie_takes_no_memory() {
        let mut pipe = Vec::new();
        write(&mut pipe, &Said::Done { page: 1 }, b"body").unwrap();
        assert!(read::<Said>(&mut &pipe[..pipe.len() - 1]).is_err());
        pipe[12..20].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(read::<Said>(&mut pipe.as_slice()).is_err());
    }

    #[test]
    fn errors_keep_code_message_and_hint() {
        let error = Error::new(Code::FileEncrypted, "a.pdf: locked").hint("unlock it");
        let Said::Failed { code, message, hint } = Said::failed(&error) else { panic!("an error is a failure") };
        let back = error_of(&code, message, hint);
        assert_eq!(
            (back.code(), back.message(), back.hint_text()),
            (Code::FileEncrypted, "a.pdf: locked", Some("unlock it"))
        );
    }
}
