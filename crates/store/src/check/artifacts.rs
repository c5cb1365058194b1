//! Artifacts: what an endpoint serves from is there, and every file is the one that was unpacked.

use std::{collections::BTreeSet, path::Path};

use super::Report;
use crate::{
    Error,
    artifacts::{Look, entries, manifest::Manifest},
    error::chain,
    layout::Layout,
};

/// What becomes of the damage of an artifact that an endpoint serves from.
const MENDED: &str = "the next start makes it again if its source still gives the same files";

/// Checks every artifact, and that each of `served`, ids with the records that name them, is one.
pub(super) fn check(
    layout: &Layout,
    served: &BTreeSet<(String, String)>,
    report: &mut Report,
) -> Result<(), Error> {
    for (id, record) in served {
        if !layout.artifacts().join(id).is_dir() {
            report.damaged(record, format!("its artifact `{id}` is missing; {MENDED}"));
        }
    }
    let dir = layout.artifacts();
    for artifact in if dir.exists() { entries(&dir)? } else { Vec::new() } {
        report.artifacts += 1;
        let name = artifact.file_name().unwrap_or_default().to_string_lossy();
        let is_served = served.iter().any(|(id, _)| *id == name);
        check_one(layout, (&artifact, is_served), report);
        if !is_served {
            report.orphaned(&artifact, "no endpoint in service uses it; the next start removes it");
        }
    }
    Ok(())
}

fn check_one(layout: &Layout, (artifact, is_served): (&Path, bool), report: &mut Report) {
    let manifest = layout.manifests().join(artifact.file_name().unwrap_or_default());
    let problems = match Manifest::kept(&manifest) {
        Some(manifest) => {
            manifest.differences(artifact, Look::Bytes).unwrap_or_else(|error| vec![chain(&error)])
        }
        // Nobody relies on what it holds.
        None if !is_served => Vec::new(),
        None => vec![
            "its manifest is missing or cannot be read, so that nobody can tell whether its files \
             are those that were unpacked"
                .to_owned(),
        ],
    };
    for problem in problems {
        let then = if is_served { format!("; {MENDED}") } else { String::new() };
        report.damaged(format!("artifact `{}`", artifact.display()), format!("{problem}{then}"));
    }
}
