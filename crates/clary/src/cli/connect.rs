//! Finds the server and the key: what was said on the command line goes before the environment,
//! and that before the note that a running server leaves in its data directory.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use identity::{AccessKey, Secret, root};

use crate::{
    client::{Client, Target},
    config, data_dir, tls,
};

const DEFAULT_REGION: &str = "us-east-1";
const DEFAULT_ACCOUNT: &str = "000000000000";

/// Where the server is.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ConnectOptions {
    /// Address of the server's AWS APIs [default: `AWS_ENDPOINT_URL`, else the server of the data
    /// directory]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Data directory of a server on this machine [default: `CLARY_DATA_DIR`, else
    /// ~/.local/share/clary]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

impl ConnectOptions {
    /// A client of the server that is meant.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Client::new(self.target()?)
    }

    /// The server that is meant. Nothing is sent to it yet.
    pub(crate) fn target(&self) -> anyhow::Result<Target> {
        resolve(self, &Environment::read())
    }
}

/// What the environment says.
#[derive(Debug, Default)]
struct Environment {
    endpoint_url: Option<String>,
    key: Option<(String, String)>,
    session_token: Option<String>,
    root_key: Option<(String, String)>,
    region: Option<String>,
    data_dir: Option<PathBuf>,
    ca_bundle: Option<PathBuf>,
    admin_token: Option<String>,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the client's configuration is read here only")]
    fn read() -> Self {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let pair = |id: &str, secret: &str| var(id).zip(var(secret));
        Self {
            endpoint_url: var("AWS_ENDPOINT_URL"),
            key: pair("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            session_token: var("AWS_SESSION_TOKEN"),
            root_key: pair("CLARY_ROOT_ACCESS_KEY_ID", "CLARY_ROOT_SECRET_ACCESS_KEY"),
            region: var("AWS_REGION").or_else(|| var("AWS_DEFAULT_REGION")),
            data_dir: var("CLARY_DATA_DIR").map(PathBuf::from),
            ca_bundle: var("AWS_CA_BUNDLE").map(PathBuf::from),
            admin_token: var("CLARY_ADMIN_TOKEN"),
        }
    }
}

fn resolve(options: &ConnectOptions, environment: &Environment) -> anyhow::Result<Target> {
    let named = match (&options.endpoint_url, &options.data_dir) {
        (Some(url), _) => Some(url),
        // A data directory on the command line means its server, whatever the environment says.
        (None, Some(_)) => None,
        (None, None) => environment.endpoint_url.as_ref(),
    };
    match named {
        Some(url) => at_url(url, options, environment),
        None => of_data_dir(options, environment),
    }
}

/// A server by its address: the key is the environment's, unless a data directory was named.
fn at_url(
    url: &str,
    options: &ConnectOptions,
    environment: &Environment,
) -> anyhow::Result<Target> {
    let from_environment = match options.data_dir {
        Some(_) => None,
        None => environment_key(environment)?,
    };
    let (key, session_token) = match from_environment {
        Some(found) => found,
        None => (disk_key(&directory(options, environment)?)?, None),
    };
    Ok(Target {
        url: checked_url(url)?,
        key,
        session_token,
        region: environment.region.clone().unwrap_or_else(|| DEFAULT_REGION.into()),
        account: DEFAULT_ACCOUNT.into(),
        ca_bundle: environment.ca_bundle.clone(),
        admin_token: admin_token(environment),
    })
}

/// The server of a data directory. Its own key goes before the environment's, which may well be
/// one for AWS itself; a server that was given its key keeps none on disk.
fn of_data_dir(options: &ConnectOptions, environment: &Environment) -> anyhow::Result<Target> {
    let directory = directory(options, environment)?;
    let Some(note) = data_dir::read_note(&directory)? else {
        bail!(
            "no clary server uses data directory `{}`; start one with `clary serve`, or name one \
             with `--endpoint-url`",
            directory.display()
        );
    };
    let (key, session_token) = match root::load(&directory)? {
        Some(root) => (root.key, None),
        None => environment_key(environment)?.with_context(|| no_key(&directory))?,
    };
    // A certificate of the server's own making is in its directory; nobody else vouches for it.
    let own = Some(directory.join(tls::CERTIFICATE)).filter(|path| path.is_file());
    Ok(Target {
        url: checked_url(&note.api)?,
        key,
        session_token,
        region: note.region,
        account: note.account,
        ca_bundle: own.or_else(|| environment.ca_bundle.clone()),
        admin_token: admin_token(environment),
    })
}

fn admin_token(environment: &Environment) -> Option<Secret> {
    environment.admin_token.as_deref().map(Secret::new)
}

fn directory(options: &ConnectOptions, environment: &Environment) -> anyhow::Result<PathBuf> {
    match options.data_dir.as_ref().or(environment.data_dir.as_ref()) {
        Some(directory) => Ok(directory.clone()),
        None => config::default_data_dir(),
    }
}

fn disk_key(directory: &std::path::Path) -> anyhow::Result<AccessKey> {
    let root = root::load(directory)?.with_context(|| no_key(directory))?;
    Ok(root.key)
}

fn no_key(directory: &std::path::Path) -> String {
    format!(
        "no access key is known: `{}` has no `credentials`; set `AWS_ACCESS_KEY_ID` and \
         `AWS_SECRET_ACCESS_KEY`, or name the server's `--data-dir`",
        directory.display()
    )
}

type KeyAndToken = (AccessKey, Option<Secret>);

/// The server's own variables go first: who set them meant clary.
fn environment_key(environment: &Environment) -> anyhow::Result<Option<KeyAndToken>> {
    let parse = |(id, secret): &(String, String)| AccessKey::new(id, secret);
    if let Some(root_key) = &environment.root_key {
        return Ok(Some((parse(root_key).map_err(anyhow::Error::msg)?, None)));
    }
    let Some(key) = &environment.key else { return Ok(None) };
    let token = environment.session_token.as_deref().map(Secret::new);
    Ok(Some((parse(key).map_err(anyhow::Error::msg)?, token)))
}

fn checked_url(url: &str) -> anyhow::Result<String> {
    let url = url.trim_end_matches('/');
    let uri: http::Uri = url.parse().with_context(|| format!("`{url}` is not a URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
        bail!("`{url}` is not a server's address; give one such as `http://127.0.0.1:8600`");
    }
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Write};

    use tempfile::TempDir;

    use super::*;

    /// A data directory whose server answers on port 1, with `DISKKEY`.
    fn served() -> TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        let put = |name: &str, text: &str| {
            File::create(directory.path().join(name))
                .and_then(|mut file| file.write_all(text.as_bytes()))
                .expect("a file");
        };
        put(
            "server.json",
            r#"{"api":"http://127.0.0.1:1","gateway":"http://127.0.0.1:2","pid":1,
                "account":"123456789012","region":"eu-west-1"}"#,
        );
        put("credentials", "[default]\naws_access_key_id=DISKKEY\naws_secret_access_key=s\n");
        directory
    }

    fn aws_environment() -> Environment {
        Environment {
            endpoint_url: Some("http://127.0.0.1:9/".into()),
            key: Some(("ENVKEY".into(), "s".into())),
            session_token: Some("token".into()),
            ..Environment::default()
        }
    }

    #[test]
    fn what_is_nearer_wins() {
        let directory = served();
        let with_dir = ConnectOptions {
            data_dir: Some(directory.path().to_owned()),
            ..ConnectOptions::default()
        };
        let with_url = ConnectOptions {
            endpoint_url: Some("http://127.0.0.1:5".into()),
            ..ConnectOptions::default()
        };
        let check = |options: &ConnectOptions, environment: &Environment, port: u16, key: &str| {
            let target = resolve(options, environment).expect("a server");
            assert_eq!(target.url, format!("http://127.0.0.1:{port}"));
            assert_eq!(target.key.id, key);
            assert_eq!(target.session_token.is_some(), key == "ENVKEY");
        };
        check(&with_dir, &aws_environment(), 1, "DISKKEY");
        check(&with_url, &aws_environment(), 5, "ENVKEY");
        check(&ConnectOptions::default(), &aws_environment(), 9, "ENVKEY");
        let both = ConnectOptions { endpoint_url: with_url.endpoint_url, ..with_dir };
        check(&both, &aws_environment(), 5, "DISKKEY");
        let foreign_key = Environment {
            endpoint_url: None,
            data_dir: Some(directory.path().to_owned()),
            ..aws_environment()
        };
        check(&ConnectOptions::default(), &foreign_key, 1, "DISKKEY");
    }

    #[test]
    fn the_note_tells_account_and_region() {
        let directory = served();
        let options = ConnectOptions {
            data_dir: Some(directory.path().to_owned()),
            ..ConnectOptions::default()
        };
        let target = resolve(&options, &Environment::default()).expect("a server");
        assert_eq!((&*target.account, &*target.region), ("123456789012", "eu-west-1"));
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_do() {
        let empty = tempfile::tempdir().expect("a directory");
        let check = |endpoint_url: Option<&str>, words: &str| {
            let options = ConnectOptions {
                endpoint_url: endpoint_url.map(str::to_owned),
                data_dir: Some(empty.path().to_owned()),
            };
            let error = resolve(&options, &Environment::default()).expect_err(words);
            assert!(error.to_string().contains(words), "{error}");
        };
        check(None, "start one with `clary serve`");
        check(Some("http://127.0.0.1:1"), "set `AWS_ACCESS_KEY_ID`");
        let check_url = |url: &str, words: &str| {
            let error = checked_url(url).expect_err(url).to_string();
            assert!(error.contains(words), "{error}");
        };
        check_url("ftp://a.example", "is not a server's address");
        check_url("127.0.0.1:8600", "not a server's address");
        check_url("not a url", "not a URL");
    }
}
