//! Dates in a text, whatever they look like: `31 March 1889`, `March 31, 1889`, `1889-03-31`, `31.03.1889`,
//! `31. März 1889`, `le 31 mars 1889`, `31 de marzo de 1889`, and parts of them.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A date, as far as it is given, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: Option<u32>,
    /// 1 to 12; another number is no month.
    pub(crate) month: u32,
    pub(crate) day: Option<u32>,
    pub(crate) place: Range<usize>,
}

/// The months' names, a line for each month; the first is the one that stands for all.
const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "jänner", "janvier", "enero", "jan"],
    &["february", "februar", "février", "febrero", "feb"],
    &["march", "märz", "mars", "marzo", "mar"],
    &["april", "avril", "abril", "apr"],
    &["may", "mai", "mayo"],
    &["june", "juni", "juin", "junio", "jun"],
    &["july", "juli", "juillet", "julio", "jul"],
    &["august", "août", "agosto", "aug"],
    &["september", "septembre", "septiembre", "sept", "sep"],
    &["october", "oktober", "octobre", "octubre", "oct", "okt"],
    &["november", "novembre", "noviembre", "nov"],
    &["december", "dezember", "décembre", "diciembre", "dec", "dez"],
];

/// The forms, with the parts named `y`, `m` (a name), `n` (a number) and `d`.
static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let names: Vec<&str> = MONTHS.iter().flat_map(|names| names.iter().copied()).collect();
    let m = format!("(?P<m>{})", names.join("|"));
    let (d, y) = (r"(?P<d>\d{1,2})", r"(?P<y>\d{4})");
    let of = r"(?:of\s+|de\s+|del\s+)?";
    [
        format!(r"\b{y}[-/](?P<n>\d{{1,2}})[-/]{d}\b"),
        format!(r"\b{d}\.\s?(?P<n>\d{{1,2}})\.\s?{y}\b"),
        format!(r"(?i)\b{d}(?:st|nd|rd|th|er|\.|º)?\s+{of}{m}\b\.?(?:,?\s+{of}{y}\b)?"),
        format!(r"(?i)\b{m}\b\.?\s+{d}(?:st|nd|rd|th)?\b(?:,?\s+{y}\b)?"),
        format!(r"(?i)\b{m}\b\.?,?\s+{of}{y}\b"),
    ]
    .iter()
    .filter_map(|form| Regex::new(form).ok())
    .collect()
});

/// The dates of `text`, in order.
pub(crate) fn dates(text: &str) -> Vec<Date> {
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    // `May 1,024`: the figure goes on.
    let ends = |date: &Date| {
        let rest = text[date.place.end..].strip_prefix([',', '.']);
        !rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let of_form =
        |form: &Regex| form.captures_iter(text).filter_map(|parts| date(&parts)).filter(ends).collect::<Vec<_>>();
    let mut found: Vec<Date> = FORMS.iter().flat_map(of_form).collect();
    found.sort_by_key(|date| (date.place.start, std::cmp::Reverse(date.place.end)));
    let mut end = 0;
    found.retain(|date| {
        let is_free = date.place.start >= end;
        if is_free {
            end = date.place.end;
        }
        is_free
    });
    found
}

fn date(parts: &Captures<'_>) -> Option<Date> {
    let number = |name: &str| parts.name(name).and_then(|part| part.as_str().parse().ok());
    let named = || {
        let name = parts.name("m")?.as_str().to_lowercase();
        let place = MONTHS.iter().position(|names| names.contains(&name.as_str()))?;
        u32::try_from(place + 1).ok()
    };
    let month = named().or_else(|| number("n"))?;
    Some(Date { year: number("y"), month, day: number("d"), place: parts.get(0)?.range() })
}

impl Date {
    /// Whether there is such a day.
    pub(crate) fn exists(&self) -> bool {
        let leap = |year: u32| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
        let days = match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if self.year.is_none_or(leap) => 29,
            2 => 28,
            _ => return false,
        };
        self.day.is_none_or(|day| (1..=days).contains(&day))
    }

    /// Whether `other` says all that this one says.
    pub(crate) fn is_told_by(&self, other: &Self) -> bool {
        self.month == other.month
            && self.year.is_none_or(|year| other.year == Some(year))
            && self.day.is_none_or(|day| other.day == Some(day))
    }

    /// The month's English name in lower case.
    pub(crate) fn month_name(&self) -> &'static str {
        let index = usize::try_from(self.month).unwrap_or_default();
        index.checked_sub(1).and_then(|index| MONTHS.get(index)).map_or("", |names| names[0])
    }

    /// Whether one of `words` (lower case) names its month.
    pub(crate) fn month_is_among(&self, is_word: impl Fn(&str) -> bool) -> bool {
        let index = usize::try_from(self.month).unwrap_or_default();
        index.checked_sub(1).and_then(|index| MONTHS.get(index)).is_some_and(|names| names.iter().any(|n| is_word(n)))
    }

    /// Its parts as words, the same for each way to write it.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        let month = self.month_name().to_owned();
        [self.year.map(|year| year.to_string()), Some(month), self.day.map(|day| day.to_string())].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Option<u32>, u32, Option<u32>)> {
        dates(text).into_iter().map(|date| (date.year, date.month, date.day)).collect()
    }

    #[test]
    fn a_date_is_the_same_however_it_is_written() {
        for text in [
            "on 31 March 1889.",
            "March 31, 1889",
            "March 31st 1889",
            "1889-03-31",
            "am 31.03.1889",
            "31. März 1889",
            "le 31 mars 1889",
            "el 31 de marzo de 1889",
            "the 31st of March, 1889",
        ] {
            assert_eq!(read(text), [(Some(1889), 3, Some(31))], "{text}");
        }
        assert_eq!(
            read("In May 1889 and on 2 June; 1er mai"),
            [(Some(1889), 5, None), (None, 6, Some(2)), (None, 5, Some(1))]
        );
    }

    #[test]
    fn figures_alone_are_no_dates() {
        for text in ["You may 1,024 times", "version 1.2.3", "marching 31 miles", "in 1889", "May I?"] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn days_that_do_not_exist_are_told() {
        let exists = |text: &str| dates(text)[0].exists();
        assert!(exists("29 February 2024") && exists("31 March 1889") && exists("29 February"));
        assert!(
            !exists("29 February 1900") && !exists("31 April 1889") && !exists("1889-13-01") && !exists("0 May 2000")
        );
    }

    #[test]
    fn a_part_of_a_date_is_told_by_the_whole_but_not_the_other_way_round() {
        let (whole, part) = (&dates("31 March 1889")[0], &dates("March 1889")[0]);
        assert!(part.is_told_by(whole) && !whole.is_told_by(part));
        assert!(!dates("31 May 1889")[0].is_told_by(whole));
    }
}
