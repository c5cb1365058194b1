//! The soak: hours of a steady mixed load, and whether memory and descriptors stay flat under it.
//!
//! The load is the client scenarios' own (`tests/clients/soak.py`), which CI runs for some seconds;
//! here it runs for as long as it is told, and its figures are put into a table.

use std::fs;

use anyhow::Context as _;
use cargo_metadata::camino::Utf8PathBuf;
use serde::Deserialize;

use super::report;
use crate::{
    clients,
    workspace::{Workspace, succeed},
};

const MIB: f64 = 1_048_576.0;

/// How long, and what.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// How long the load lasts
    #[arg(long, default_value_t = 60)]
    minutes: u32,
    /// A built binary; without one, the profile `dist` is built
    #[arg(long, value_name = "FILE")]
    binary: Option<Utf8PathBuf>,
    /// Write the figures into bench/RESULTS.md
    #[arg(long)]
    record: bool,
}

/// What `tests/clients/soak.py` reports.
#[derive(Debug, Deserialize)]
struct Report {
    per_hour: Slopes,
    samples: Vec<Sample>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Slopes {
    rss_bytes: f64,
    descriptors: f64,
    threads: f64,
    data_bytes: f64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Sample {
    seconds: f64,
    rss_bytes: f64,
    descriptors: f64,
    threads: f64,
    data_bytes: f64,
    calls: u64,
}

/// Runs the load and prints the table.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    let binary = settings.binary.clone().map_or_else(|| build(workspace), Ok)?;
    let written = workspace.target("bench/soak.json");
    fs::create_dir_all(workspace.target("bench"))?;
    let mut pytest = clients::pytest(workspace, &binary)?;
    pytest.arg("tests/clients/test_soak.py");
    pytest.env("CLARY_SOAK_MINUTES", settings.minutes.to_string());
    pytest.env("CLARY_SOAK_REPORT", &written);
    succeed(&mut pytest)?;
    let text = fs::read_to_string(&written).with_context(|| format!("can't read {written}"))?;
    let table = table(&serde_json::from_str(&text).context("the report is not one of a soak")?)?;
    println!("{table}");
    if settings.record {
        let command = format!("bench soak --minutes {}", settings.minutes);
        report::record(workspace, "Soak", &command, &table)?;
    }
    Ok(())
}

/// Builds what users install.
pub(super) fn build(workspace: &Workspace) -> anyhow::Result<Utf8PathBuf> {
    succeed(&mut workspace.cargo(&["build", "--locked", "--profile", "dist", "-p", "clary"]))?;
    Ok(workspace.target("dist/clary"))
}

fn table(report: &Report) -> anyhow::Result<String> {
    let (first, last) = report.samples.first().zip(report.samples.last()).context("no samples")?;
    let line = |name: &str, of: fn(&Sample) -> f64, slope: f64| {
        let (start, end) = (of(first), of(last));
        format!("| {name} | {start:.1} | {end:.1} | {:.2} | {slope:+.2} |\n", end / start)
    };
    let slopes = report.per_hour;
    let mut table = format!(
        "{} calls in {:.0} minutes, none of which failed; {} samples, the first after the warm-up.\n\n\
         | | start | end | end / start | slope per hour |\n|---|---:|---:|---:|---:|\n",
        last.calls - first.calls,
        (last.seconds - first.seconds) / 60.0,
        report.samples.len(),
    );
    table += &line("resident memory, MiB", |sample| sample.rss_bytes / MIB, slopes.rss_bytes / MIB);
    table += &line("file descriptors", |sample| sample.descriptors, slopes.descriptors);
    table += &line("threads", |sample| sample.threads, slopes.threads);
    table +=
        &line("data directory, MiB", |sample| sample.data_bytes / MIB, slopes.data_bytes / MIB);
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_and_end_stand_beside_their_ratio_and_slope() {
        let sample = |seconds, rss_bytes, calls| Sample {
            seconds,
            rss_bytes,
            calls,
            descriptors: 30.0,
            ..Sample::default()
        };
        let report = Report {
            per_hour: Slopes { rss_bytes: MIB, ..Slopes::default() },
            samples: vec![sample(0.0, 10.0 * MIB, 7), sample(120.0, 11.0 * MIB, 507)],
        };
        let table = table(&report).expect("there are samples");
        assert!(table.starts_with("500 calls in 2 minutes, none of which failed; 2 samples"));
        assert!(table.contains("| resident memory, MiB | 10.0 | 11.0 | 1.10 | +1.00 |\n"));
        assert!(table.contains("| file descriptors | 30.0 | 30.0 | 1.00 | +0.00 |\n"));
    }
}
