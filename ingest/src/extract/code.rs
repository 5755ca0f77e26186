//! Program text, verbatim: line by line, indentation and tabs included.

use footnote_core::Result;
use footnote_core::seam::{Extracted, Extractor};

use super::decode;
use crate::normalize;

/// The longest title, in code points.
const MAX_TITLE_CHARS: usize = 100;

/// Reads source code and settings.
///
/// Newlines become `\n`, and control characters go. Nothing else changes: composing letters (NFC), or taking
/// another space for one, may change what a program means. So this is the one text that need not be NFC.
pub(crate) struct SourceCode;

impl Extractor for SourceCode {
    fn media_types(&self) -> &'static [&'static str] {
        &[
            "text/x-shellscript",
            "text/x-c",
            "text/x-c++",
            "text/x-go",
            "text/x-java",
            "text/javascript",
            "text/x-python",
            "text/x-ruby",
            "text/x-rust",
            "text/x-typescript",
            "text/x-source",
        ]
    }

    fn extract(&self, name: &str, bytes: &[u8], _: &dyn Fn(u32)) -> Result<Extracted> {
        let source = decode::utf8(name, bytes, None)?;
        let text = source.replace("\r\n", "\n").replace('\r', "\n");
        let text: String = text.chars().filter(|&c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
        let title = module_doc(&text).map(|title| normalize::canonical(title).into_owned());
        Ok(Extracted { title, text, ..Extracted::default() })
    }
}

/// The first line of a module's documentation: Rust's `//!`, or Python's docstring.
fn module_doc(text: &str) -> Option<&str> {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !(line.is_empty() || line.starts_with('#') || is_plain_comment(line)))?;
    let line = match first.strip_prefix("//!") {
        Some(line) => line,
        None => {
            let quote = ["\"\"\"", "'''"].into_iter().find(|quote| first.starts_with(quote))?;
            let rest = &first[quote.len()..];
            let line = rest.split(quote).next().unwrap_or(rest);
            if line.trim().is_empty() { lines.next()? } else { line }
        }
    };
    let line = line.trim().trim_start_matches('#').trim().trim_end_matches('.');
    let fits = line.chars().count() <= MAX_TITLE_CHARS && line.contains(char::is_alphabetic);
    fits.then_some(line)
}

fn is_plain_comment(line: &str) -> bool {
    line.starts_with("//") && !line.starts_with("//!")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extract(source: &str) -> Extracted {
        SourceCode.extract("a.rs", source.as_bytes(), &|_| {}).unwrap()
    }

    #[test]
    fn code_stays_as_it_is() {
        let found = extract("\u{feff}fn a() {\r\n\tlet s = \"e\u{301}\u{a0}\";\u{c}\r\n\n    b();\n}\n");
        assert_eq!(found.text, "fn a() {\n\tlet s = \"e\u{301}\u{a0}\";\n\n    b();\n}\n");
        assert_eq!((found.title, found.headings.len()), (None, 0));
    }

    #[test]
    fn a_module_that_says_what_it_is_has_a_title() {
        assert_eq!(extract("// Copyright\n\n//! Reads things.\n//! More.\n").title.as_deref(), Some("Reads things"));
        assert_eq!(extract("#!/usr/bin/python\n\"\"\"Reads things.\"\"\"\n").title.as_deref(), Some("Reads things"));
        assert_eq!(extract("'''\nReads things\n'''\n").title.as_deref(), Some("Reads things"));
        assert_eq!(extract("import os\n\"\"\"no\"\"\"\n").title, None);
        assert_eq!(extract("\"\"\"").title, None);
    }
}
