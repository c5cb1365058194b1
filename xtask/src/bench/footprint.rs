//! What clary costs before it does anything: start to ready, resident memory, the binary's size.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use cargo_metadata::camino::Utf8Path;

use super::{report::median, servers};
use crate::workspace::Workspace;

/// How often it is started; each time on an empty data directory.
const STARTS: usize = 10;
/// After which a server that nobody asks is idle.
const IDLE: Duration = Duration::from_secs(1);
const MIB: f64 = 1_048_576.0;

/// Measures and returns the lines of a table.
pub(crate) fn measure(workspace: &Workspace, binary: &Utf8Path) -> anyhow::Result<String> {
    let mut starts_ms = Vec::new();
    let mut resident_mib = Vec::new();
    let data_dir = workspace.target("bench/data/empty");
    for _ in 0..STARTS {
        // It may not be there; anything else that is wrong with it, the server will say.
        let _ = fs::remove_dir_all(&data_dir);
        let mut command = workspace.command(binary);
        command.args(["serve", "--log", "warn", "--data-dir", data_dir.as_str()]);
        command.args(["--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]);
        let started = Instant::now();
        let server = servers::start(&mut command, "clary")?;
        starts_ms.push(started.elapsed().as_secs_f64() * 1e3);
        thread::sleep(IDLE);
        resident_mib.push(server.resident_bytes()? as f64 / MIB);
    }
    let size = fs::metadata(binary).with_context(|| format!("can't read {binary}"))?.len();
    Ok(format!(
        "| Before it does anything | median of {STARTS} | budget |\n|---|---:|---:|\n\
         | start to ready on an empty data directory, ms | {:.1} | 150 |\n\
         | resident memory, idle, MiB | {:.1} | 30 |\n\
         | size of the binary, MB | {:.1} | 30 |\n",
        median(starts_ms.into_iter()),
        median(resident_mib.into_iter()),
        size as f64 / 1e6,
    ))
}
