//! What stands in a cell of a spreadsheet, as a person reads it there.

use calamine::{DataRef, ExcelDateTime, Style};
use office_oxide::xlsx::numfmt;

/// The words of a cell: dates in ISO form, numbers in the format that the sheet shows them in.
pub(crate) fn words(value: &DataRef<'_>, style: Option<&Style>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Int(number) => styled(*number as f64, style),
        DataRef::Float(number) => styled(*number, style),
        DataRef::Bool(truth) => (if *truth { "TRUE" } else { "FALSE" }).to_owned(),
        DataRef::DateTime(moment) => date(moment),
        DataRef::DateTimeIso(text) => iso(text),
        DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
    }
}

/// A number in its cell's format (`12.5%`, `1,250.00`), or as [`plain`].
fn styled(number: f64, style: Option<&Style>) -> String {
    let format = style.and_then(|style| style.number_format.as_ref());
    let Some(format) = format.filter(|format| !matches!(format.format_code.as_str(), "" | "General" | "@")) else {
        return plain(number);
    };
    let id = format.format_id.filter(|id| *id < 164 && numfmt::builtin_format_code(*id).is_some());
    // An id of no built-in format: the code alone counts.
    let shown = numfmt::apply_format(number, id.unwrap_or(u32::MAX), Some(&format.format_code));
    let shown = shown.trim();
    // A format that hides the number, or that the library cannot render, must not hide it here.
    let honest = shown.contains(|c: char| c.is_ascii_digit()) || number == 0.0 && !shown.is_empty();
    if honest { shown.to_owned() } else { plain(number) }
}

/// A number without the noise of its binary form: 0.1 + 0.2 is 0.3.
pub(crate) fn plain(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    let size = number.abs();
    if size >= 1e17 || (size < 1e-9 && size > 0.0) {
        return format!("{number:e}");
    }
    // Nine places, or fifteen figures in all, are what a sheet shows; below one, nine figures.
    let figures = if size >= 1.0 { size.log10() as usize + 1 } else { 0 };
    let leading_zeros = if size > 0.0 && size < 1.0 { (-size.log10()) as usize } else { 0 };
    let places = (15usize.saturating_sub(figures)).min(9 + leading_zeros);
    let text = format!("{number:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// `2024-05-31`, `2024-05-31 14:30`, or `14:30` for a time of no day; `49:30:00` for a span of time.
fn date(moment: &ExcelDateTime) -> String {
    let value = moment.as_f64();
    if moment.is_duration() {
        let seconds = (value * 86_400.0).round();
        let (sign, seconds) = (if seconds < 0.0 { "-" } else { "" }, seconds.abs() as u64);
        return format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    if value < 0.0 {
        return plain(value);
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let time = match second {
        0 => format!("{hour:02}:{minute:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    };
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (value < 1.0, value.fract() == 0.0) {
        (true, _) => time,
        (false, true) => date,
        (false, false) => format!("{date} {time}"),
    }
}

/// An ISO date and time: without the time where it is midnight, with a space between them.
pub(crate) fn iso(text: &str) -> String {
    let text = text.trim();
    let text = text.split_once("T00:00:00").map_or(text, |(date, _)| date);
    let is_date = text.get(..10).is_some_and(|date| date.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
    if is_date { text.replacen('T', " ", 1) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType;

    #[test]
    fn numbers_have_no_binary_noise() {
        for (number, expected) in [
            (0.1 + 0.2, "0.3"),
            (1.000_000_000_1, "1"),
            (2.999_999_999_99, "3"),
            (1234.5, "1234.5"),
            (-0.0, "0"),
            (42.0, "42"),
            (123_456_789_012.34, "123456789012.34"),
            (0.000_012_5, "0.0000125"),
            (1e-12, "1e-12"),
            (1e300, "1e300"),
            (9_007_199_254_740_991.0, "9007199254740991"),
        ] {
            assert_eq!(plain(number), expected);
        }
    }

    #[test]
    fn moments_are_iso() {
        let words = |value: f64, kind| date(&ExcelDateTime::new(value, kind, false));
        assert_eq!(words(45_943.0, ExcelDateTimeType::DateTime), "2025-10-13");
        assert_eq!(words(45_943.5, ExcelDateTimeType::DateTime), "2025-10-13 12:00");
        assert_eq!(words(0.25, ExcelDateTimeType::DateTime), "06:00");
        assert_eq!(words(2.0625, ExcelDateTimeType::TimeDelta), "49:30:00");
        assert_eq!(words(-1.0, ExcelDateTimeType::DateTime), "-1");
        assert_eq!(iso("2024-05-31T00:00:00"), "2024-05-31");
        assert_eq!(iso("2024-05-31T14:30:00"), "2024-05-31 14:30:00");
        assert_eq!(iso("Tuesday"), "Tuesday");
    }
}
