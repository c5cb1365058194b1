//! `clary invoke`: one prediction. The payload comes from a file or from stdin and its type is
//! guessed when it is not given; the answer goes to stdout as it came.

use std::{
    fs,
    io::{self, IsTerminal, Read, Write},
    path::Path,
};

use anyhow::{Context, anyhow};
use serde_json::json;

use super::{Usage, connect::ConnectOptions, output};
use crate::client::{AwsError, CallError, Invocation, Prediction};

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// The endpoint
    #[arg(value_name = "NAME", value_parser = endpoint_name)]
    endpoint: String,
    /// File with the payload; `-` is stdin
    #[arg(long, value_name = "FILE", default_value = "-")]
    body: String,
    /// Type of the payload [default: guessed from the file's name, else from how it begins]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Wanted type of the answer [default: the model's choice]
    #[arg(long, value_name = "TYPE")]
    accept: Option<String>,
    /// Call this variant and no other
    #[arg(long, value_name = "VARIANT")]
    target_variant: Option<String>,
    /// Explain the predictions, or those that a `JMESPath` expression is true of; the endpoint's
    /// configuration must have an `ExplainerConfig`
    #[arg(
        long, value_name = "EXPRESSION", num_args = 0..=1, require_equals = true,
        default_missing_value = "`true`"
    )]
    explain: Option<String>,
    /// Print a JSON object with the answer, its type and the variant
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: ConnectOptions,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let client = args.connect.client()?;
    let body = read_body(&args.body)?;
    let guessed = guess_content_type(&args.body, &body);
    let prediction = client
        .invoke(Invocation {
            endpoint: &args.endpoint,
            body: &body,
            content_type: args.content_type.as_deref().unwrap_or(guessed),
            accept: args.accept.as_deref(),
            target_variant: args.target_variant.as_deref(),
            enable_explanations: args.explain.as_deref(),
        })
        .map_err(|error| explain(error, &args.endpoint))?;
    if args.json { print_json(&prediction) } else { print_plain(&prediction) }
}

/// Names that SageMaker takes, so that a name is also one segment of a path.
pub(super) fn endpoint_name(text: &str) -> Result<String, String> {
    let inner = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if text.is_empty() || text.len() > 63 || !inner || text.starts_with('-') || text.ends_with('-')
    {
        return Err("give 1 to 63 letters, digits and inner hyphens".to_owned());
    }
    Ok(text.to_owned())
}

fn read_body(name: &str) -> anyhow::Result<Vec<u8>> {
    if name != "-" {
        return fs::read(name).with_context(|| format!("`--body {name}` can't be read"));
    }
    if io::stdin().is_terminal() {
        let message = "no payload: give `--body FILE`, or pipe it in";
        return Err(Usage(message.to_owned()).into());
    }
    let mut body = Vec::new();
    io::stdin().lock().read_to_end(&mut body).context("the payload can't be read from stdin")?;
    Ok(body)
}

/// What the payload most probably is: by the name's ending, else by its first bytes.
pub(super) fn guess_content_type(name: &str, body: &[u8]) -> &'static str {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        Some("jsonl" | "jsonlines" | "ndjson") => "application/jsonlines",
        Some("libsvm" | "svm") => "text/libsvm",
        Some("npy") => "application/x-npy",
        Some("pbr" | "recordio") => "application/x-recordio-protobuf",
        Some("parquet") => "application/x-parquet",
        _ => guess_by_content(body),
    }
}

fn guess_by_content(body: &[u8]) -> &'static str {
    if body.starts_with(b"\x93NUMPY") {
        return "application/x-npy";
    }
    let text = body.trim_ascii_start();
    match text.first() {
        Some(b'{') if has_several_objects(text) => "application/jsonlines",
        Some(b'[' | b'{') => "application/json",
        _ if std::str::from_utf8(body).is_err() => "application/octet-stream",
        _ if is_libsvm(text) => "text/libsvm",
        _ => "text/csv",
    }
}

/// Whether the first line is whole JSON and another line follows.
fn has_several_objects(text: &[u8]) -> bool {
    let Some(end) = text.iter().position(|&byte| byte == b'\n') else { return false };
    let (first, rest) = text.split_at(end);
    !rest.trim_ascii().is_empty() && serde_json::from_slice::<serde_json::Value>(first).is_ok()
}

/// `label index:value …`: the second word has the colon.
fn is_libsvm(text: &[u8]) -> bool {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let second = line.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    let index = second.split(|&byte| byte == b':').next().unwrap_or_default();
    index.len() < second.len() && !index.is_empty() && index.iter().all(u8::is_ascii_digit)
}

fn print_plain(prediction: &Prediction) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(&prediction.body)?;
    if out.is_terminal() && !prediction.body.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

fn print_json(prediction: &Prediction) -> anyhow::Result<()> {
    let text = std::str::from_utf8(&prediction.body).with_context(|| {
        format!(
            "an answer of type `{}` does not fit JSON; leave `--json` out",
            prediction.content_type
        )
    })?;
    output::json(&json!({
        "variant": prediction.variant,
        "content_type": prediction.content_type,
        "body": text,
    }))
}

/// Says whose fault it was, and gives the model's own words.
pub(super) fn explain(error: CallError, endpoint: &str) -> anyhow::Error {
    match error.refusal() {
        Some(refusal) if refusal.code == "ModelError" => anyhow!(model_error(refusal, endpoint)),
        Some(refusal) if refusal.message.contains("not found") => {
            anyhow!("{}; `clary status` lists what runs", refusal.message.trim_end_matches('.'))
        }
        _ => error.into(),
    }
}

fn model_error(refusal: &AwsError, endpoint: &str) -> String {
    let status = &refusal.body["OriginalStatusCode"];
    let said = refusal.body["OriginalMessage"].as_str().unwrap_or(&refusal.message);
    format!(
        "the model of `{endpoint}` gave no prediction (status {status}): {said}; \
         `clary logs {endpoint}` may say more"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_guessed_by_name_then_by_content() {
        let check = |name: &str, body: &[u8], expect: &str| {
            assert_eq!(guess_content_type(name, body), expect, "{name} {body:?}");
        };
        check("a.csv", b"{}", "text/csv");
        check("a.JSON", b"1,2", "application/json");
        check("a.jsonl", b"", "application/jsonlines");
        check("a.libsvm", b"", "text/libsvm");
        check("a.npy", b"", "application/x-npy");
        check("-", b"\x93NUMPY\x01", "application/x-npy");
        check("-", b" [[1, 2]]", "application/json");
        check("-", b"{\"a\": 1}", "application/json");
        check("-", b"{\"a\": 1}\n", "application/json");
        check("-", b"{\n\"a\": 1}\n", "application/json");
        check("-", b"{\"a\": 1}\n{\"a\": 2}\n", "application/jsonlines");
        check("-", b"5.1,3.5\n", "text/csv");
        check("data", b"1 3:0.5 7:1\n", "text/libsvm");
        check("-", b"time 12:30", "text/libsvm");
        check("-", b"a b:c", "text/csv");
        check("-", b"", "text/csv");
        check("-", b"\xff\xfe", "application/octet-stream");
    }

    #[test]
    fn names_are_checked_before_anything_is_sent() {
        for good in ["a", "covtype-2", "A1"] {
            assert_eq!(endpoint_name(good), Ok(good.to_owned()));
        }
        let long = "x".repeat(64);
        for bad in ["", "-a", "a-", "a/b", "a b", "ä", long.as_str()] {
            assert!(endpoint_name(bad).is_err(), "{bad}");
        }
    }

    fn refusal(code: &str, message: &str, body: serde_json::Value) -> CallError {
        CallError::Refused(Box::new(AwsError {
            status: 424,
            code: code.into(),
            message: message.into(),
            request_id: None,
            body,
        }))
    }

    #[test]
    fn the_models_own_words_are_shown() {
        let body = json!({"OriginalMessage": "need 54 columns", "OriginalStatusCode": 400});
        let text = explain(refusal("ModelError", "Received …", body), "covtype").to_string();
        assert!(text.contains("(status 400): need 54 columns;"), "{text}");
        let gone = "Endpoint x of account 000000000000 not found.";
        let text = explain(refusal("ValidationError", gone, json!({})), "x").to_string();
        assert!(text.ends_with("not found; `clary status` lists what runs"), "{text}");
    }
}
