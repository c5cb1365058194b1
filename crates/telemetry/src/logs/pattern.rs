//! CloudWatch's filter patterns for unstructured lines: terms, phrases, `?any` and `-none`.
//! Patterns over JSON, over fields and with regular expressions are refused with their name.
//!
//! The rules: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>.

use resources::{Error, ErrorKind};

/// A compiled pattern. Case counts, as on AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Compiles a pattern; an empty one matches everything. `NotServed` for the kinds that are
    /// not, `Invalid` for a phrase without an end.
    pub fn new(text: &str) -> Result<Self, Error> {
        refuse_other_kinds(text.trim())?;
        let mut pattern = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            rest = pattern.take_term(rest)?.trim_start();
        }
        // AWS ignores `?` terms that stand beside others.
        if !pattern.all.is_empty() {
            pattern.any.clear();
        }
        Ok(pattern)
    }

    /// Whether a line matches.
    pub fn matches(&self, line: &str) -> bool {
        let has = |term: &String| line.contains(term.as_str());
        self.all.iter().all(has)
            && !self.none.iter().any(has)
            && (self.any.is_empty() || self.any.iter().any(has))
    }

    /// Takes one term off the front and gives the rest.
    fn take_term<'a>(&mut self, text: &'a str) -> Result<&'a str, Error> {
        let (list, text) = match text.as_bytes()[0] {
            b'?' => (&mut self.any, &text[1..]),
            b'-' => (&mut self.none, &text[1..]),
            _ => (&mut self.all, text),
        };
        let (term, rest) = match text.strip_prefix('"') {
            Some(phrase) => phrase.split_once('"').ok_or_else(unfinished_phrase)?,
            None => text.split_at(text.find(char::is_whitespace).unwrap_or(text.len())),
        };
        if !term.is_empty() {
            list.push(term.to_owned());
        }
        Ok(rest)
    }
}

fn unfinished_phrase() -> Error {
    Error::new(
        ErrorKind::Invalid,
        "the filter pattern has a `\"` without a second one; close the phrase",
    )
}

fn refuse_other_kinds(text: &str) -> Result<(), Error> {
    let kind = match text.as_bytes() {
        [b'{', ..] => "JSON",
        [b'[', ..] => "space-delimited",
        [b'%', .., b'%'] => "regular-expression",
        _ => return Ok(()),
    };
    let message =
        format!("{kind} filter patterns are not served; give terms such as `ERROR -timeout`");
    Err(Error::new(ErrorKind::NotServed, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_match_as_on_aws() {
        let lines = ["ERROR 400 bad request", "ERROR 500 timeout", "WARN slow", "all well"];
        let check = |pattern: &str, expect: &[usize]| {
            let compiled = Pattern::new(pattern).expect(pattern);
            let found: Vec<usize> = (0..4).filter(|&i| compiled.matches(lines[i])).collect();
            assert_eq!(found, expect, "{pattern}");
        };
        check("", &[0, 1, 2, 3]);
        check("ERROR", &[0, 1]);
        check("error", &[]);
        check("ERROR 500", &[1]);
        check("\"400 bad\"", &[0]);
        check("ERROR -timeout", &[0]);
        check("-ERROR", &[2, 3]);
        check("?WARN ?timeout", &[1, 2]);
        check("?WARN ERROR", &[0, 1]);
        check("-\"400 bad\" ERROR", &[1]);
    }

    #[test]
    fn other_kinds_are_refused_by_name() {
        let check = |pattern: &str, kind: ErrorKind, words: &str| {
            let error = Pattern::new(pattern).expect_err(pattern);
            assert_eq!(error.kind(), kind);
            assert!(error.message().contains(words), "{}", error.message());
        };
        check("{ $.level = \"x\" }", ErrorKind::NotServed, "JSON");
        check("[ip, user]", ErrorKind::NotServed, "space-delimited");
        check("%4[0-9]{2}%", ErrorKind::NotServed, "regular-expression");
        check("\"open", ErrorKind::Invalid, "close the phrase");
    }
}
