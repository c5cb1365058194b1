//! What `serve` can be told, by flag, by environment or by configuration file, in that order.

mod limits;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use resources::Account;
use serde::Deserialize;

use crate::tls::TlsChoice;

pub(crate) use limits::LimitsTable;

/// Where state lives unless told otherwise, below the home directory.
const DATA_DIR_BELOW_HOME: &str = ".local/share/clary";

/// What is logged unless told otherwise. The S3 front's library logs what clients do wrong as
/// errors of the server.
const LOG: &str = "info,s3s=off";

#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServeArgs {
    /// Where everything durable lives [default: ~/.local/share/clary]
    #[arg(long, value_name = "DIR", env = "CLARY_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address of the AWS APIs [default: 127.0.0.1:8600]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(crate) api: Option<SocketAddr>,
    /// Address of deployed REST APIs; may be the same as --api [default: 127.0.0.1:8601]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(crate) gateway: Option<SocketAddr>,
    /// A TOML file with the same settings; flags win
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Keep nothing after the end, and serve /_clary/reset and /_clary/clock, for test suites
    #[arg(long)]
    pub(crate) ephemeral: bool,
    /// The twelve digits of the AWS account to be [default: 000000000000]
    #[arg(long, value_name = "DIGITS")]
    pub(crate) account: Option<String>,
    /// The AWS region to be [default: us-east-1]
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// Serve the AWS APIs without TLS on an address that others can reach
    #[arg(long)]
    pub(crate) allow_plaintext: bool,
    /// Certificate chain in PEM, to serve both addresses with TLS
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "tls_self_signed")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Serve both addresses with TLS and a certificate made on the first start, kept in the data
    /// directory
    #[arg(long)]
    pub(crate) tls_self_signed: bool,
    /// Listener threads [default: one a core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// What to log: a level, or `tracing` directives such as `hosting=debug` [default: info]
    #[arg(long, value_name = "FILTER", env = "CLARY_LOG")]
    pub(crate) log: Option<String>,
    /// How log lines look [default: text]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,
    /// A limit, as the [limits] table of the configuration file names it; may be repeated
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    pub(crate) limits: Vec<String>,
    /// Token that opens /_clary/metrics to callers on other machines
    #[arg(long, value_name = "TOKEN", env = "CLARY_ADMIN_TOKEN", hide_env_values = true)]
    pub(crate) admin_token: Option<String>,
    #[arg(long, env = "CLARY_ROOT_ACCESS_KEY_ID", hide = true)]
    pub(crate) root_access_key_id: Option<String>,
    #[arg(long, env = "CLARY_ROOT_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    pub(crate) root_secret_access_key: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// The configuration file. Every key is optional and means what the flag of its name means.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    data_dir: Option<PathBuf>,
    api: Option<SocketAddr>,
    gateway: Option<SocketAddr>,
    account: Option<String>,
    region: Option<String>,
    #[serde(default)]
    allow_plaintext: bool,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    #[serde(default)]
    tls_self_signed: bool,
    threads: Option<usize>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    admin_token: Option<String>,
    /// Hosts that HTTP integrations of REST APIs may reach.
    http_hosts: Option<Vec<String>>,
    #[serde(default)]
    limits: toml::Table,
}

/// Everything decided.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// None only for an ephemeral server that was given none.
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) api: SocketAddr,
    pub(crate) gateway: SocketAddr,
    pub(crate) ephemeral: bool,
    pub(crate) account: Account,
    pub(crate) tls: TlsChoice,
    pub(crate) threads: usize,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    pub(crate) admin_token: Option<String>,
    pub(crate) root_credentials: Option<(String, String)>,
    /// Hosts that HTTP integrations of REST APIs may reach; see [`gateway::HostRules`].
    pub(crate) http_hosts: Vec<String>,
    pub(crate) limits: LimitsTable,
}

/// An address to listen on, which has no names: what one stands for may change.
fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "give an IP address and a port, such as `127.0.0.1:8600`, `[::1]:8600` or `0.0.0.0:8600`"
            .to_owned()
    })
}

impl Config {
    pub(crate) fn resolve(args: &ServeArgs) -> anyhow::Result<Self> {
        let file = args.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let given = |flag: &Option<String>, file: Option<String>, default: &str| {
            flag.clone().or(file).unwrap_or_else(|| default.to_owned())
        };
        let account = given(&args.account, file.account, "000000000000");
        let region = given(&args.region, file.region, "us-east-1");
        let config = Self {
            data_dir: data_dir(args, file.data_dir)?,
            api: args.api.or(file.api).unwrap_or(([127, 0, 0, 1], 8600).into()),
            gateway: args.gateway.or(file.gateway).unwrap_or(([127, 0, 0, 1], 8601).into()),
            ephemeral: args.ephemeral,
            account: Account::new(&account, &region).map_err(anyhow::Error::msg)?,
            tls: tls(args, file.tls_cert, file.tls_key, file.tls_self_signed)?,
            threads: args.threads.or(file.threads).unwrap_or_else(cores).max(1),
            log: given(&args.log, file.log, LOG),
            log_format: args.log_format.or(file.log_format).unwrap_or_default(),
            admin_token: args.admin_token.clone().or(file.admin_token),
            root_credentials: root_credentials(args)?,
            http_hosts: file.http_hosts.unwrap_or_else(|| vec!["*".to_owned()]),
            limits: LimitsTable::resolve(file.limits, &args.limits)?,
        };
        config.check_exposure(args.allow_plaintext || file.allow_plaintext)?;
        Ok(config)
    }

    /// Signed or not, plain text on a network shows every prediction to whoever listens.
    fn check_exposure(&self, allow_plaintext: bool) -> anyhow::Result<()> {
        let private = self.api.ip().is_loopback() || self.tls != TlsChoice::Plain;
        if private || allow_plaintext {
            return Ok(());
        }
        bail!(
            "`--api {}` can be reached from other machines and would be plain text; give \
             `--tls-cert` and `--tls-key`, or `--tls-self-signed`, or say `--allow-plaintext`",
            self.api
        )
    }
}

fn read_file(path: &Path) -> anyhow::Result<File> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("configuration file `{}` can't be read", path.display()))?;
    toml::from_str(&text)
        .with_context(|| format!("configuration file `{}` is not valid", path.display()))
}

fn data_dir(args: &ServeArgs, file: Option<PathBuf>) -> anyhow::Result<Option<PathBuf>> {
    match args.data_dir.clone().or(file) {
        Some(dir) => Ok(Some(dir)),
        None if args.ephemeral => Ok(None),
        None => default_data_dir().map(Some),
    }
}

/// The data directory that commands use when they are told none.
pub(crate) fn default_data_dir() -> anyhow::Result<PathBuf> {
    let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let home = home.context("no home directory is known; give `--data-dir DIR`")?;
    Ok(home.join(DATA_DIR_BELOW_HOME))
}

/// Flags win over the file, and a certificate that was named over one of our own making.
fn tls(
    args: &ServeArgs,
    file_certificate: Option<PathBuf>,
    file_key: Option<PathBuf>,
    file_self_signed: bool,
) -> anyhow::Result<TlsChoice> {
    if args.tls_self_signed {
        return Ok(TlsChoice::SelfSigned);
    }
    match (args.tls_cert.clone().or(file_certificate), args.tls_key.clone().or(file_key)) {
        (Some(certificate), Some(key)) => Ok(TlsChoice::Files { certificate, key }),
        (None, None) if file_self_signed => Ok(TlsChoice::SelfSigned),
        (None, None) => Ok(TlsChoice::Plain),
        _ => bail!("`tls-cert` and `tls-key` go together; give both or neither"),
    }
}

fn root_credentials(args: &ServeArgs) -> anyhow::Result<Option<(String, String)>> {
    match (&args.root_access_key_id, &args.root_secret_access_key) {
        (Some(id), Some(secret)) => Ok(Some((id.clone(), secret.clone()))),
        (None, None) => Ok(None),
        _ => bail!(
            "`CLARY_ROOT_ACCESS_KEY_ID` and `CLARY_ROOT_SECRET_ACCESS_KEY` go together; set both \
             or neither"
        ),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
