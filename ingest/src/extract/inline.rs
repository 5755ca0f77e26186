//! Inline markup of the light markup languages: marks around words go, the words stay.

/// `text` with each of `marks` removed where it stands around words, as in `a *word* here`. What stands between
/// two `fence` signs is code: it stays, without the fences.
pub(crate) fn without_marks(text: &str, fence: &str, marks: &[&str]) -> String {
    let parts: Vec<&str> = text.split(fence).collect();
    let mut out = String::with_capacity(text.len());
    for (index, part) in parts.iter().enumerate() {
        let is_code = index % 2 == 1 && index + 1 < parts.len();
        // A fence without its other half is a sign like any other.
        if index % 2 == 1 && !is_code {
            out.push_str(fence);
        }
        if is_code {
            out.push_str(part);
        } else {
            out.push_str(&marks.iter().fold((*part).to_owned(), |text, mark| without(&text, mark)));
        }
    }
    out
}

/// `text` without the pairs of `mark`: the opening one before a word, the closing one after a word.
fn without(text: &str, mark: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(mark) {
        let (before, after) = (&rest[..at], &rest[at + mark.len()..]);
        out.push_str(before);
        let opens = !out.ends_with(char::is_alphanumeric) && after.starts_with(|c: char| !c.is_whitespace());
        let closing = opens.then(|| closing(after, mark)).flatten();
        match closing {
            Some(end) => {
                out.push_str(&after[..end]);
                rest = &after[end + mark.len()..];
            }
            None => {
                out.push_str(mark);
                rest = after;
            }
        }
    }
    out + rest
}

fn closing(after: &str, mark: &str) -> Option<usize> {
    after.match_indices(mark).map(|(at, _)| at).find(|&at| {
        let next = &after[at + mark.len()..];
        after[..at].contains(char::is_alphanumeric)
            && !after[..at].ends_with(char::is_whitespace)
            && !next.starts_with(char::is_alphanumeric)
    })
}

/// `text` with every stretch from `open` to `close` replaced by what `shown` makes of its inside.
pub(crate) fn replaced(text: &str, open: &str, close: &str, shown: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(open) {
        let inside = &rest[at + open.len()..];
        let made = inside.find(close).and_then(|end| shown(&inside[..end]).map(|made| (made, end)));
        match made {
            Some((made, end)) => {
                out.push_str(&rest[..at]);
                out.push_str(&made);
                rest = &inside[end + close.len()..];
            }
            None => {
                out.push_str(&rest[..at + open.len()]);
                rest = inside;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_where_they_surround_words() {
        let told = |text: &str| without_marks(text, "``", &["**", "*"]);
        assert_eq!(told("a **bold** and *slanted one*, 2 * 3 * 4, a*b*c"), "a bold and slanted one, 2 * 3 * 4, a*b*c");
        assert_eq!(told("code ``*args, **kw`` and *this*"), "code *args, **kw and this");
        assert_eq!(told("open `` fence and *open"), "open `` fence and *open");
        assert_eq!(told("***"), "***");
    }

    #[test]
    fn stretches_are_replaced() {
        let told = |text: &str| replaced(text, "<<", ">>", |inside| Some(inside.split(',').next_back()?.to_owned()));
        assert_eq!(told("see <<a,the part>> and <<open"), "see the part and <<open");
    }
}
