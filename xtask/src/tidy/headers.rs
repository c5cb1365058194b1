//! Every Rust file opens by saying what it owns: its first line is a `//!` sentence.

use super::sources::Source;

/// Complains about a file that opens with anything else.
pub(crate) fn check(source: &Source) -> Option<String> {
    let first = source.text.lines().next().unwrap_or_default();
    let said = first.strip_prefix("//!").is_some_and(|rest| !rest.trim().is_empty());
    (!said).then(|| {
        format!("{}: open the file with `//!`: what it owns, what it leaves to whom", source.path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complains(text: &str) -> bool {
        check(&Source { path: "a.rs".to_owned(), text: text.to_owned() }).is_some()
    }

    #[test]
    fn only_a_said_header_passes() {
        let cases = [
            ("//! Owns this.\n", false),
            ("//!\n//! Owns this.\n", true),
            ("// Owns this.\n", true),
            ("use std::fmt;\n//! late\n", true),
            ("", true),
        ];
        for (text, expected) in cases {
            assert_eq!(complains(text), expected, "{text:?}");
        }
    }
}
