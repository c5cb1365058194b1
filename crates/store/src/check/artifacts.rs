//! Artifacts: what an endpoint serves from is there, and every file is the one that was unpacked.

use std::{collections::BTreeSet, fs, path::Path};

use super::{Report, chain};
use crate::{
    Error,
    artifacts::{entries, manifest},
    layout::Layout,
};

/// Checks every artifact, and that each of `served`, ids with the records that name them, is one.
pub(super) fn check(
    layout: &Layout,
    served: &BTreeSet<(String, String)>,
    report: &mut Report,
) -> Result<(), Error> {
    for (id, record) in served {
        if !layout.artifacts().join(id).is_dir() {
            report.damaged(record, format!("its artifact `{id}` is missing"));
        }
    }
    let dir = layout.artifacts();
    for artifact in if dir.exists() { entries(&dir)? } else { Vec::new() } {
        report.artifacts += 1;
        check_one(layout, &artifact, report);
        let name = artifact.file_name().unwrap_or_default().to_string_lossy();
        if !served.iter().any(|(id, _)| *id == name) {
            report.orphaned(&artifact, "no endpoint in service uses it");
        }
    }
    Ok(())
}

fn check_one(layout: &Layout, artifact: &Path, report: &mut Report) {
    let manifest = layout.manifests().join(artifact.file_name().unwrap_or_default());
    // Versions before manifests were kept left none; such an artifact can only be looked at.
    let Ok(manifest) = fs::read_to_string(manifest) else { return };
    let differences = manifest::differences(artifact, &manifest);
    for difference in differences.unwrap_or_else(|error| vec![chain(&error)]) {
        report.damaged(format!("artifact `{}`", artifact.display()), difference);
    }
}
