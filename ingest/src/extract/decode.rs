//! Bytes to text: UTF-8, UTF-16, or an older encoding that is declared or can be guessed safely.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};
use footnote_core::{Code, Error, Result};

/// Bytes from the start by which UTF-16 without a mark is known.
const HEAD_BYTES: usize = 4 * 1024;

/// Bytes that an encoding is guessed from, from a little before the first one that is not ASCII.
const GUESS_BYTES: usize = 1 << 20;
const GUESS_BEFORE: usize = 4 * 1024;

/// With more than one control character in so many, a text was guessed wrongly, or is none.
const CONTROL_SHARE: usize = 100;

/// The text in the bytes of the file `name`, as UTF-8. `declared` is the encoding that the file itself names:
/// it is believed before any guess, and a byte order mark before both.
///
/// # Errors
/// [`Code::NotUtf8`] with the place of the first wrong byte where the text is damaged UTF-8 or UTF-16, and
/// where no encoding makes a readable text of it.
pub(crate) fn utf8<'a>(name: &str, bytes: &'a [u8], declared: Option<&str>) -> Result<Cow<'a, str>> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
        // Where UTF-16 is wrong is not told: no editor counts its bytes.
        let first = || mark + std::str::from_utf8(&bytes[mark..]).err().map_or(0, |error| error.valid_up_to());
        let place = if encoding == UTF_8 { first() } else { mark };
        return text.ok_or_else(|| refused(name, bytes, place, &format!("damaged {}", encoding.name()), declared));
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
        return text.ok_or_else(|| refused(name, bytes, 0, &format!("damaged {}", encoding.name()), declared));
    }
    let declared_encoding = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    let error = match std::str::from_utf8(bytes) {
        // Seven-bit Japanese is ASCII by its bytes.
        Ok(text) if !text.contains("\u{1b}$") => return Ok(Cow::Borrowed(text)),
        Ok(text) => {
            let japanese = ISO_2022_JP.decode_without_bom_handling_and_without_replacement(bytes);
            return Ok(japanese.filter(|found| is_readable(found)).unwrap_or(Cow::Borrowed(text)));
        }
        Err(error) => error,
    };
    let first = error.valid_up_to();
    if is_damaged_utf8(&bytes[first..], &bytes[..first]) {
        return Err(refused(name, bytes, first, "not valid UTF-8", declared));
    }
    let decoded = |encoding: &'static Encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        is_readable(&text).then_some((encoding, text))
    };
    let found = declared_encoding.and_then(decoded).or_else(|| decoded(guess(bytes, first)));
    let Some((encoding, text)) = found else {
        return Err(refused(name, bytes, first, "not valid UTF-8", declared));
    };
    tracing::info!(file = name, encoding = encoding.name(), declared, "text that is not UTF-8 was decoded");
    Ok(text)
}

fn refused(name: &str, bytes: &[u8], at: usize, what: &str, declared: Option<&str>) -> Error {
    let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
    let from = declared.unwrap_or("WINDOWS-1252");
    Error::new(Code::NotUtf8, format!("{name}: {what} at byte {at} (line {line})"))
        .hint(format!("convert it, for example: iconv -f {from} -t UTF-8 '{name}' > converted"))
}

/// UTF-16 whose file has no mark, known by the zero bytes that it holds beside each letter of ASCII. Text
/// that is mostly of another script is not recognized.
pub(crate) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let (pairs, rest) = bytes[..bytes.len().min(HEAD_BYTES)].as_chunks::<2>();
    if pairs.len() < 2 || !rest.is_empty() {
        return None;
    }
    let zeros = |side: usize| pairs.iter().filter(|pair| pair[side] == 0).count();
    let (encoding, unit): (_, fn([u8; 2]) -> u16) = match (zeros(0), zeros(1)) {
        (0, odd) if odd * 10 >= pairs.len() * 7 => (UTF_16LE, u16::from_le_bytes),
        (even, 0) if even * 10 >= pairs.len() * 7 => (UTF_16BE, u16::from_be_bytes),
        _ => return None,
    };
    let is_text = |&pair: &[u8; 2]| !matches!(unit(pair), 0..=8 | 0xb | 0xe..=0x1f | 0x7f..=0x9f | 0xfffe..);
    pairs.iter().all(is_text).then_some(encoding)
}

/// Whether a text is UTF-8 but for some broken places: it has as many characters of several bytes as it has
/// wrong bytes, or more. Read in any other encoding, all of the former would be garbage.
fn is_damaged_utf8(from_first_error: &[u8], before: &[u8]) -> bool {
    let (mut good, mut bad) = (before.iter().filter(|&&byte| byte >= 0xc0).count(), 0);
    for chunk in from_first_error[..from_first_error.len().min(GUESS_BYTES)].utf8_chunks() {
        good += chunk.valid().bytes().filter(|&byte| byte >= 0xc0).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 0 && good >= bad
}

fn guess(bytes: &[u8], first: usize) -> &'static Encoding {
    let start = first.saturating_sub(GUESS_BEFORE);
    let end = bytes.len().min(start + GUESS_BYTES);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes[start..end], end == bytes.len());
    detector.guess(None, Utf8Detection::Deny)
}

fn is_readable(text: &str) -> bool {
    let (mut all, mut control) = (0, 0);
    for c in text.chars() {
        all += 1;
        control += usize::from(c == '\u{fffd}' || (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}')));
    }
    control * CONTROL_SHARE <= all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> Result<String> {
        utf8("a.txt", bytes, None).map(Cow::into_owned)
    }

    #[test]
    fn marks_are_understood() {
        assert_eq!(told(b"\xef\xbb\xbfhi").unwrap(), "hi");
        assert_eq!(told(b"\xff\xfeh\0i\0").unwrap(), "hi");
        assert_eq!(told(b"\xfe\xff\0h\0i").unwrap(), "hi");
        assert_eq!(utf8("a", b"\xef\xbb\xbfcaf\xc3\xa9", Some("windows-1252")).unwrap(), "café");
        let odd = told(b"\xff\xfeh\0i").unwrap_err();
        assert!(odd.code() == Code::NotUtf8 && odd.message().contains("damaged UTF-16LE"), "{odd}");
    }

    #[test]
    fn utf16_without_a_mark_is_known_by_its_zeros() {
        let encode = |order: fn(u16) -> [u8; 2]| "Größe: 3 €\r\n".encode_utf16().flat_map(order).collect::<Vec<u8>>();
        assert_eq!(told(&encode(u16::to_le_bytes)).unwrap(), "Größe: 3 €\r\n");
        assert_eq!(told(&encode(u16::to_be_bytes)).unwrap(), "Größe: 3 €\r\n");
        assert_eq!(utf16_without_mark(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01"), None);
        assert_eq!(utf16_without_mark(b"\x01\0\x02\0\x03\0\x04\0"), None);
        assert_eq!(utf16_without_mark(b"plain"), None);
    }

    #[test]
    fn older_encodings_are_guessed() {
        let cases: [(&Encoding, &str); 5] = [
            (encoding_rs::WINDOWS_1252, "one\nLe café était fermé à l'été, déjà."),
            (encoding_rs::WINDOWS_1251, "Это обычный русский текст, который нужно прочитать."),
            (encoding_rs::SHIFT_JIS, "これは日本語の文章です。文字コードを推測します。"),
            (encoding_rs::GBK, "这是一个用旧编码写成的中文句子，应该可以读出来。"),
            (encoding_rs::ISO_2022_JP, "これは日本語の文章です。"),
        ];
        for (encoding, text) in cases {
            let (bytes, _, unmappable) = encoding.encode(text);
            assert!(!unmappable);
            assert_eq!(told(&bytes).unwrap(), text, "{}", encoding.name());
        }
        assert_eq!(told(b"one\ncaf\xe9").unwrap(), "one\ncafé");
    }

    #[test]
    fn what_is_declared_is_believed_before_a_guess() {
        assert_eq!(utf8("a.html", b"100 \xa4 caf\xe9", Some("iso-8859-15")).unwrap(), "100 € café");
        assert_eq!(utf8("a.html", "café".as_bytes(), Some("iso-8859-15")).unwrap(), "café");
        assert_eq!(utf8("a.html", b"caf\xe9", Some("no such encoding")).unwrap(), "café");
    }

    #[test]
    fn damaged_utf8_is_not_read_as_something_else() {
        let damaged = [b"one\nM\xc3\xbcnchen, K\xc3\xb6ln, caf".as_slice(), b"\xe9 und Gr\xc3\xb6\xc3\x9fe"].concat();
        let error = told(&damaged).unwrap_err();
        assert_eq!(error.code(), Code::NotUtf8);
        assert_eq!(error.message(), "a.txt: not valid UTF-8 at byte 24 (line 2)");
        assert!(error.hint_text().unwrap().contains("iconv -f WINDOWS-1252 -t UTF-8"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let noise: Vec<u8> = (0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(told(&noise).unwrap_err().code(), Code::NotUtf8);
        let declared = utf8("a.html", b"\xe9\x01\x02\x03", Some("iso-8859-15")).unwrap_err();
        assert!(declared.hint_text().unwrap().contains("iconv -f iso-8859-15"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end_as_text_or_a_reason(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            if let Err(error) = told(&bytes) {
                proptest::prop_assert!(error.code() == Code::NotUtf8 && error.hint_text().is_some());
            }
        }
    }
}
