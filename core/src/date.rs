//! Dates as people write them, as Unix milliseconds.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A moment, or a whole day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Its first millisecond.
    pub start_ms: i64,
    /// The first millisecond after it.
    pub end_ms: i64,
}

/// Reads `2024-05-01` (the whole day) or a time as in RFC 3339 (`2024-05-01T12:00:00Z`); `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    // Shorter and other forms (`2024`, `20240501`) are more often numbers than dates.
    if text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-' {
        let day: Date = text.parse().ok()?;
        let midnight = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond());
        return Some(Moment { start_ms: midnight(day)?, end_ms: midnight(day.checked_add(1.day()).ok()?)? });
    }
    if text.len() < 17 || !text.is_ascii() {
        return None;
    }
    let at = text.parse::<Timestamp>().ok()?.as_millisecond();
    Some(Moment { start_ms: at, end_ms: at + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_whole_and_a_time_is_a_millisecond() {
        assert_eq!(parse("1970-01-02"), Some(Moment { start_ms: 86_400_000, end_ms: 172_800_000 }));
        assert_eq!(parse("1970-01-01T00:00:01Z"), Some(Moment { start_ms: 1_000, end_ms: 1_001 }));
        assert_eq!(parse("1970-01-01T01:00:01+01:00"), Some(Moment { start_ms: 1_000, end_ms: 1_001 }));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "2024", "20240501", "2024-13-01", "9999-12-31", "yesterday", "１９７０-01-01", "2024-05-01T"]
        {
            assert!(parse(text).is_none() || text == "9999-12-31", "{text}");
        }
    }
}
