//! A server from start to end: wiring, the ready line, and the drain.

use std::{
    io::{IsTerminal, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use aws_api::Aws;
use engines::Factory;
use gateway::{Gateway, HostRules, HttpBackends};
use hosting::{Foundations, Hosting};
use identity::{AccessKey, KeyRecord, Keys, root};
use resources::Clock;
use store::{Durability, Options, Store};
use telemetry::{LogLimits, Logs, Metrics};
use tokio::runtime::Runtime;

use crate::{
    admin::Admin,
    app::{App, Door},
    cli::demo::{self, DemoContext},
    config::{Config, LogFormat, ServeArgs},
    data_dir::{DataDir, ServerNote},
    descriptors,
    listen::{Address, Listeners, Service},
    owner, pages, priorities,
    signals::StopSignals,
    tls::{self, TlsChoice},
};

/// How long a start waits for what served before; the rest comes back while others are served.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Threads for everything that blocks: files, `SQLite`, opening models, heavy calls.
const BLOCKING_THREADS_MAX: usize = 64;

/// `clary serve`.
pub(crate) fn serve(args: &ServeArgs) -> anyhow::Result<()> {
    let config = Config::resolve(args)?;
    start_logging(&config)?;
    let mut server = Server::start(&config)?;
    server.announce()?;
    server.wait_for_stop();
    server.stop();
    Ok(())
}

/// `clary demo`.
pub(crate) fn demo(args: &demo::Args) -> anyhow::Result<()> {
    let serve = args.serve_args();
    let config = Config::resolve(&serve)?;
    start_logging(&config)?;
    let mut server = Server::start(&config)?;
    let outcome = demo::run(args, &server.demo_context());
    if outcome.is_ok() && !args.exit {
        server.wait_for_stop();
    }
    server.stop();
    outcome
}

fn start_logging(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).with_context(|| {
        format!("`--log {}` is not a log filter; say for example `info`", config.log)
    })?;
    let stderr = std::io::stderr;
    let format = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr().is_terminal())
        .with_writer(stderr);
    match config.log_format {
        LogFormat::Text => format.init(),
        LogFormat::Json => format.json().init(),
    }
    Ok(())
}

#[derive(Debug)]
struct Server {
    note: ServerNote,
    root: AccessKey,
    data_dir: DataDir,
    background: Runtime,
    listeners: Option<Listeners>,
    signals: StopSignals,
}

impl Server {
    fn start(config: &Config) -> anyhow::Result<Self> {
        pages::keep_small();
        descriptors::raise(config.limits.connections_max);
        let data_dir = DataDir::open(config.data_dir.as_deref(), config.ephemeral)?;
        let background = tokio::runtime::Builder::new_multi_thread()
            .thread_name("background")
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .on_thread_start(priorities::stand_back)
            .enable_all()
            .build()?;
        let signals = {
            let _guard = background.enter();
            StopSignals::listen()?
        };
        let addresses = bind(config)?;
        let tls = tls::open(&config.tls, data_dir.path(), &[config.api, config.gateway])?;
        let note = note(config, &addresses);
        let root = root_key(config, &data_dir)?;
        if let Some(tls) = &tls {
            tracing::info!(sha256 = tls.fingerprint, "the certificate's fingerprint");
        }
        let metrics = Arc::new(Metrics::new());
        let app = build(config, &data_dir, &background, (&root, &metrics))?;
        background.block_on(app.start(SETTLE_TIMEOUT));
        let limits = config.limits.listeners();
        let listeners = Listeners::start(addresses, Service { app, limits, tls, metrics })?;
        data_dir.leave_note(&note)?;
        Ok(Self { note, root, data_dir, background, listeners: Some(listeners), signals })
    }

    /// The ready line: the one thing that `serve` prints on stdout.
    fn announce(&self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "clary ready api={} gateway={}", self.note.api, self.note.gateway)?;
        out.flush()?;
        tracing::info!(data_dir = %self.data_dir.path().display(), "serving");
        Ok(())
    }

    fn wait_for_stop(&mut self) {
        self.background.block_on(self.signals.wait());
        tracing::info!("stopping: no new calls, those in flight end");
    }

    fn stop(&mut self) {
        if let Some(listeners) = self.listeners.take() {
            listeners.drain();
        }
    }

    fn demo_context(&self) -> DemoContext {
        DemoContext {
            api: self.note.api.clone(),
            gateway: self.note.gateway.clone(),
            region: self.note.region.clone(),
            account: self.note.account.clone(),
            key: self.root.clone(),
        }
    }
}

fn build(
    config: &Config,
    data_dir: &DataDir,
    background: &Runtime,
    (root, metrics): (&AccessKey, &Arc<Metrics>),
) -> anyhow::Result<App> {
    let clock = Arc::new(Clock::new());
    let log_limits = LogLimits { bytes_max: config.limits.log_bytes_max, ..LogLimits::default() };
    let logs = Arc::new(Logs::new(log_limits));
    let store = open_store(config, data_dir, &clock)?;
    background.block_on(owner::check(&store, &config.account))?;
    let hosting = Hosting::new(Foundations {
        account: config.account.clone(),
        clock: Arc::clone(&clock),
        store: store.clone(),
        engines: Arc::new(Factory::new()),
        metrics: Arc::clone(metrics),
        logs: Arc::clone(&logs),
        background: background.handle().clone(),
        limits: config.limits.hosting(),
    });
    let keys = Keys::new([KeyRecord::root(&config.account, root.clone())]);
    let keys = Arc::new(keys.at_rate(config.limits.of_keys()));
    let gateway = Gateway::new(gateway::Foundations {
        account: config.account.clone(),
        clock: Arc::clone(&clock),
        store: store.clone(),
        keys: Arc::clone(&keys),
        http: HttpBackends::new(HostRules::new(config.http_hosts.clone())),
        metrics: Arc::clone(metrics),
        logs: Arc::clone(&logs),
        limits: config.limits.gateway(),
    });
    let aws = Aws::new(aws_api::Parts {
        account: config.account.clone(),
        clock,
        store,
        hosting,
        gateway: gateway.clone(),
        metrics: Arc::clone(metrics),
        logs,
        keys,
        background: background.handle().clone(),
        limits: config.limits.aws_api(),
    });
    let admin = Admin::new(aws.clone(), config.ephemeral, config.admin_token.clone());
    Ok(App::new(aws, gateway, admin))
}

fn open_store(config: &Config, data_dir: &DataDir, clock: &Arc<Clock>) -> anyhow::Result<Store> {
    let durability = if config.ephemeral { Durability::Ephemeral } else { Durability::Synced };
    let dir = data_dir.state();
    let options = Options { durability, clock: Arc::clone(clock), ..Options::new(dir) };
    Store::open(options).map_err(|error| with_advice(error, dir))
}

/// What to do about a store that does not open, where its error does not say so itself.
fn with_advice(error: store::Error, dir: &Path) -> anyhow::Error {
    let dir = dir.display();
    let advice = match &error {
        error if error.is_disk_full() => Some(format!(
            "the disk of data directory `{dir}` is full; free space there or give another \
             `--data-dir`"
        )),
        store::Error::Database(_) => Some(format!(
            "`{dir}/meta.sqlite` can't be opened; `clary check --data-dir {dir}` tells whether it \
             is damaged, and then a backup has to replace it"
        )),
        _ => None,
    };
    let error = anyhow::Error::new(error);
    match advice {
        Some(advice) => error.context(advice),
        None => error,
    }
}

fn root_key(config: &Config, data_dir: &DataDir) -> anyhow::Result<AccessKey> {
    if let Some((id, secret)) = &config.root_credentials {
        return AccessKey::new(id, secret).map_err(anyhow::Error::msg);
    }
    let root = root::load_or_generate(data_dir.path())?;
    if root.origin == root::Origin::LoadedAndLocked {
        tracing::warn!("others could read the credentials file until now; consider new ones");
    }
    Ok(root.key)
}

/// One address for each side, or one for both.
fn bind(config: &Config) -> anyhow::Result<Vec<Address>> {
    let shared = config.api == config.gateway && config.api.port() != 0;
    if shared {
        return Ok(vec![Address::bind(Door::Both, config.api, config.threads)?]);
    }
    Ok(vec![
        Address::bind(Door::Api, config.api, config.threads)?,
        Address::bind(Door::Gateway, config.gateway, config.threads)?,
    ])
}

fn note(config: &Config, addresses: &[Address]) -> ServerNote {
    let scheme = if config.tls == TlsChoice::Plain { "http" } else { "https" };
    let url = |door: Door| {
        let mut fitting = addresses.iter().filter(|a| a.door == door || a.door == Door::Both);
        fitting
            .next()
            .map_or_else(String::new, |address| format!("{scheme}://{}", near(address.local)))
    };
    ServerNote {
        api: url(Door::Api),
        gateway: url(Door::Gateway),
        pid: std::process::id(),
        account: config.account.id().to_owned(),
        region: config.account.region().to_owned(),
    }
}

/// The address by which this machine reaches a listener on all of its addresses.
fn near(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
