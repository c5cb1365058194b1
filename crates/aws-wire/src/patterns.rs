//! Java's regular expressions of the models, as far as the models use them.
//!
//! A linear-time engine does the matching, so that no request can make it slow. Where Java and
//! the engine differ, the pattern is translated here.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use regex_lite::Regex;

/// Patterns with look-around, which a linear-time engine can't have: what must match instead, and
/// what must not.
const LOOK_AROUND: &[(&str, &str, &str)] = &[
    (r"/(?!.*\.\.)[a-zA-Z0-9/_.\-]+", r"/[a-zA-Z0-9/_.\-]+", r".*\.\..*"),
    (r"(?!\s*$).+", r".+", r"\s*"),
    (
        r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)(\/[0-9]{1,9})?",
        r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(\/[0-9]{1,9})?",
        r".*-(\/[0-9]{1,9})?",
    ),
];

/// Classes that Java has and the engine lacks, as they read inside of brackets. The last three
/// stand for all of Unicode's letters, numbers and separators: see [`folded`].
const CLASSES: &[(&str, &str)] = &[
    (r"\p{ASCII}", r"\x00-\x7F"),
    (r"\p{Print}", r"\x20-\x7E"),
    (r"\p{L}", "a-zA-Z"),
    (r"\p{N}", "0-9"),
    (r"\p{Z}", r"\x20"),
];

/// A compiled pattern.
struct Pattern {
    matches: Regex,
    not: Option<Regex>,
    folds: bool,
}

/// Whether all of `text` satisfies `pattern`, which must come from a table.
pub(crate) fn satisfies(text: &str, pattern: &'static str) -> bool {
    let compiled =
        compiled(pattern).expect("every pattern of the tables compiles in a test: this is a bug");
    let text = if compiled.folds { folded(text) } else { Cow::Borrowed(text) };
    compiled.matches.is_match(&text) && !compiled.not.as_ref().is_some_and(|no| no.is_match(&text))
}

/// Compiles each pattern once; there are as many as the tables have.
fn compiled(pattern: &'static str) -> Result<&'static Pattern, regex_lite::Error> {
    static COMPILED: RwLock<Option<HashMap<&'static str, &'static Pattern>>> = RwLock::new(None);
    let known = COMPILED.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.as_ref().and_then(|known| known.get(pattern)) {
        return Ok(found);
    }
    drop(known);
    let fresh: &'static Pattern = Box::leak(Box::new(compile(pattern)?));
    let mut known = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
    Ok(known.get_or_insert_default().entry(pattern).or_insert(fresh))
}

fn compile(pattern: &str) -> Result<Pattern, regex_lite::Error> {
    let split = LOOK_AROUND.iter().find(|(java, ..)| *java == pattern);
    let (matches, not) = split.map_or((pattern, None), |(_, yes, no)| (*yes, Some(*no)));
    let folds = [r"\p{L}", r"\p{N}", r"\p{Z}"].iter().any(|class| pattern.contains(class));
    Ok(Pattern { matches: whole(matches)?, not: not.map(whole).transpose()?, folds })
}

/// Java's `matches()` means all of the text.
fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    Regex::new(&format!(r"\A(?:{})\z", translated(pattern)))
}

/// Writes Java's classes out.
fn translated(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut in_brackets = false;
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let class = CLASSES.iter().find(|(java, _)| rest.starts_with(java));
        let taken = match (class, first) {
            (Some((java, ranges)), _) => {
                let brackets = if in_brackets { ("", "") } else { ("[", "]") };
                text.extend([brackets.0, ranges, brackets.1]);
                java.len()
            }
            (None, '\\') => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => first.len_utf8(),
        };
        if class.is_none() {
            text.push_str(&rest[..taken]);
            in_brackets = if in_brackets { first != ']' } else { first == '[' };
        }
        rest = &rest[taken..];
    }
    text
}

/// Maps letters, numbers and separators beyond ASCII onto one of each within, so that ASCII
/// ranges stand for Unicode's classes.
fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(folded_char).collect())
}

fn folded_char(c: char) -> char {
    if c.is_ascii() {
        c
    } else if c.is_alphabetic() {
        'a'
    } else if c.is_numeric() {
        '0'
    } else if c.is_whitespace() {
        ' '
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::{compile, satisfies};
    use crate::SERVICES;

    #[test]
    fn every_pattern_of_the_tables_compiles() {
        let patterns = SERVICES.iter().flat_map(|s| s.shapes).filter_map(|shape| shape.pattern);
        for pattern in patterns {
            if let Err(error) = compile(pattern) {
                panic!("`{pattern}`: {error}; if it has look-around, add it to `LOOK_AROUND`");
            }
        }
    }

    #[test]
    fn patterns_mean_what_they_mean_in_java() {
        for (pattern, text, expected) in [
            (r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "a-b", true),
            (r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "a-b-", false),
            (r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*", "a b", false),
            (r"^(NEW_SESSION)$|^[a-zA-Z0-9](-*[a-zA-Z0-9])*$", "NEW_SESSION", true),
            (r"\p{ASCII}*", "plain", true),
            (r"\p{ASCII}*", "é", false),
            (r"\A\S[\p{Print}]*\z", "a b", true),
            (r"\A\S[\p{Print}]*\z", " b", false),
            (r"\A\S[\p{Print}]*\z", "a\tb", false),
            (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "Größe 日本 ٣", true),
            (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "a#b", false),
            (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "a€b", false),
            (r"[\S\s]*", "any\nthing", true),
            (r".*", "two\nlines", false),
            (r"/(?!.*\.\.)[a-zA-Z0-9/_.\-]+", "/metrics/v1.0", true),
            (r"/(?!.*\.\.)[a-zA-Z0-9/_.\-]+", "/a/../b", false),
            (r"(?!\s*$).+", " x ", true),
            (r"(?!\s*$).+", "   ", false),
            (r"[^:*]*", "a:b", false),
        ] {
            assert_eq!(satisfies(text, pattern), expected, "`{text}` against `{pattern}`");
        }
    }

    #[test]
    fn a_name_may_not_end_in_a_hyphen() {
        let pattern = super::LOOK_AROUND[2].0;
        for (text, expected) in [("a-b", true), ("a-", false), ("a-/3", false), ("a/3", true)] {
            assert_eq!(satisfies(text, pattern), expected, "{text}");
        }
    }
}
