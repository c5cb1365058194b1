//! Benchmarks side by side with peers: same machine, same run, interleaved rounds, medians.
//!
//! Budgets are looked at here, never asserted in a test: absolute times differ from machine to
//! machine, ratios taken in one run much less.

mod footprint;
mod gateway;
mod http;
mod idle;
mod load;
mod pace;
mod report;
mod routing;
mod scale;
pub(crate) mod servers;
mod soak;
mod trees;
mod uploads;
mod vtl;

use clap::Subcommand;

use crate::workspace::Workspace;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// Requests per second over loopback, beside a bare echo server and a Python peer
    Http(http::Settings),
    /// The movie example's REST API, beside a bare echo server
    Gateway(gateway::Settings),
    /// Memory for each of many idle connections, and a call beside them
    Idle(idle::Settings),
    /// A thousand endpoints beside one: restart, memory, invocations
    Scale(scale::Settings),
    /// Memory and descriptors under a steady mixed load
    Soak(soak::Settings),
    /// Rows through tree models, beside other libraries
    Trees(trees::Settings),
    /// Invocations while another client uploads as much as it can
    Uploads(uploads::Settings),
    /// Mapping templates, beside Apache Velocity 1.7 and airspeed
    Vtl(vtl::Settings),
}

/// Measures.
pub(crate) fn run(arguments: &Arguments, workspace: &Workspace) -> anyhow::Result<()> {
    match &arguments.subject {
        Subject::Http(settings) => http::run(settings, workspace),
        Subject::Gateway(settings) => gateway::run(settings, workspace),
        Subject::Idle(settings) => idle::run(settings, workspace),
        Subject::Scale(settings) => scale::run(settings, workspace),
        Subject::Soak(settings) => soak::run(settings, workspace),
        Subject::Trees(settings) => trees::run(settings, workspace),
        Subject::Uploads(settings) => uploads::run(settings, workspace),
        Subject::Vtl(settings) => vtl::run(settings, workspace),
    }
}
