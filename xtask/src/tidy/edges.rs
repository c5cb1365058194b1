//! Which crate may depend on which: the table that keeps the architecture what it is.
//!
//! The table is DESIGN's, crate for crate; a new edge is a decision and is made here, in a commit
//! of its own. Dependencies of tests count like any other.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Metadata, Package};

/// Workspace crate -> workspace crates it depends on.
pub(crate) type Edges = BTreeMap<String, BTreeSet<String>>;

/// May depend on every other crate: it wires them.
const WIRING: &str = "clary";

/// Every other crate and what it may depend on. Crates that do not exist yet do no harm here.
const ALLOWED: [(&str, &[&str]); 23] = [
    (
        "aws-api",
        &[
            "aws-wire",
            "sigv4",
            "hosting",
            "gateway",
            "functions",
            "jobs",
            "monitoring",
            "identity",
            "telemetry",
            "store",
            "resources",
        ],
    ),
    ("aws-wire", &["sigv4"]),
    ("hosting", &["engine-api", "footprint", "identity", "telemetry", "store", "resources"]),
    ("gateway", &["vtl", "jsonpath", "sigv4", "identity", "telemetry", "store", "resources"]),
    ("functions", &["runtimes", "identity", "telemetry", "store", "resources"]),
    (
        "jobs",
        &[
            "engine-api",
            "runtimes",
            "records",
            "jsonpath",
            "identity",
            "telemetry",
            "store",
            "resources",
        ],
    ),
    (
        "monitoring",
        &["jobs", "engine-api", "records", "jsonpath", "telemetry", "store", "resources"],
    ),
    ("engines", &["engine-api", "footprint", "trees", "runtimes", "records"]),
    ("runtimes", &["store", "resources"]),
    ("identity", &["store", "resources"]),
    ("telemetry", &["footprint", "store", "resources"]),
    ("store", &["resources"]),
    ("footprint", &[]),
    ("trees", &["footprint"]),
    ("vtl", &[]),
    ("jsonpath", &[]),
    ("records", &[]),
    ("sigv4", &[]),
    ("engine-api", &["footprint"]),
    ("resources", &[]),
    // Tools: they may look at a crate that reads or signs, never at one that serves.
    ("xtask", &[]),
    ("bench-echo", &["sigv4"]),
    ("fuzz-targets", &["trees", "vtl", "jsonpath", "records", "sigv4", "aws-wire", "store"]),
];

/// The edges between the crates of the workspace, of every kind of dependency.
pub(crate) fn of(metadata: &Metadata) -> Edges {
    let packages = metadata.workspace_packages();
    let names: BTreeSet<_> = packages.iter().map(|package| package.name.to_string()).collect();
    packages.iter().map(|package| (package.name.to_string(), inside(package, &names))).collect()
}

/// Complains about edges that the table does not have and crates that it does not know.
pub(crate) fn check(edges: &Edges) -> Vec<String> {
    edges
        .iter()
        .filter(|(from, _)| *from != WIRING)
        .flat_map(|(from, to)| judge(from, to))
        .collect()
}

fn inside(package: &Package, names: &BTreeSet<String>) -> BTreeSet<String> {
    let dependencies = package.dependencies.iter().map(|dependency| dependency.name.clone());
    dependencies.filter(|name| names.contains(name)).collect()
}

fn judge(from: &str, to: &BTreeSet<String>) -> Vec<String> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == from) else {
        return vec![format!(
            "crate `{from}` is not in the table of allowed edges; decide what it may depend on"
        )];
    };
    let forbidden = to.iter().filter(|name| !allowed.contains(&name.as_str()));
    let complaint = |name: &String| {
        format!("crate `{from}` may not depend on `{name}`; move the code or use a port")
    };
    forbidden.map(complaint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &[&str]) -> Edges {
        Edges::from([(from.to_owned(), to.iter().map(ToString::to_string).collect())])
    }

    #[test]
    fn the_table_decides() {
        let cases: [(&str, &[&str], usize); 6] = [
            ("clary", &["trees", "anything"], 0),
            ("hosting", &["store", "identity"], 0),
            ("hosting", &["gateway"], 1),
            ("store", &["hosting", "telemetry"], 2),
            ("resources", &[], 0),
            ("newcomer", &[], 1),
        ];
        for (from, to, complaints) in cases {
            assert_eq!(check(&edge(from, to)).len(), complaints, "{from} -> {to:?}");
        }
    }

    #[test]
    fn the_table_has_no_cycle_between_siblings() {
        for (from, to) in ALLOWED {
            for name in to {
                let back = ALLOWED.iter().find(|(other, _)| other == name);
                let returns = back.is_some_and(|(_, targets)| targets.contains(&from));
                assert!(!returns, "`{from}` and `{name}` point at each other");
            }
        }
    }
}
