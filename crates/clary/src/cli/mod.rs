//! The commands that talk to a running server, or need none: what they ask and how they show it.
//!
//! Each file is one command: its arguments, its calls, its output. Results go to stdout, progress
//! and errors to stderr. Serving itself is left to `server`.

mod archive;
pub(crate) mod check;
mod connect;
pub(crate) mod demo;
pub(crate) mod deploy;
pub(crate) mod env;
pub(crate) mod gateway;
mod image;
pub(crate) mod invoke;
pub(crate) mod logs;
mod metrics_text;
pub(crate) mod model;
mod output;
pub(crate) mod predict;
mod rate;
pub(crate) mod status;
mod traffic;
pub(crate) mod why;

use std::{io, process::ExitCode};

use anstyle::{AnsiColor, Style};

const ERROR_STYLE: Style = AnsiColor::Red.on_default().bold();

/// The command line makes no sense as it stands; exit code 2, as for clap's own findings.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Tells how a command ended: 0 if well, 1 if it failed, 2 if it was not understood. Prints the
/// error with its causes.
pub(crate) fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    if is_broken_pipe(&error) {
        // The reader, such as `head`, has seen enough.
        return ExitCode::SUCCESS;
    }
    anstream::eprintln!("{ERROR_STYLE}error:{ERROR_STYLE:#} {error:#}");
    ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
