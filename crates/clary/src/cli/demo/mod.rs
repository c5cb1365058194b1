//! `clary demo`: deploys the examples on a server that runs in this process, compares their answers
//! with the expected ones, and shows how to call them from elsewhere. Each example is a file. Starting
//! and stopping the server is left to `server`.

mod forest;
mod movies;

use std::{net::SocketAddr, time::Duration};

use anyhow::ensure;
use identity::AccessKey;

use super::output;
use crate::{
    client::{Client, Target},
    config::ServeArgs,
};

const DEPLOY_TIMEOUT: Duration = Duration::from_mins(1);

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// End after the calls instead of serving until Ctrl-C
    #[arg(long)]
    pub(crate) exit: bool,
    /// Address of the AWS APIs
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    api: SocketAddr,
    /// Address of deployed REST APIs
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    gateway: SocketAddr,
}

impl Args {
    /// What the server of the demo is started with: nothing of it stays.
    pub(crate) fn serve_args(&self) -> ServeArgs {
        ServeArgs {
            api: Some(self.api),
            gateway: Some(self.gateway),
            ephemeral: true,
            log: Some("warn".to_owned()),
            ..ServeArgs::default()
        }
    }
}

/// The running server.
#[derive(Clone, Debug)]
pub(crate) struct DemoContext {
    /// Such as `http://127.0.0.1:8600`.
    pub(crate) api: String,
    /// Such as `http://127.0.0.1:8601`.
    pub(crate) gateway: String,
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) key: AccessKey,
}

impl DemoContext {
    fn target(&self, url: &str) -> Target {
        Target {
            url: url.to_owned(),
            key: self.key.clone(),
            session_token: None,
            region: self.region.clone(),
            account: self.account.clone(),
            ca_bundle: None,
            admin_token: None,
        }
    }
}

/// Runs the demo; an error if anything went wrong or differed.
pub(crate) fn run(args: &Args, context: &DemoContext) -> anyhow::Result<()> {
    let client = Client::new(context.target(&context.api))?;
    let forest_agrees = forest::run(&client)?;
    let callers = Client::new(context.target(&context.gateway))?;
    let movies = movies::run(&client, &callers)?;
    output::line(&forest::try_next(context))?;
    output::line(&movies.try_next())?;
    if !args.exit {
        output::line("\nserving until Ctrl-C; nothing of this stays")?;
    }
    ensure!(forest_agrees && movies.agree, "the predictions differ from the expected ones");
    Ok(())
}
