//! `clary check`: whether a data directory is sound. No server may be running on it.

use std::path::PathBuf;

use anyhow::bail;
use serde_json::json;
use store::{Finding, Report};

use super::output::{self, Progress};
use crate::config;

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// The data directory to look at [default: ~/.local/share/clary]
    #[arg(long, value_name = "DIR", env = "CLARY_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let dir = args.data_dir.clone().map_or_else(config::default_data_dir, Ok)?;
    let progress = Progress::start(format!("reading everything in `{}`", dir.display()));
    let report = store::check(&dir)?;
    drop(progress);
    if args.json {
        let mut object = serde_json::to_value(&report)?;
        object["sound"] = json!(report.is_sound());
        output::json(&object)?;
    } else {
        print(&report)?;
    }
    if !report.is_sound() {
        bail!(
            "`{}` is damaged in {}; restore what is named above from a backup or upload it again",
            dir.display(),
            counted(report.damage.len() as u64, "place")
        );
    }
    Ok(())
}

fn print(report: &Report) -> anyhow::Result<()> {
    findings("damaged", &report.damage)?;
    findings("orphan", &report.orphans)?;
    output::line(&summary(report))
}

fn findings(what: &str, findings: &[Finding]) -> anyhow::Result<()> {
    for Finding { place, problem } in findings {
        output::line(&format!("{what}: {place}: {problem}"))?;
    }
    Ok(())
}

fn summary(report: &Report) -> String {
    let sound = if report.is_sound() { "sound" } else { "damaged" };
    let orphans = match report.orphans.len() as u64 {
        0 => String::new(),
        count => format!("; space taken by {}", counted(count, "orphan")),
    };
    format!(
        "{sound}: {}, {} in {} with {}, {} of uploads, {}{orphans}",
        counted(report.records, "record"),
        counted(report.objects, "object"),
        counted(report.buckets, "bucket"),
        counted(report.bytes, "byte"),
        counted(report.parts, "part"),
        counted(report.artifacts, "artifact"),
    )
}

fn counted(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_says_what_was_read() {
        let finding = Finding { place: "x".to_owned(), problem: "y".to_owned() };
        let mut report =
            Report { records: 1, objects: 2, buckets: 1, bytes: 7, ..Report::default() };
        assert_eq!(
            summary(&report),
            "sound: 1 record, 2 objects in 1 bucket with 7 bytes, 0 parts of uploads, 0 artifacts"
        );
        report.orphans.push(finding.clone());
        report.damage.push(finding);
        assert!(summary(&report).starts_with("damaged: "), "{}", summary(&report));
        assert!(summary(&report).ends_with("; space taken by 1 orphan"));
    }
}
