//! The ratchet: what may be longer than the rule says, for a written reason, and never longer again.
//!
//! The list is `xtask/tidy-exceptions.toml`. An entry that is too generous or no longer needed
//! fails just like a missing one, so the list can only shrink.

use std::{collections::BTreeMap, fs};

use anyhow::Context as _;
use cargo_metadata::camino::Utf8Path;
use serde::Deserialize;

use super::lengths::{FILE_LINES_MAX, FUNCTION_LINES_MAX, Length, Measured};

const LIST: &str = "xtask/tidy-exceptions.toml";

/// The committed list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exceptions {
    /// Functions over the limit.
    #[serde(default, rename = "function")]
    functions: Vec<Exception>,
    /// Files over the limit.
    #[serde(default, rename = "file")]
    files: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// As tidy prints it: the file, and for a function `::name`.
    name: String,
    /// Exactly how long it is.
    lines: usize,
    /// Why it is better long.
    reason: String,
}

/// Reads the list.
pub(crate) fn read(path: &Utf8Path) -> anyhow::Result<Exceptions> {
    let text = fs::read_to_string(path).with_context(|| format!("can't read {path}"))?;
    toml::from_str(&text).with_context(|| format!("`{path}` is not a list of exceptions"))
}

/// Complains about every length over its limit that has no exact exception, and about every
/// exception that is not exactly needed.
pub(crate) fn check(measured: &Measured, exceptions: &Exceptions) -> Vec<String> {
    let mut findings = judge(&measured.functions, FUNCTION_LINES_MAX, &exceptions.functions);
    findings.extend(judge(&measured.files, FILE_LINES_MAX, &exceptions.files));
    findings
}

fn judge(lengths: &[Length], lines_max: usize, exceptions: &[Exception]) -> Vec<String> {
    // Two functions can carry one name (the same method of two traits); the longer one counts.
    let mut longest: BTreeMap<&str, usize> = BTreeMap::new();
    for length in lengths {
        let lines = longest.entry(&length.name).or_default();
        *lines = length.lines.max(*lines);
    }
    let excused = |name: &str| exceptions.iter().any(|exception| exception.name == name);
    let over = longest.iter().filter(|(name, lines)| **lines > lines_max && !excused(name));
    let mut findings: Vec<_> =
        over.map(|(name, lines)| too_long(name, *lines, lines_max)).collect();
    findings.extend(exceptions.iter().filter_map(|exception| {
        let lines = longest.get(exception.name.as_str()).copied().unwrap_or(0);
        exception.judge(lines, lines_max)
    }));
    findings
}

fn too_long(name: &str, lines: usize, lines_max: usize) -> String {
    format!("{name}: {lines} lines, at most {lines_max} are allowed; split it")
}

impl Exception {
    fn judge(&self, lines: usize, lines_max: usize) -> Option<String> {
        let Self { name, lines: excused, reason } = self;
        if lines <= lines_max {
            Some(format!("{LIST}: `{name}` needs no exception any more; remove the entry"))
        } else if lines > *excused {
            Some(format!("{name}: grew from {excused} to {lines} lines; split it"))
        } else if lines < *excused {
            Some(format!("{LIST}: `{name}` has only {lines} lines by now; lower the entry"))
        } else if reason.trim().is_empty() {
            Some(format!("{LIST}: `{name}` has no reason; write why it is better long"))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(lines: usize, list: &str) -> Option<String> {
        let functions = vec![Length { name: "a.rs::b".to_owned(), lines }];
        let exceptions: Exceptions = toml::from_str(list).expect("the list parses");
        let found = check(&Measured { functions, files: vec![] }, &exceptions);
        assert!(found.len() < 2, "{found:?}");
        found.into_iter().next()
    }

    #[test]
    fn the_list_may_only_shrink() {
        let entry = "[[function]]\nname = 'a.rs::b'\nlines = 80\nreason = 'a table'\n";
        let cases = [
            (70, "", None),
            (71, "", Some("a.rs::b: 71 lines, at most 70 are allowed; split it")),
            (80, entry, None),
            (81, entry, Some("a.rs::b: grew from 80 to 81 lines; split it")),
            (
                79,
                entry,
                Some(
                    "xtask/tidy-exceptions.toml: `a.rs::b` has only 79 lines by now; lower the entry",
                ),
            ),
            (
                70,
                entry,
                Some(
                    "xtask/tidy-exceptions.toml: `a.rs::b` needs no exception any more; remove the entry",
                ),
            ),
        ];
        for (lines, list, expected) in cases {
            assert_eq!(finding(lines, list).as_deref(), expected, "{lines} lines with {list:?}");
        }
    }

    #[test]
    fn an_entry_needs_a_reason() {
        let list = "[[function]]\nname = 'a.rs::b'\nlines = 80\nreason = ' '\n";
        assert!(finding(80, list).is_some_and(|text| text.contains("has no reason")));
        assert!(toml::from_str::<Exceptions>("[[file]]\nname = 'a.rs'\nlines = 9\n").is_err());
    }

    #[test]
    fn an_entry_for_what_is_gone_is_refused() {
        let list = "[[file]]\nname = 'gone.rs'\nlines = 600\nreason = 'once'\n";
        assert!(finding(1, list).is_some_and(|text| text.contains("needs no exception any more")));
    }
}
