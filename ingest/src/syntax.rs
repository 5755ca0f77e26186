//! How a text may be cut: as prose, line by line, or along the syntax of a programming language.

use tree_sitter::Language;

use crate::media_type::MediaType;

/// The rules that a document is cut by.
#[derive(Debug, Clone)]
pub(crate) enum Syntax {
    /// Between paragraphs, sentences, table rows and lines of code blocks.
    Prose,
    /// Between lines: program text in a language without a grammar here, and settings.
    Lines,
    /// Between lines, along the syntax tree: a function stays whole where it fits.
    Code(Language),
}

impl Syntax {
    /// The rules for documents of the media type `name`.
    pub(crate) fn of(name: &str) -> Self {
        let kind = MediaType::ALL.iter().copied().find(|kind| kind.as_str() == name);
        match kind {
            Some(MediaType::Source) => Self::Lines,
            Some(kind) => grammar(kind).map_or(Self::Prose, Self::Code),
            None => Self::Prose,
        }
    }

    /// Whether the text is program text: its lines are kept as they are, indentation included.
    pub(crate) fn is_code(&self) -> bool {
        !matches!(self, Self::Prose)
    }
}

/// The grammar of a language.
///
/// TypeScript is read with the grammar of TSX: the media type does not tell the two apart, and what TSX does
/// not read as TypeScript does (casts in angle brackets) only makes a small part of the tree an error node,
/// which is a place to cut less.
fn grammar(kind: MediaType) -> Option<Language> {
    let grammar = match kind {
        MediaType::Bash => tree_sitter_bash::LANGUAGE,
        MediaType::C => tree_sitter_c::LANGUAGE,
        MediaType::Cpp => tree_sitter_cpp::LANGUAGE,
        MediaType::Go => tree_sitter_go::LANGUAGE,
        MediaType::Java => tree_sitter_java::LANGUAGE,
        MediaType::JavaScript => tree_sitter_javascript::LANGUAGE,
        MediaType::Python => tree_sitter_python::LANGUAGE,
        MediaType::Ruby => tree_sitter_ruby::LANGUAGE,
        MediaType::Rust => tree_sitter_rust::LANGUAGE,
        MediaType::TypeScript => tree_sitter_typescript::LANGUAGE_TSX,
        _ => return None,
    };
    Some(grammar.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grammar_reads_its_language() {
        let programs = [
            (MediaType::Bash, "f() { echo hi; }\n"),
            (MediaType::C, "int f(void) { return 1; }\n"),
            (MediaType::Cpp, "template <class T> T f(T x) { return x; }\n"),
            (MediaType::Go, "package a\n\nfunc f() int { return 1 }\n"),
            (MediaType::Java, "class A { int f() { return 1; } }\n"),
            (MediaType::JavaScript, "const f = (x) => x + 1;\n"),
            (MediaType::Python, "def f(x):\n    return x\n"),
            (MediaType::Ruby, "def f(x)\n  x\nend\n"),
            (MediaType::Rust, "fn f() -> u8 { 1 }\n"),
            (MediaType::TypeScript, "const f = (x: number): JSX.Element => <p>{x as any}</p>;\n"),
        ];
        for (kind, program) in programs {
            let Syntax::Code(language) = Syntax::of(kind.as_str()) else { panic!("{kind:?} has no grammar") };
            let mut parser = tree_sitter::Parser::new();
            parser.set_language(&language).unwrap();
            let tree = parser.parse(program, None).unwrap();
            assert!(!tree.root_node().has_error(), "{kind:?}: {}", tree.root_node().to_sexp());
        }
    }

    #[test]
    fn prose_and_settings_have_no_grammar() {
        assert!(matches!(Syntax::of("text/markdown"), Syntax::Prose));
        assert!(matches!(Syntax::of("text/x-source"), Syntax::Lines));
        assert!(matches!(Syntax::of("what/ever"), Syntax::Prose));
    }
}
