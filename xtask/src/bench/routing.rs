//! The part of the gateway benchmark that is about the router: a REST API of 300 resources, the
//! most that there may be, beside one of three and the root, with nothing but a mock behind them.

use std::{fmt::Write as _, fs, iter};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    load::{self, Run, Sample},
    report::median,
    servers::Server,
};
use crate::workspace::Workspace;

/// Resources of the two APIs, their roots among them. `bench/routing.py` makes them: paths of three
/// resources each, with a method at the end.
pub(crate) const RESOURCES: [u32; 2] = [4, 300];
const REQUESTS_WRITTEN: u32 = 20_000;

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    pub(crate) rounds: usize,
    pub(crate) seconds: u32,
    pub(crate) connections: u32,
}

/// Asks both APIs in turn, whose ids are in the order of [`RESOURCES`]; the table.
pub(crate) fn measure(
    workspace: &Workspace,
    server: &Server,
    apis: &[String; 2],
    how: Rounds,
) -> anyhow::Result<String> {
    let mut samples = [Vec::new(), Vec::new()];
    let files = [file(workspace, apis, 0)?, file(workspace, apis, 1)?];
    // The round before the first warms caches, and is not counted.
    for seconds in iter::once(1).chain(iter::repeat_n(how.seconds, how.rounds)) {
        for (index, requests) in files.iter().enumerate() {
            let scenario = format!("{} resources", RESOURCES[index]);
            let run = Run { seconds, connections: how.connections, requests: requests.clone() };
            samples[index].push(load::measure(workspace, &scenario, server, &run)?);
        }
    }
    Ok(table(samples.each_ref().map(|samples| &samples[1..])))
}

fn file(workspace: &Workspace, apis: &[String; 2], index: usize) -> anyhow::Result<Utf8PathBuf> {
    let path = workspace.target("bench").join(format!("routing-{}.requests", RESOURCES[index]));
    write_requests(&path, &apis[index], RESOURCES[index])?;
    Ok(path)
}

/// Every method of the API in turn, each call with another id in its path.
fn write_requests(file: &Utf8Path, api: &str, resources: u32) -> anyhow::Result<()> {
    let mut text = String::new();
    for number in 0..REQUESTS_WRITTEN {
        let request = format!(
            "GET /restapis/{api}/dev/_user_request_/shop-{}/{number:05}/items HTTP/1.1\r\n\
             host: 127.0.0.1\r\naccept: application/json\r\n\r\n",
            number % ((resources - 1) / 3)
        );
        write!(text, "{:08}\n{request}", request.len())?;
    }
    Ok(fs::write(file, text)?)
}

fn table([few, many]: [&[Sample]; 2]) -> String {
    let mut table = String::from(
        "A mock behind every method, asked in turn:\n\n\
         | Resources of the API | requests/s | × the small API | server CPU µs/request |\n\
         |---|---:|---:|---:|\n",
    );
    for (resources, samples) in RESOURCES.iter().zip([few, many]) {
        let rate = median(samples.iter().map(|sample| sample.requests_per_s));
        let cpu_us = median(samples.iter().map(|sample| sample.cpu_us));
        let pairs = samples.iter().zip(few);
        let ratio = median(pairs.map(|(own, few)| own.requests_per_s / few.requests_per_s));
        writeln!(table, "| {resources} | {rate:.0} | {ratio:.2} | {cpu_us:.1} |")
            .expect("memory takes it: this is a bug");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_round_by_round() {
        let sample =
            |requests_per_s| Sample { requests_per_s, p50_us: 1.0, p99_us: 2.0, cpu_us: 3.0 };
        let few = [sample(100.0), sample(200.0), sample(400.0)];
        let many = [sample(90.0), sample(180.0), sample(100.0)];
        let table = table([&few, &many]);
        assert!(table.contains("| 4 | 200 | 1.00 | 3.0 |"), "{table}");
        assert!(table.contains("| 300 | 100 | 0.90 | 3.0 |"), "{table}");
    }
}
