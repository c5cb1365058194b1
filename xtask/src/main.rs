//! The one door to every chore: check, test, dist, bench, fuzz, sanitize, tidy, shapes.
//!
//! This file owns the command line and nothing else; each chore is a module. Chores print what
//! they do, stop at the first failure and leave a non-zero exit status.
#![expect(
    clippy::disallowed_methods,
    reason = "chores write reports and stamps, not clary's durable state"
)]

mod bench;
mod check;
mod clients;
mod dist;
mod fuzz;
mod prerequisites;
mod sanitize;
mod shapes;
mod steps;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Every chore of the house.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// The fast gate: format, clippy, tidy
    Check {
        /// Run only these steps
        steps: Vec<String>,
    },
    /// Everything, as CI runs it
    Test {
        /// Run only these steps
        steps: Vec<String>,
    },
    /// Count what can be counted: crate edges, headers, lengths, names, licences
    Tidy,
    /// Extract the tables of AWS operations from botocore's models
    Shapes(shapes::Args),
    /// Build what users install, optimised for how calls go through it
    Dist(dist::Settings),
    /// Measure side by side with the peers
    Bench(bench::Arguments),
    /// Look for bytes that a reader does not stand
    Fuzz(fuzz::Settings),
    /// Run the tests of the tree kernels under the address sanitizer
    Sanitize,
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    match chore {
        Chore::Check { steps } => steps::run("check", check::STEPS, &steps, &workspace),
        Chore::Test { steps } => steps::run("test", test::STEPS, &steps, &workspace),
        Chore::Tidy => tidy::run(&workspace),
        Chore::Shapes(arguments) => shapes::run(&arguments),
        Chore::Dist(settings) => dist::run(&settings, &workspace),
        Chore::Bench(arguments) => bench::run(&arguments, &workspace),
        Chore::Fuzz(settings) => fuzz::run(&settings, &workspace),
        Chore::Sanitize => sanitize::run(&workspace),
    }
}
