//! Owns sample requests: put together from a file and from flags, which go before the file.

use std::{
    fs,
    io::{self, Read},
};

use anyhow::Context as _;
use gateway::mapping::{Body, Context, Json, Message, Parameters};
use serde_json::{Map, Value};

use crate::cli::Usage;

#[derive(clap::Args, Clone, Debug)]
pub(super) struct SampleArgs {
    /// The body: JSON text, a file, or `-` for stdin
    #[arg(long, value_name = "TEXT|FILE")]
    body: Option<String>,
    /// A parameter of the query string; may be given several times, as may the following
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    query: Vec<(String, String)>,
    /// A header: `NAME=VALUE` or `NAME: VALUE`
    #[arg(long, value_name = "NAME=VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// A parameter of the path
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    path: Vec<(String, String)>,
    /// A variable of the stage
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    stage_variable: Vec<(String, String)>,
    /// A value of `$context`: `identity.sourceIp=192.0.2.1`
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    context: Vec<(String, String)>,
    /// A request as JSON: body, headers, queryStringParameters, pathParameters, stageVariables,
    /// requestContext, as Lambda functions get it
    #[arg(long, value_name = "FILE")]
    request: Option<String>,
}

/// A request, and what is known of it.
#[derive(Debug, Default)]
pub(super) struct Sample {
    body: String,
    path: Pairs,
    query: Pairs,
    header: Pairs,
    stage_variables: Pairs,
    context: Value,
}

type Pairs = Vec<(String, String)>;

impl SampleArgs {
    /// Stdin can be read for one thing only, and its end is not seen twice.
    pub(super) fn check(&self, template: &str) -> anyhow::Result<()> {
        let sources = [Some(template), self.body.as_deref(), self.request.as_deref()];
        if sources.iter().flatten().filter(|source| **source == "-").count() > 1 {
            let message = "`-` is given twice: stdin can be the template, the body or the request";
            return Err(Usage(message.to_owned()).into());
        }
        Ok(())
    }

    /// The files that make up the sample, and the template.
    pub(super) fn files(&self, template: &str) -> Vec<String> {
        let body = self.body.as_deref().filter(|body| !is_text(body));
        let all = [Some(template), body, self.request.as_deref()];
        all.into_iter().flatten().filter(|file| *file != "-").map(str::to_owned).collect()
    }

    /// The body and the headers, for a request that an API gets: path and query stand in its target.
    pub(super) fn body_and_headers(&self) -> anyhow::Result<(String, Map<String, Value>)> {
        let Sample { body, header, .. } = self.read()?;
        let mut headers = Map::new();
        for (name, value) in header {
            let values = headers.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            values.as_array_mut().into_iter().for_each(|all| all.push(value.as_str().into()));
        }
        Ok((body, headers))
    }

    /// The variables that are given beside the stage's own.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, Value)> {
        self.stage_variable.iter().map(|(name, value)| (name.clone(), value.as_str().into()))
    }

    pub(super) fn read(&self) -> anyhow::Result<Sample> {
        let mut sample = match &self.request {
            Some(file) => request(file)?,
            None => Sample { context: test_context(), ..Sample::default() },
        };
        if let Some(body) = &self.body {
            sample.body = if is_text(body) {
                body.clone()
            } else {
                let hint = "give JSON text, the name of a file, or `-` for stdin";
                read_text(body).with_context(|| format!("`--body {body}` can't be read; {hint}"))?
            };
        }
        sample.query.extend_from_slice(&self.query);
        sample.header.extend_from_slice(&self.header);
        sample.path.extend_from_slice(&self.path);
        sample.stage_variables.extend_from_slice(&self.stage_variable);
        for (name, value) in &self.context {
            put(&mut sample.context, name, value);
        }
        Ok(sample)
    }
}

impl Sample {
    /// Hands the sample to `run` as a template sees it.
    pub(super) fn with_message<T>(&self, run: impl FnOnce(&Message<'_>) -> T) -> T {
        let (path, query, header) = (views(&self.path), views(&self.query), views(&self.header));
        let stage_variables = views(&self.stage_variables);
        let context = self.context.to_string();
        let message = Message {
            body: Body::new(&self.body),
            parameters: Parameters { path: &path, query: &query, header: &header },
            stage_variables: &stage_variables,
            context: Json::parse(&context).map(Context::from).unwrap_or_default(),
            ..Message::default()
        };
        run(&message)
    }
}

fn views(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// What API Gateway shows templates when a method is tested in its console.
fn test_context() -> Value {
    serde_json::json!({
        "stage": "test-invoke-stage",
        "requestId": "test-invoke-request",
        "identity": {"sourceIp": "test-invoke-source-ip"},
    })
}

/// JSON of more than one word is no file's name.
fn is_text(body: &str) -> bool {
    body.is_empty() || body.trim_start().starts_with(['{', '[', '"'])
}

/// A file's text, or stdin's; what is no UTF-8 is replaced, as API Gateway does with bodies.
pub(super) fn read_text(name: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if name == "-" {
        io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        bytes = fs::read(name)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn request(file: &str) -> anyhow::Result<Sample> {
    let text = read_text(file).with_context(|| format!("`--request {file}` can't be read"))?;
    let request: Map<String, Value> = serde_json::from_str(&text).with_context(|| {
        format!("`--request {file}` is no JSON object with `body`, `headers` and so on")
    })?;
    let first = |names: &[&str]| names.iter().find_map(|name| request.get(*name));
    let mut context = test_context();
    if let Some(Value::Object(members)) = first(&["requestContext", "context"]) {
        merge(&mut context, members);
    }
    Ok(Sample {
        body: request.get("body").map(plain).unwrap_or_default(),
        path: pairs(first(&["pathParameters", "path"])),
        query: pairs(first(&["queryStringParameters", "querystring", "query"])),
        header: pairs(first(&["headers", "header"])),
        stage_variables: pairs(first(&["stageVariables"])),
        context,
    })
}

fn merge(into: &mut Value, members: &Map<String, Value>) {
    for (name, value) in members {
        into[name] = value.clone();
    }
}

fn pairs(object: Option<&Value>) -> Pairs {
    let members = object.and_then(Value::as_object).into_iter().flatten();
    members.map(|(name, value)| (name.clone(), plain(value))).collect()
}

/// Text as it is, anything else as JSON, null as nothing.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Puts a value at a path of names with dots between them.
fn put(object: &mut Value, path: &str, value: &str) {
    let mut place = object;
    for name in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name];
    }
    *place = Value::from(value);
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let named = text.split_once(':').filter(|(name, _)| !name.contains('='));
    match named {
        Some((name, value)) if !name.is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => pair(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_written_either_way() {
        let read = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(header("Accept: text/csv"), read("Accept", "text/csv"));
        assert_eq!(header("X-Url=http://a"), read("X-Url", "http://a"));
        assert!(header("nothing").is_err());
        assert!(pair("=x").is_err());
    }

    #[test]
    fn context_is_put_by_path() {
        let mut context = test_context();
        put(&mut context, "identity.sourceIp", "192.0.2.1");
        put(&mut context, "stage.deep.er", "x");
        assert_eq!(context["identity"]["sourceIp"], "192.0.2.1");
        assert_eq!(context["stage"]["deep"]["er"], "x");
    }

    #[test]
    fn bodies_are_told_from_files() {
        for text in ["{\"a\": 1}", " [1]", "\"text\"", ""] {
            assert!(is_text(text), "{text}");
        }
        for file in ["body.json", "-", "dir/file"] {
            assert!(!is_text(file), "{file}");
        }
    }
}
