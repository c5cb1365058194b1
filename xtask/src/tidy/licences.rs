//! The licences of everything that is linked in, held against the list in `deny.toml`.
//!
//! `cargo deny` reads the same file and checks more (advisories, sources); this rule needs nothing
//! installed and runs with every check.

use std::{collections::BTreeSet, fs};

use anyhow::Context as _;
use cargo_metadata::MetadataCommand;
use serde::Deserialize;

use crate::workspace::Workspace;

#[derive(Debug, Deserialize)]
struct DenyFile {
    licenses: Licences,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
}

/// Complains about each package whose licence expression the allowed licences do not satisfy.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let path = workspace.path("deny.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("can't read {path}"))?;
    let list: DenyFile = toml::from_str(&text).with_context(|| format!("can't parse {path}"))?;
    let manifest = workspace.path("Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .exec()
        .context("`cargo metadata` failed; is `Cargo.lock` up to date")?;
    let judge = |package: &cargo_metadata::Package| {
        let expression = package.license.as_deref().unwrap_or("none");
        let complaint = format!(
            "package `{}` {} is licensed as `{expression}`, which `deny.toml` does not allow",
            package.name, package.version
        );
        (!satisfied(expression, &list.licenses.allow)).then_some(complaint)
    };
    Ok(metadata.packages.iter().filter_map(judge).collect())
}

/// Whether an SPDX expression holds when exactly the licences in `allow` are acceptable.
///
/// Older manifests write `/` for `OR`.
fn satisfied(expression: &str, allow: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let holds = alternatives(&mut rest, allow);
    holds && rest.is_empty()
}

fn alternatives(rest: &mut &[&str], allow: &BTreeSet<String>) -> bool {
    let mut holds = conjunction(rest, allow);
    while take(rest, "OR") {
        // Not `||`: the right side must be read past even when the left one holds.
        holds |= conjunction(rest, allow);
    }
    holds
}

fn conjunction(rest: &mut &[&str], allow: &BTreeSet<String>) -> bool {
    let mut holds = licence(rest, allow);
    while take(rest, "AND") {
        holds &= licence(rest, allow);
    }
    holds
}

fn licence(rest: &mut &[&str], allow: &BTreeSet<String>) -> bool {
    if take(rest, "(") {
        let holds = alternatives(rest, allow);
        return take(rest, ")") && holds;
    }
    let Some((first, others)) = rest.split_first() else {
        return false;
    };
    *rest = others;
    // An exception only ever permits more, so `A WITH e` is fine wherever `A` is.
    if take(rest, "WITH")
        && let Some((_, others)) = rest.split_first()
    {
        *rest = others;
    }
    allow.contains(*first)
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    let there = rest.first() == Some(&word);
    if there {
        *rest = &rest[1..];
    }
    there
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_judged_as_spdx_means_them() {
        let allow = BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned));
        let cases = [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("MIT AND GPL-3.0-only", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND Zlib", false),
            ("Apache-2.0 WITH LLVM-exception OR BSD-2-Clause", true),
            ("MIT OR GPL-3.0-only AND Zlib", true),
            ("(MIT", false),
            ("MIT Apache-2.0", false),
            ("none", false),
            ("", false),
        ];
        for (expression, expected) in cases {
            assert_eq!(satisfied(expression, &allow), expected, "{expression:?}");
        }
    }
}
