//! ONNX Runtime: a library that is loaded at run time, once per process.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use footnote_core::{Code, Error, Result};
use ort::environment::Environment;

/// The one environment of the process. ONNX Runtime allows no second one, even after the first is
/// gone, so it stays for good.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// The environment of the library at `library`, which is loaded on the first call.
pub(crate) fn environment(library: &Path) -> Result<Environment> {
    let mut loaded = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = loaded.as_ref() {
        return Ok(environment.clone());
    }
    // Before anything of ort is touched: left alone, it would look for a library itself, and panic.
    if !library.is_file() {
        return Err(missing(library, "the library that runs these models is not there"));
    }
    if is_cut_short(library).map_err(|error| Error::io(library, error))? {
        return Err(missing(library, "the file is cut short"));
    }
    let environment = guarded(|| {
        let builder = ort::init_from(library).map_err(|error| error.to_string())?;
        builder.with_name("footnote").with_telemetry(false).build().map_err(|error| error.to_string())
    })
    .map_err(|reason| missing(library, &format!("cannot be used: {reason}")))?;
    Ok(loaded.insert(environment).clone())
}

/// Whether an ELF library ends before its section headers, which stand last. The system's loader
/// maps such a file all the same, and the process dies of SIGBUS. Other formats are left to it.
fn is_cut_short(library: &Path) -> std::io::Result<bool> {
    let mut header = [0; 64];
    let mut file = fs_err::File::open(library)?;
    let length = file.metadata()?.len();
    if length < header.len() as u64 {
        return Ok(true);
    }
    file.read_exact(&mut header)?;
    // 64 bits, little-endian; offsets from the ELF specification's table of the file header.
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Ok(false);
    }
    let number =
        |at: usize, bytes: usize| header[at..at + bytes].iter().rev().fold(0u64, |n, &b| n << 8 | u64::from(b));
    let (sections, size, count) = (number(0x28, 8), number(0x3a, 2), number(0x3c, 2));
    Ok(sections.saturating_add(size * count) > length)
}

fn missing(library: &Path, reason: &str) -> Error {
    Error::new(Code::RuntimeMissing, format!("{}: {reason}", library.display()))
        .hint("fetch ONNX Runtime with `make models`")
}

/// The result of `work`, its error or its panic in words: ort panics where it finds the library or
/// a model unusable.
pub(crate) fn guarded<T, E: std::fmt::Display>(work: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(panic) => Err(words_of(&*panic)),
    }
}

/// What a panic said.
fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
