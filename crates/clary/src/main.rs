//! The binary: command line, configuration, listeners and wiring. It has no rules of its own.

mod admin;
mod app;
mod cli;
mod client;
mod config;
mod data_dir;
mod descriptors;
mod listen;
mod owner;
mod pages;
mod priorities;
mod server;
mod signals;
mod tls;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A server for the hot path deserves an allocator made for threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// SageMaker hosting, API Gateway, Lambda and Model Monitor on a machine you own.
#[derive(Debug, Parser)]
#[command(name = "clary", version, propagate_version = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the AWS APIs and deployed REST APIs
    Serve(config::ServeArgs),
    /// Serve on a temporary directory, deploy the examples, call them, show what to try next
    Demo(cli::demo::Args),
    /// Print the environment that points AWS clients at the server of a data directory
    Env(cli::env::Args),
    /// Deploy a model file, a directory or a model.tar.gz in one step
    Deploy(cli::deploy::Args),
    /// Call an endpoint
    Invoke(cli::invoke::Args),
    /// Show what runs
    Status(cli::status::Args),
    /// Show what an endpoint's model servers said
    Logs(cli::logs::Args),
    /// Tell how a recent request went, and why it failed
    Why(cli::why::Args),
    /// Predict rows of a file with a model file; needs no server
    Predict(cli::predict::Args),
    /// Look into model files; needs no server
    #[command(subcommand)]
    Model(cli::model::Command),
    /// Try out what REST APIs are made of
    #[command(subcommand)]
    Gateway(cli::gateway::Command),
    /// Read everything in a data directory and say what is damaged
    Check(cli::check::Args),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Serve(args) => server::serve(&args),
        Command::Demo(args) => server::demo(&args),
        Command::Env(args) => cli::env::run(&args),
        Command::Deploy(args) => cli::deploy::run(&args),
        Command::Invoke(args) => cli::invoke::run(&args),
        Command::Status(args) => cli::status::run(&args),
        Command::Logs(args) => cli::logs::run(&args),
        Command::Why(args) => cli::why::run(&args),
        Command::Predict(args) => cli::predict::run(&args),
        Command::Model(command) => cli::model::run(&command),
        Command::Gateway(command) => cli::gateway::run(&command),
        Command::Check(args) => cli::check::run(&args),
    };
    cli::exit_code(result)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// What clap finds wrong with the command line it would else say only when a command is used.
    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }
}
