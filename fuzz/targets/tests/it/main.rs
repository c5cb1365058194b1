//! Replays the seeds and every finding so far, and keeps the parts of a target together.

use std::{fs, path::Path, path::PathBuf};

use fuzz_targets::TARGETS;

fn fuzz(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(fuzz(folder)) else { return Vec::new() };
    let mut files: Vec<_> =
        entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    files.sort();
    files
}

#[test]
fn seeds_and_findings_hold() {
    for target in TARGETS {
        for folder in ["seeds", "regressions"] {
            for file in files(&format!("{folder}/{}", target.name)) {
                // The test's output names the input that made a target panic.
                println!("{}", file.display());
                (target.run)(&fs::read(&file).expect("an input can be read"));
            }
        }
    }
}

#[test]
fn every_target_has_seeds_and_an_entry_that_runs_it() {
    let manifest = fs::read_to_string(fuzz("Cargo.toml")).expect("the manifest");
    for target in TARGETS {
        let name = target.name;
        assert!(!files(&format!("seeds/{name}")).is_empty(), "`fuzz/seeds/{name}` is empty");
        let entry = format!("fuzz_targets/{name}.rs");
        assert!(manifest.contains(&entry), "`fuzz/Cargo.toml` does not name `{entry}`");
        let text = fs::read_to_string(fuzz(&entry)).expect("an entry");
        let (module, function) = name
            .match_indices('_')
            .map(|(at, _)| (&name[..at], &name[at + 1..]))
            .find(|(module, function)| text.contains(&format!("{module}::{function}(")))
            .unwrap_or_default();
        assert!(!module.is_empty() && !function.is_empty(), "`{entry}` does not run `{name}`");
    }
}

#[test]
fn nothing_in_the_folders_is_without_a_target() {
    for folder in ["fuzz_targets", "seeds", "regressions"] {
        for file in files(folder) {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            assert!(
                TARGETS.iter().any(|target| target.name == name),
                "`{}` is of no target",
                file.display()
            );
        }
    }
    assert!(
        TARGETS.is_sorted_by_key(|target| target.name),
        "targets stand in the order of their names"
    );
}
