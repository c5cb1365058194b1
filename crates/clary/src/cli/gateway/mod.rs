//! `clary gateway`: commands for REST APIs. Each subcommand is a file.

mod api;
mod list;
mod request;
mod routes;
mod sample;
mod show;
mod test;

/// What to do.
#[derive(clap::Subcommand, Clone, Debug)]
pub(crate) enum Command {
    /// List the REST APIs and the stages that serve them
    List(list::Args),
    /// Show one REST API, its stages and where they answer
    Show(show::Args),
    /// Show what can be called of a REST API, and what stands behind it
    Routes(routes::Args),
    /// Try a request on a stage's methods; or render a mapping template, which needs no server
    Test(Box<test::Args>),
}

pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Routes(args) => routes::run(args),
        Command::Test(args) => test::run(args),
    }
}
