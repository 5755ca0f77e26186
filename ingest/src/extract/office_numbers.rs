//! The numbers of list items, as the lists of Office documents write them.

use office_oxide::ir::{List, ListStyle};

/// An item's number as the list writes it: `3.`, `(b)`, `2.1.`. `%1` in its pattern is the outermost number.
pub(crate) fn marker(list: &List, counters: &[String]) -> String {
    let own = counters.last().map_or("", String::as_str);
    let Some(pattern) = &list.marker_pattern else { return format!("{own}.") };
    let mut out = String::new();
    let mut signs = pattern.trim().chars().peekable();
    while let Some(sign) = signs.next() {
        match (sign, signs.peek().and_then(|digit| digit.to_digit(10))) {
            ('%', Some(level)) => {
                signs.next();
                out.push_str((level as usize).checked_sub(1).and_then(|level| counters.get(level)).map_or(own, |c| c));
            }
            _ => out.push(sign),
        }
    }
    out
}

/// A number in the letters or figures of its list.
pub(crate) fn numeral(number: u32, style: Option<&ListStyle>) -> String {
    match style {
        Some(ListStyle::LowerAlpha) => letters(number),
        Some(ListStyle::UpperAlpha) => letters(number).to_uppercase(),
        Some(ListStyle::LowerRoman) => roman(number),
        Some(ListStyle::UpperRoman) => roman(number).to_uppercase(),
        _ => number.to_string(),
    }
}

/// `a` to `z`, then `aa`, `bb`, as Word goes on.
fn letters(number: u32) -> String {
    let Some(index) = number.checked_sub(1).filter(|index| *index < 260) else { return number.to_string() };
    let letter = char::from(b'a' + (index % 26) as u8);
    std::iter::repeat_n(letter, (index / 26 + 1) as usize).collect()
}

fn roman(number: u32) -> String {
    if number == 0 || number >= 4000 {
        return number.to_string();
    }
    let signs = ["m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"];
    let values = [1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1];
    let mut rest = number;
    let mut out = String::new();
    for (sign, value) in signs.into_iter().zip(values) {
        while rest >= value {
            out.push_str(sign);
            rest -= value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_list_does() {
        assert_eq!(numeral(14, Some(&ListStyle::LowerRoman)), "xiv");
        assert_eq!(numeral(28, Some(&ListStyle::UpperAlpha)), "BB");
        assert_eq!(numeral(0, Some(&ListStyle::LowerAlpha)), "0");
        assert_eq!(numeral(7, None), "7");
        let counters = ["2".to_owned(), "c".to_owned()];
        let list = |pattern: Option<&str>| List { marker_pattern: pattern.map(str::to_owned), ..List::default() };
        assert_eq!(marker(&list(Some("%1.%2)")), &counters), "2.c)");
        assert_eq!(marker(&list(Some("(%2)")), &counters), "(c)");
        assert_eq!(marker(&list(Some("100%")), &counters), "100%");
        assert_eq!(marker(&list(None), &counters), "c.");
    }
}
