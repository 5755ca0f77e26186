//! Bytes to text: UTF-8, or UTF-16 that says so by its mark.

use std::borrow::Cow;

use footnote_core::{Code, Error, Result};

/// Decodes the bytes of the file `name`. `declared` is the encoding that the file itself names.
///
/// # Errors
/// [`Code::NotUtf8`] with the place of the first wrong byte, and how to convert the file.
pub(crate) fn utf8<'a>(name: &str, bytes: &'a [u8], declared: Option<&str>) -> Result<Cow<'a, str>> {
    if let Some(text) = utf16(bytes) {
        return Ok(Cow::Owned(text));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let at = error.valid_up_to();
        let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        let from = declared.unwrap_or("WINDOWS-1252");
        let message = format!("{name}: not valid UTF-8 at byte {at} (line {line})");
        Error::new(Code::NotUtf8, message)
            .hint(format!("convert it, for example: iconv -f {from} -t UTF-8 '{name}' > converted"))
    })
}

/// The text of bytes that begin with a UTF-16 mark and are valid UTF-16.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (unit, rest): (fn([u8; 2]) -> u16, _) = if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        (u16::from_le_bytes, rest)
    } else {
        (u16::from_be_bytes, bytes.strip_prefix(&[0xfe, 0xff])?)
    };
    let (pairs, []) = rest.as_chunks::<2>() else { return None };
    char::decode_utf16(pairs.iter().map(|&pair| unit(pair))).collect::<Result<_, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_bytes_are_named_by_place_with_a_way_out() {
        let error = utf8("a.txt", b"one\ncaf\xe9", None).unwrap_err();
        assert_eq!(error.code(), Code::NotUtf8);
        assert_eq!(error.message(), "a.txt: not valid UTF-8 at byte 7 (line 2)");
        assert!(error.hint_text().unwrap().contains("iconv -f WINDOWS-1252 -t UTF-8"));
        let declared = utf8("a.html", b"\xe9", Some("iso-8859-15")).unwrap_err();
        assert!(declared.hint_text().unwrap().contains("iconv -f iso-8859-15"));
    }

    #[test]
    fn marks_are_understood() {
        assert_eq!(utf8("a", b"\xef\xbb\xbfhi", None).unwrap(), "hi");
        assert_eq!(utf8("a", b"\xff\xfeh\0i\0", None).unwrap(), "hi");
        assert_eq!(utf8("a", b"\xfe\xff\0h\0i", None).unwrap(), "hi");
    }
}
