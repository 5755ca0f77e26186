//! A look at a GGUF file before an engine opens it: is it whole, and what does it say of itself?
//!
//! Engines answer a damaged file with an abort or with "null result"; this check names the file and
//! the reason. The format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::Path;

use footnote_core::{Code, Error, Result};
use fs_err::File;

const MAGIC: [u8; 4] = *b"GGUF";
/// No field of a sound header is longer; a longer one is noise read as a length.
const MAX_FIELD: u64 = 64 << 20;
const DEFAULT_ALIGNMENT: u64 = 32;
const MAX_DIMENSIONS: u32 = 8;

/// What the file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GgufHeader {
    /// `general.architecture`.
    pub(crate) architecture: String,
    /// Whether it brings a chat template.
    pub(crate) has_chat_template: bool,
    /// The context that the model was trained with.
    pub(crate) context_length: Option<u64>,
    /// How many metadata entries there are.
    pub(crate) pair_count: u64,
    /// Their place in the file.
    pub(crate) pairs: Range<u64>,
    /// The place of `general.file_type`'s number.
    pub(crate) file_type: Option<u64>,
    /// Tensors begin at multiples of it.
    pub(crate) alignment: u64,
}

/// Reads the header of `path` and checks that every tensor lies inside the file.
///
/// # Errors
/// [`Code::ModelMissing`] and [`Code::ModelDamaged`], naming the file and the way out;
/// [`Code::ModelUnsupported`] for a version that the engines don't read.
pub(crate) fn inspect(path: &Path) -> Result<GgufHeader> {
    let missing = |reason: &str| {
        Error::new(Code::ModelMissing, format!("{}: {reason}", path.display()))
            .hint("run `footnote models pull`, or set generation.model to a GGUF file")
    };
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing("the model file does not exist"),
        _ => Error::io(path, error),
    })?;
    let metadata = file.metadata().map_err(|error| Error::io(path, error))?;
    if !metadata.is_file() {
        return Err(missing("the model's path is not a file"));
    }
    let mut reader = HeaderReader { input: BufReader::new(file), at: 0, size: metadata.len() };
    reader.header().map_err(|flaw| flaw.into_error(path))
}

/// Why a header cannot be used.
enum Flaw {
    Damaged(String),
    Unsupported(String),
    Io(io::Error),
}

impl Flaw {
    fn into_error(self, path: &Path) -> Error {
        let place = path.display();
        match self {
            Self::Damaged(reason) => Error::new(Code::ModelDamaged, format!("{place}: {reason}"))
                .hint("check it with `footnote models verify`; `footnote models pull` gets a fresh copy"),
            Self::Unsupported(reason) => Error::new(Code::ModelUnsupported, format!("{place}: {reason}"))
                .hint("use a GGUF file of version 2 or 3, little endian"),
            Self::Io(error) => Error::io(path, error),
        }
    }
}

/// Reads fields in order and knows how far it is, so that a cut file is told from a read error.
struct HeaderReader<R> {
    input: R,
    at: u64,
    size: u64,
}

impl<R: Read> HeaderReader<R> {
    fn header(&mut self) -> Result<GgufHeader, Flaw> {
        self.magic_and_version()?;
        let tensors = self.count("tensors")?;
        let pairs = self.count("metadata entries")?;
        let mut header = GgufHeader {
            architecture: String::new(),
            has_chat_template: false,
            context_length: None,
            pair_count: pairs,
            pairs: self.at..self.at,
            file_type: None,
            alignment: DEFAULT_ALIGNMENT,
        };
        for _ in 0..pairs {
            let key = self.string()?;
            let kind = self.u32()?;
            let place = self.at;
            match (key.as_str(), self.value(kind)?) {
                ("general.architecture", Value::Text(name)) => header.architecture = name,
                ("general.alignment", Value::Integer(bytes)) => header.alignment = bytes,
                ("general.file_type", Value::Integer(_)) if kind == 4 => header.file_type = Some(place),
                ("tokenizer.chat_template", Value::Text(template)) => header.has_chat_template = !template.is_empty(),
                (key, Value::Integer(length)) if key.ends_with(".context_length") => {
                    header.context_length = Some(length)
                }
                _ => {}
            }
        }
        header.pairs.end = self.at;
        let end = self.end_of_tensors(tensors, header.alignment)?;
        if end > self.size {
            return Err(Flaw::Damaged(format!(
                "the file is cut short: its tensors end at byte {end}, the file has {}",
                self.size
            )));
        }
        Ok(header)
    }

    fn magic_and_version(&mut self) -> Result<(), Flaw> {
        if self.size < 24 {
            return Err(Flaw::Damaged(format!("not a GGUF file: it has only {} bytes", self.size)));
        }
        if self.bytes::<4>()? != MAGIC {
            return Err(Flaw::Damaged("not a GGUF file: it does not start with \"GGUF\"".into()));
        }
        match self.u32()? {
            2 | 3 => Ok(()),
            version => Err(Flaw::Unsupported(format!("GGUF version {version} is not supported"))),
        }
    }

    /// One past the last byte of tensor data, from the file's start.
    fn end_of_tensors(&mut self, tensors: u64, alignment: u64) -> Result<u64, Flaw> {
        let mut end = 0u64;
        for _ in 0..tensors {
            let name = self.string()?;
            let dimensions = self.u32()?;
            if dimensions > MAX_DIMENSIONS {
                return Err(Flaw::Damaged(format!("tensor {name:?} claims {dimensions} dimensions")));
            }
            let mut elements = 1u64;
            for _ in 0..dimensions {
                elements = elements.saturating_mul(self.u64()?);
            }
            let kind = self.u32()?;
            let offset = self.u64()?;
            end = end.max(offset.saturating_add(tensor_bytes(kind, elements)));
        }
        if alignment == 0 {
            return Err(Flaw::Damaged("the alignment is zero".into()));
        }
        Ok(self.at.next_multiple_of(alignment).saturating_add(end))
    }

    /// A value; only the kinds that the header is asked for are kept.
    fn value(&mut self, kind: u32) -> Result<Value, Flaw> {
        Ok(match kind {
            0 | 1 | 7 => Value::Integer(u64::from(self.bytes::<1>()?[0])),
            2 | 3 => Value::Integer(u64::from(u16::from_le_bytes(self.bytes()?))),
            4 | 5 => Value::Integer(u64::from(self.u32()?)),
            10 | 11 => Value::Integer(self.u64()?),
            6 => self.skip(4)?,
            12 => self.skip(8)?,
            8 => Value::Text(self.string()?),
            9 => self.array()?,
            other => return Err(Flaw::Damaged(format!("a metadata entry has the unknown type {other}"))),
        })
    }

    fn array(&mut self) -> Result<Value, Flaw> {
        let kind = self.u32()?;
        let length = self.count("array elements")?;
        let width = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            8 => {
                for _ in 0..length {
                    let bytes = self.length()?;
                    self.skip(bytes)?;
                }
                return Ok(Value::Other);
            }
            other => return Err(Flaw::Damaged(format!("a metadata array has the unknown type {other}"))),
        };
        self.skip(length * width)
    }

    /// A number of things, each of which takes at least a byte of what is left.
    fn count(&mut self, what: &str) -> Result<u64, Flaw> {
        let count = self.u64()?;
        if count > self.size - self.at {
            return Err(Flaw::Damaged(format!("it claims {count} {what}, more than the file can hold")));
        }
        Ok(count)
    }

    fn length(&mut self) -> Result<u64, Flaw> {
        let length = self.u64()?;
        if length > MAX_FIELD.min(self.size - self.at) {
            return Err(self.cut());
        }
        Ok(length)
    }

    fn string(&mut self) -> Result<String, Flaw> {
        let length = self.length()?;
        let mut bytes = Vec::new();
        self.input.by_ref().take(length).read_to_end(&mut bytes).map_err(Flaw::Io)?;
        self.at += bytes.len() as u64;
        if (bytes.len() as u64) < length {
            return Err(self.cut());
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn skip(&mut self, bytes: u64) -> Result<Value, Flaw> {
        if bytes > self.size - self.at {
            return Err(self.cut());
        }
        io::copy(&mut self.input.by_ref().take(bytes), &mut io::sink()).map_err(Flaw::Io)?;
        self.at += bytes;
        Ok(Value::Other)
    }

    fn u32(&mut self) -> Result<u32, Flaw> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Flaw> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        if N as u64 > self.size - self.at {
            return Err(self.cut());
        }
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(Flaw::Io)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn cut(&self) -> Flaw {
        Flaw::Damaged(format!("the file is cut short: its header does not end within its {} bytes", self.size))
    }
}

enum Value {
    Integer(u64),
    Text(String),
    Other,
}

/// Bytes of `elements` elements of a ggml type; 0 for types this table does not know, which leaves
/// their offset to be checked.
fn tensor_bytes(kind: u32, elements: u64) -> u64 {
    let (block, bytes) = match kind {
        0 | 26 => (1, 4),
        1 | 25 | 30 => (1, 2),
        2 | 20 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        9 => (32, 36),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        15 => (256, 292),
        24 => (1, 1),
        27 | 28 => (1, 8),
        _ => return 0,
    };
    (elements / block).saturating_mul(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(out: &mut Vec<u8>, text: &str) {
        out.extend((text.len() as u64).to_le_bytes());
        out.extend(text.as_bytes());
    }

    /// A small, whole GGUF file with one tensor of 32 floats.
    pub(crate) fn tiny(template: Option<&str>) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(3u32.to_le_bytes());
        out.extend(1u64.to_le_bytes());
        out.extend((2 + u64::from(template.is_some())).to_le_bytes());
        text(&mut out, "general.architecture");
        out.extend(8u32.to_le_bytes());
        text(&mut out, "llama");
        text(&mut out, "llama.context_length");
        out.extend(4u32.to_le_bytes());
        out.extend(2048u32.to_le_bytes());
        if let Some(template) = template {
            text(&mut out, "tokenizer.chat_template");
            out.extend(8u32.to_le_bytes());
            text(&mut out, template);
        }
        text(&mut out, "weights");
        out.extend(1u32.to_le_bytes());
        out.extend(32u64.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        out.extend(0u64.to_le_bytes());
        out.resize(out.len().next_multiple_of(32), 0);
        out.extend([0; 128]);
        out
    }

    fn inspect_bytes(bytes: &[u8]) -> Result<GgufHeader> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.gguf");
        fs_err::write(&path, bytes).unwrap();
        inspect(&path)
    }

    #[test]
    fn a_whole_file_tells_what_it_is() {
        let header = inspect_bytes(&tiny(Some("{{ messages }}"))).unwrap();
        assert_eq!((header.architecture.as_str(), header.has_chat_template), ("llama", true));
        assert_eq!((header.context_length, header.alignment), (Some(2048), DEFAULT_ALIGNMENT));
        assert!(!inspect_bytes(&tiny(None)).unwrap().has_chat_template);
    }

    #[test]
    fn a_file_cut_anywhere_is_called_damaged_and_named_with_a_way_out() {
        let whole = tiny(Some("t"));
        for length in 0..whole.len() {
            let error = inspect_bytes(&whole[..length]).unwrap_err();
            assert_eq!(error.code(), Code::ModelDamaged, "{length} bytes");
            assert!(error.message().contains("m.gguf"));
            assert!(error.hint_text().unwrap().contains("footnote models pull"));
        }
    }

    #[test]
    fn a_missing_file_or_a_folder_is_called_missing() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("none.gguf"), folder.path().to_owned()] {
            assert_eq!(inspect(&path).unwrap_err().code(), Code::ModelMissing);
        }
    }

    #[test]
    fn another_kind_of_file_is_called_damaged() {
        let error = inspect_bytes(&[b'x'; 4096]).unwrap_err();
        assert_eq!(error.code(), Code::ModelDamaged);
        assert!(error.message().contains("not a GGUF file"));
    }

    proptest! {
        #[test]
        fn noise_after_the_magic_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 24..400)) {
            bytes[..4].copy_from_slice(&MAGIC);
            bytes[4..8].copy_from_slice(&3u32.to_le_bytes());
            if let Err(error) = inspect_bytes(&bytes) {
                prop_assert_eq!(error.code(), Code::ModelDamaged);
            }
        }
    }
}
