//! Writes the requests that the load generator sends: whole HTTP/1.1 requests, all different, each
//! signed unless told otherwise.
//!
//! Made beforehand, they cost the load generator nothing. In the file, each request follows its
//! length, eight digits and a newline.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use clap::Parser;
use http::{HeaderName, HeaderValue, header, request::Parts};
use sigv4::{Secret, Settings, Signer};

/// Writes whole, all-different HTTP requests into a file.
#[derive(Debug, Parser)]
struct Arguments {
    /// `host:port` of the server
    #[arg(long)]
    authority: String,
    /// Path of the requests
    #[arg(long)]
    path: String,
    /// A file of rows, which are used in turn
    #[arg(long)]
    bodies: PathBuf,
    /// Rows that make a body
    #[arg(long, default_value_t = 1)]
    rows: usize,
    /// Ask so many endpoints in turn: `{}` in the path is the number of each, from 0
    #[arg(long, default_value_t = 1)]
    spread: usize,
    /// How many requests
    #[arg(long, default_value_t = 60_000)]
    count: usize,
    /// Leave the signatures out
    #[arg(long)]
    unsigned: bool,
    /// Access key id to sign with
    #[arg(long, env = "CLARY_ROOT_ACCESS_KEY_ID", default_value = "")]
    key_id: String,
    /// Secret to sign with
    #[arg(long, env = "CLARY_ROOT_SECRET_ACCESS_KEY", default_value = "", hide_env_values = true)]
    secret: String,
    /// Where to write
    #[arg(long)]
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let text = fs::read_to_string(&arguments.bodies)
        .with_context(|| format!("can't read `{}`", arguments.bodies.display()))?;
    let bodies = bodies(&text, arguments.rows);
    anyhow::ensure!(!bodies.is_empty(), "`{}` has no rows", arguments.bodies.display());
    let out = File::create(&arguments.out)
        .with_context(|| format!("can't write `{}`", arguments.out.display()))?;
    let mut out = BufWriter::new(out);
    let now = epoch_seconds()?;
    for (number, body) in bodies.iter().cycle().take(arguments.count).enumerate() {
        let request = request(&arguments, number, body.as_bytes(), now)?;
        writeln!(out, "{:08}", request.len())?;
        out.write_all(&request)?;
    }
    out.flush().context("can't write the last requests")
}

/// As many bodies as there are rows: each starts a row later than the one before.
fn bodies(text: &str, rows: usize) -> Vec<String> {
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    let body = |start| lines.iter().cycle().skip(start).take(rows).copied().collect::<Vec<_>>();
    (0..lines.len()).map(|start| body(start).join("\n")).collect()
}

#[expect(clippy::disallowed_methods, reason = "a tool for the real server's real clock")]
fn epoch_seconds() -> anyhow::Result<i64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64)
}

fn request(arguments: &Arguments, number: usize, body: &[u8], now: i64) -> anyhow::Result<Vec<u8>> {
    let mut parts = head(arguments, number)?;
    if !arguments.unsigned {
        sign(arguments, &mut parts, body, now)?;
    }
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    Ok(on_the_wire(&parts, body))
}

/// Each carries an id of its own, as clients that trace do, so that no two signatures are alike.
fn head(arguments: &Arguments, number: usize) -> anyhow::Result<Parts> {
    let path = arguments.path.replace("{}", &(number % arguments.spread).to_string());
    let request = http::Request::post(path)
        .header(header::HOST, &arguments.authority)
        .header(header::CONTENT_TYPE, "text/csv")
        .header(HeaderName::from_static("x-amzn-sagemaker-inference-id"), format!("{number:08}"))
        .body(())
        .context("`--path` and `--authority` make no request")?;
    Ok(request.into_parts().0)
}

fn sign(arguments: &Arguments, parts: &mut Parts, body: &[u8], now: i64) -> anyhow::Result<()> {
    let signer = Signer {
        access_key_id: &arguments.key_id,
        secret: Secret::new(&arguments.secret),
        session_token: None,
        region: "us-east-1",
        service: "sagemaker",
        settings: &Settings::SERVICE,
    };
    signer.sign(parts, body, now).context("can't sign")
}

fn on_the_wire(parts: &Parts, body: &[u8]) -> Vec<u8> {
    let mut request = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri).into_bytes();
    for (name, value) in &parts.headers {
        request.extend_from_slice(name.as_str().as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(body);
    request
}
