//! `clary gateway`: commands for REST APIs. Each subcommand is a file.

mod sample;
mod test;

/// What to do.
#[derive(clap::Subcommand, Clone, Debug)]
pub(crate) enum Command {
    /// Render a mapping template against a sample request; needs no server
    Test(test::Args),
}

pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Test(args) => test::run(args),
    }
}
