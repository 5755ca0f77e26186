//! Figures with their units: `3 km`, `98MB`, `5 %`, `$ 40`, `1.5 million euros`, `10 m/s`.

use std::ops::Range;

use footnote_core::text::word_spans;

use super::measures::{NUMBERS, SCALES, UNITS};

/// What a figure measures: figures of the same dimension can be compared once they are multiplied by the factor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unit {
    pub(crate) dimension: String,
    factor: f64,
}

/// A figure, with its unit where one stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quantity {
    /// As it is written, without its unit.
    pub(crate) written: String,
    /// Its value, with words such as "million" worked in; `None` for a version such as `1.2.0`.
    value: Option<f64>,
    pub(crate) unit: Option<Unit>,
    pub(crate) place: Range<usize>,
}

/// How a figure of a sentence stands to those of its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Borne {
    Out,
    /// The value is there, with another unit or with none.
    ButUnit,
    Not,
}

fn unit(name: &str) -> Option<Unit> {
    let found = UNITS.iter().find(|(names, ..)| names.contains(&name));
    found.map(|(_, dimension, factor)| Unit { dimension: (*dimension).to_owned(), factor: *factor })
}

/// The dimension that a word names, where it is a unit.
pub(crate) fn dimension(word: &str) -> Option<String> {
    unit(word).map(|unit| unit.dimension)
}

/// The figures of `text` outside of `taken` (its dates).
pub(crate) fn quantities(text: &str, taken: &[Range<usize>]) -> Vec<Quantity> {
    let free = |start: usize| !taken.iter().any(|range| range.contains(&start));
    let words = word_spans(text).filter(|(start, _)| free(*start));
    let mut found: Vec<Quantity> = words.filter_map(|(start, end)| quantity(text, start..end)).collect();
    // `5 to 10 minutes`, `5–10 km`: the first has the unit of the second.
    for at in (1..found.len()).rev() {
        let between = text.get(found[at - 1].place.end..found[at].place.start).unwrap_or_default().trim();
        if found[at - 1].unit.is_none()
            && matches!(between, "to" | "–" | "-" | "and" | "or" | "bis" | "à" | "a" | "und")
        {
            found[at - 1].unit = found[at].unit.clone();
        }
    }
    found
}

fn quantity(text: &str, place: Range<usize>) -> Option<Quantity> {
    let word = &text[place.clone()];
    let (written, value, suffix) = number(word)?;
    let mut quantity = Quantity { written, value, unit: None, place };
    let suffix = suffix.trim_matches('-');
    let (first, more) = suffix.split_once('-').unwrap_or((suffix, ""));
    // `the 1980s` are years.
    let is_decade = first == "s" && quantity.value.is_some_and(|value| value >= 1_000.0);
    let at_end = first.is_empty() || is_decade || quantity.scale(first) || quantity.measure(first);
    if at_end && !more.is_empty() {
        quantity.measure(more);
    } else if at_end {
        quantity.read_on(text);
    }
    quantity.read_before(text);
    Some(quantity)
}

/// A word that begins with digits, or that names a number: the number as written, its value, and what follows it.
fn number(word: &str) -> Option<(String, Option<f64>, String)> {
    let lower = word.to_lowercase();
    let named = |name: &str| NUMBERS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    if let Some(value) = named(&lower) {
        return Some((lower, Some(value), String::new()));
    }
    if let Some((tens, rest)) = lower.split_once('-')
        && let Some(value) = named(tens)
    {
        let ones = match rest {
            "one" => Some(1.0),
            rest => named(rest).filter(|ones| *ones < 10.0),
        };
        return match ones {
            Some(ones) if value >= 20.0 => Some((lower, Some(value + ones), String::new())),
            _ => Some((tens.to_owned(), Some(value), rest.to_owned())),
        };
    }
    let digits = word.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(word.len());
    let (number, suffix) = word.split_at(digits);
    // A version or an identifier such as `3d-v2` has digits again: it is a name.
    if number.is_empty() || suffix.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plain = number.replace(',', "");
    Some((number.to_owned(), plain.parse().ok(), suffix.to_owned()))
}

impl Quantity {
    fn scale(&mut self, word: &str) -> bool {
        // `135M` is a number, `135m` a length.
        let factor = match word {
            "M" => Some(1e6),
            word => SCALES.iter().find(|(names, _)| names.contains(&word.to_lowercase().as_str())).map(|(_, by)| *by),
        };
        if let (Some(value), Some(factor)) = (self.value.as_mut(), factor) {
            *value *= factor;
        }
        factor.is_some()
    }

    fn measure(&mut self, word: &str) -> bool {
        self.unit = unit(&word.to_lowercase());
        self.unit.is_some() || matches!(word, "st" | "nd" | "rd" | "th")
    }

    /// Looks for a scale and a unit behind the number: `million dollars`, `%`, `km/h`, `metres per second`.
    fn read_on(&mut self, text: &str) {
        for _ in 0..3 {
            if self.unit.is_some() {
                break;
            }
            let Some((word, end)) = next(text, self.place.end) else { return };
            if !self.scale(word) && !self.measure(word) {
                return;
            }
            self.place.end = end;
        }
        self.read_rate(text);
    }

    fn read_rate(&mut self, text: &str) {
        let rest = &text[self.place.end..];
        let per = ["/", " per ", " pro ", " par ", " por "].into_iter().find(|per| rest.starts_with(per));
        let Some((per, mine)) = per.zip(self.unit.as_mut()) else { return };
        let Some((word, end)) = next(text, self.place.end + per.len()) else { return };
        if let Some(by) = unit(&word.to_lowercase()) {
            *mine = Unit { dimension: format!("{}/{}", mine.dimension, by.dimension), factor: mine.factor / by.factor };
            self.place.end = end;
        }
    }

    /// A currency sign or a minus before the number.
    fn read_before(&mut self, text: &str) {
        let before = &text[..self.place.start];
        let Some(sign) = before.trim_end().chars().next_back() else { return };
        if self.unit.is_none() && matches!(sign, '$' | '€' | '£' | '¥') {
            self.unit = unit(&sign.to_string());
        }
        let is_minus = matches!(before.chars().next_back(), Some('-' | '−'));
        let stands_alone = before.chars().rev().nth(1).is_none_or(|c| c.is_whitespace() || c == '(');
        if is_minus && stands_alone {
            self.value = self.value.map(|value| -value);
        }
    }

    /// Its value in the first unit of its dimension, as a word: `1 km` and `1,000 m` give the same.
    pub(crate) fn word(&self) -> String {
        match (self.value, &self.unit) {
            (Some(value), Some(unit)) => format!("{}{}", value * unit.factor, unit.dimension),
            (Some(value), None) => value.to_string(),
            (None, _) => self.written.clone(),
        }
    }

    /// Whether it stands in `quoted`. `known` tells of a dimension whether the quotes or the question name it
    /// somewhere else: in the head of a table, say.
    pub(crate) fn is_borne_out(&self, quoted: &[Self], known: impl Fn(&str) -> bool) -> Borne {
        let mut borne = Borne::Not;
        for other in quoted.iter().filter(|other| self.may_equal(other)) {
            match (&self.unit, &other.unit) {
                (None, None) => return Borne::Out,
                (Some(a), Some(b)) if a.dimension == b.dimension && same(self.in_base(), other.in_base()) => {
                    return Borne::Out;
                }
                (Some(unit), None) | (None, Some(unit)) if known(&unit.dimension) => return Borne::Out,
                _ if self.has_value_of(other) => borne = Borne::ButUnit,
                _ => {}
            }
        }
        borne
    }

    fn may_equal(&self, other: &Self) -> bool {
        let convertible = matches!((&self.unit, &other.unit), (Some(a), Some(b)) if a.dimension == b.dimension);
        convertible || self.has_value_of(other)
    }

    fn has_value_of(&self, other: &Self) -> bool {
        match (self.value, other.value) {
            (Some(a), Some(b)) => same(Some(a), Some(b)),
            _ => self.written == other.written,
        }
    }

    fn in_base(&self) -> Option<f64> {
        self.value.zip(self.unit.as_ref()).map(|(value, unit)| value * unit.factor)
    }
}

/// Equal but for rounding in the last digits.
fn same(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b).is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()))
}

/// The word or the sign that follows byte `at` after at most a space or a hyphen, and its end.
fn next(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = text.get(at..)?;
    let trimmed = rest.trim_start_matches([' ', '\u{a0}', '\u{202f}', '-']);
    let gap = rest.len() - trimmed.len();
    if gap > 3 {
        return None;
    }
    let first = trimmed.chars().next()?;
    let letters = |text: &str| text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    let len = match first {
        '°' => {
            '°'.len_utf8()
                + trimmed['°'.len_utf8()..].chars().next().filter(|c| matches!(c, 'C' | 'F')).map_or(0, char::len_utf8)
        }
        '%' | '‰' | '$' | '€' | '£' | '¥' => first.len_utf8(),
        first if first.is_alphabetic() => letters(trimmed),
        _ => return None,
    };
    Some((&trimmed[..len], at + gap + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn borne(said: &str, quoted: &str) -> Borne {
        let quoted = quantities(quoted, &[]);
        quantities(said, &[])[0].is_borne_out(&quoted, |_| false)
    }

    #[test]
    fn figures_are_compared_by_value_and_units_by_what_they_measure() {
        for (said, quoted) in [
            ("1,024 feet", "1024 ft high"),
            ("98MB", "98 MB of memory"),
            ("3.50 GB", "3.5 GB"),
            ("1,000 m", "1 km away"),
            ("two hours", "120 minutes"),
            ("a 4-bit model", "4 bits"),
            ("5 percent", "5 % of all"),
            ("$1.5 million", "1,500,000 dollars"),
            ("7 billion parameters", "7B parameters"),
            ("135 million", "135M"),
            ("36 km/h", "10 metres per second"),
            ("twenty-five", "25"),
            ("5 to 10 minutes", "5 minutes to 600 s"),
            ("version 1.2.0", "1.2.0"),
            ("the 1980s", "in 1980"),
            ("20 °C", "20 degrees, that is 20°C"),
            ("1 year", "12 months"),
        ] {
            assert_eq!(borne(said, quoted), Borne::Out, "{said} / {quoted}");
        }
    }

    #[test]
    fn another_unit_is_not_borne_out() {
        for (said, quoted) in [
            ("3 km", "3 miles"),
            ("8 GB", "8 MB"),
            ("5 %", "5 of them"),
            ("5 of them", "5 %"),
            ("$40", "€40"),
            ("40 euros", "40 pounds"),
            ("10 seconds", "10 minutes"),
            ("20 °C", "20 °F"),
            ("7 million", "7 billion"),
        ] {
            assert_ne!(borne(said, quoted), Borne::Out, "{said} / {quoted}");
        }
        assert_eq!(borne("3 km", "3 miles"), Borne::ButUnit);
    }

    #[test]
    fn another_value_is_not_borne_out() {
        for (said, quoted) in
            [("1890", "1889"), ("-5 °C", "5 °C"), ("thirty years", "twenty years"), ("1.2.0", "1.2"), ("2.05", "2.5")]
        {
            assert_eq!(borne(said, quoted), Borne::Not, "{said} / {quoted}");
        }
    }

    #[test]
    fn a_unit_that_is_named_elsewhere_counts() {
        let quoted = quantities("Height: 330", &[]);
        assert_eq!(quantities("330 m", &[])[0].is_borne_out(&quoted, |dimension| dimension == "length"), Borne::Out);
        assert_eq!(quantities("330 m", &[])[0].is_borne_out(&quoted, |dimension| dimension == "mass"), Borne::ButUnit);
    }
}
