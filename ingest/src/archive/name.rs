//! Names in archives: they are input, and may lead anywhere.

use std::path::Path;

use footnote_core::Code;

use super::Refusal;

/// Longer paths are refused.
const MAX_PATH_BYTES: usize = 4096;

/// The path `raw` as a relative one with `/` between its names, or what to show of it and why it is refused.
pub(super) fn sanitized(raw: &[u8]) -> Result<String, (String, Refusal)> {
    let refused = |code, reason: &str| {
        let shown: String = String::from_utf8_lossy(raw).escape_debug().take(200).collect();
        Err((shown, Refusal::new(code, reason)))
    };
    let Ok(name) = std::str::from_utf8(raw) else {
        return refused(Code::NotUtf8, "its name is not valid UTF-8");
    };
    let name = name.replace('\\', "/");
    let has_drive = name.as_bytes().get(1) == Some(&b':') && name.starts_with(|c: char| c.is_ascii_alphabetic());
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if name.starts_with('/') || has_drive || parts.contains(&"..") {
        return refused(Code::PathNotAllowed, "its path leads outside the archive");
    }
    if parts.is_empty() || name.len() > MAX_PATH_BYTES || name.contains(char::is_control) {
        return refused(Code::UnsupportedType, "its name is empty, too long, or holds control characters");
    }
    Ok(parts.join("/"))
}

/// What the file in the gzip archive `archive` is called: its name without `.gz`, else the name in the gzip
/// header where that is a plain name.
pub(super) fn without_gz(archive: &str, in_header: Option<&[u8]>) -> String {
    let path = Path::new(archive);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).filter(|stem| !stem.starts_with('.'));
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match (ending.as_deref(), stem) {
        (Some("gz"), Some(stem)) => return stem,
        (Some("tgz"), Some(stem)) => return format!("{stem}.tar"),
        _ => {}
    }
    let plain = |name: &&str| {
        !name.is_empty()
            && name.len() <= 255
            && !name.starts_with('.')
            && !name.contains(['/', '\\'])
            && !name.contains(char::is_control)
    };
    let named = in_header.and_then(|name| std::str::from_utf8(name).ok()).filter(plain);
    named.unwrap_or("content").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_relative_or_refused() {
        let told = |raw: &[u8]| sanitized(raw).map_err(|(shown, refusal)| (shown, refusal.code));
        assert_eq!(told(b"./a//b/./c.md"), Ok("a/b/c.md".to_owned()));
        assert_eq!(told(b"a\\b.md"), Ok("a/b.md".to_owned()));
        for outside in ["/etc/passwd", "../a", "a/../../b", "C:\\x.txt", "\\\\host\\x"] {
            assert_eq!(told(outside.as_bytes()).unwrap_err().1, Code::PathNotAllowed, "{outside}");
        }
        assert_eq!(told(b"caf\xe9.txt"), Err(("caf\u{fffd}.txt".to_owned(), Code::NotUtf8)));
        for odd in ["", "./", "a\0b", &"a/".repeat(3000)] {
            assert_eq!(told(odd.as_bytes()).unwrap_err().1, Code::UnsupportedType, "{odd:?}");
        }
    }

    #[test]
    fn a_compressed_file_has_a_name() {
        assert_eq!(without_gz("/x/a.md.gz", Some(b"b.md")), "a.md");
        assert_eq!(without_gz("/x/a.tgz", None), "a.tar");
        assert_eq!(without_gz("/x/upload", Some(b"b.md")), "b.md");
        assert_eq!(without_gz("/x/upload", Some(b"../b.md")), "content");
        assert_eq!(without_gz("/x/.gz", None), "content");
    }
}
