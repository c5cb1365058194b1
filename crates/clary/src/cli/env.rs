//! `clary env`: the environment that points AWS clients at a server.

use serde_json::json;

use super::{connect::ConnectOptions, output};
use crate::client::Target;

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: ConnectOptions,
    /// Print a JSON object instead of shell lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let variables = variables(&args.connect.target()?);
    if args.json {
        let object: serde_json::Map<_, _> =
            variables.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        return output::json(&object.into());
    }
    for (name, value) in variables {
        output::line(&format!("export {name}={}", quoted(&value)))?;
    }
    Ok(())
}

fn variables(target: &Target) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("AWS_ENDPOINT_URL", target.url.clone()),
        ("AWS_ACCESS_KEY_ID", target.key.id.clone()),
        ("AWS_SECRET_ACCESS_KEY", target.key.secret.expose().to_owned()),
        ("AWS_DEFAULT_REGION", target.region.clone()),
    ];
    if let Some(path) = target.ca_bundle.as_ref().filter(|_| target.url.starts_with("https")) {
        variables.push(("AWS_CA_BUNDLE", path.display().to_string()));
    }
    if let Some(token) = &target.session_token {
        variables.push(("AWS_SESSION_TOKEN", token.expose().to_owned()));
    }
    variables
}

/// The value as one word of a POSIX shell.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:+=@,".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_single_words() {
        assert_eq!(quoted("http://127.0.0.1:8600"), "http://127.0.0.1:8600");
        assert_eq!(quoted("ab/c+d"), "ab/c+d");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b$(c)'d"), r"'a b$(c)'\''d'");
    }
}
