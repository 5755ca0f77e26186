//! Patterns of paths: `*` and `?` within a folder's or file's name, `**` for any number of folders.

/// A pattern of paths. One that does not begin with `/` fits below any folder: `hr/**` fits `/srv/docs/hr/a.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`: any number of names, also none.
    Any,
    /// A name, with `*` and `?`.
    Name(Vec<char>),
}

impl Glob {
    /// The pattern that `text` writes. Every text is one; one that ends in `/` means all that is below.
    pub(super) fn new(text: &str) -> Self {
        let text = text.strip_prefix("file://").unwrap_or(text);
        let (rooted, text) = text.strip_prefix('/').map_or((false, text), |rest| (true, rest));
        let below = text.is_empty() || text.ends_with('/');
        let names = text.split('/').filter(|name| !name.is_empty()).map(|name| match name {
            "**" => Part::Any,
            name => Part::Name(name.chars().collect()),
        });
        let mut parts: Vec<Part> = (!rooted).then_some(Part::Any).into_iter().chain(names).collect();
        if below {
            parts.push(Part::Any);
        }
        Self { parts }
    }

    /// Whether the pattern fits the whole of `path`.
    pub(super) fn matches(&self, path: &str) -> bool {
        let names: Vec<Vec<char>> =
            path.split('/').filter(|name| !name.is_empty()).map(|name| name.chars().collect()).collect();
        wildcard(
            &self.parts,
            &names,
            |part| *part == Part::Any,
            |part, name| match part {
                Part::Any => false,
                Part::Name(pattern) => wildcard(pattern, name, |c| *c == '*', |p, c| *p == '?' || p == c),
            },
        )
    }
}

/// Whether `pattern` fits the whole of `items`, where a part that is `any` stands for any number of them. Going back
/// to the last such part is enough, so that no pattern takes more than its length times that of the items.
fn wildcard<P, T>(pattern: &[P], items: &[T], any: impl Fn(&P) -> bool, fits: impl Fn(&P, &T) -> bool) -> bool {
    let (mut at, mut item) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while item < items.len() {
        match pattern.get(at) {
            Some(part) if any(part) => {
                back = Some((at, item));
                at += 1;
            }
            Some(part) if fits(part, &items[item]) => {
                at += 1;
                item += 1;
            }
            _ => {
                let Some((star, taken)) = back else { return false };
                back = Some((star, taken + 1));
                (at, item) = (star + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_fit_what_they_say() {
        for (pattern, path, fits) in [
            ("hr/**", "/srv/docs/hr/a.md", true),
            ("hr/**", "/srv/docs/hr/deep/er/a.md", true),
            ("hr/**", "/srv/docs/shr/a.md", false),
            ("hr/", "/srv/hr/sub/a.md", true),
            ("hr/*", "/srv/hr/sub/a.md", false),
            ("*.pdf", "/srv/hr/a.pdf", true),
            ("*.pdf", "/srv/a.pdf/b.md", false),
            ("/srv/*/a.md", "/srv/hr/a.md", true),
            ("/srv/*/a.md", "/x/srv/hr/a.md", false),
            ("/srv/**/a.md", "/srv/a.md", true),
            ("file:///srv/hr/**", "/srv/hr/x", true),
            ("report-20??.*", "/r/report-2018.pdf", true),
            ("report-20??.*", "/r/report-201.pdf", false),
            ("hr/**", "/in/pack.zip!/hr/a.md", true),
            ("*.zip!/**", "/in/pack.zip!/hr/a.md", true),
            ("**", "/anything", true),
            ("/", "/anything/at/all", true),
            ("scifact:*", "scifact:4983", true),
            ("a*b*c", "/x/a-b-b-c", true),
            ("größe?", "/größe1", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn a_pattern_made_to_take_long_does_not() {
        let (pattern, path) = ("*a".repeat(2_000) + "b", "a".repeat(20_000));
        assert!(!Glob::new(&pattern).matches(&path));
        let (pattern, path) = ("**/a/".repeat(500) + "b", "a/".repeat(5_000));
        assert!(!Glob::new(&pattern).matches(&path));
    }

    /// What `wildcard` must agree with: every way tried.
    fn tried(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some(('*', after)), rest) => tried(after, text) || rest.is_some_and(|(_, text)| tried(pattern, text)),
            (Some((p, after)), Some((c, text))) => (*p == '?' || p == c) && tried(after, text),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn names_fit_as_every_way_tried_tells(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            let found = wildcard(&pattern, &text, |c| *c == '*', |p, c| *p == '?' || p == c);
            prop_assert_eq!(found, tried(&pattern, &text));
        }
    }
}
