//! `clary gateway test`: what a mapping template makes of a sample request, without a server. The text
//! goes to stdout as it is rendered; what else there is to say, to stderr. How a sample is put together
//! is `sample`'s, and what an API makes of a request `request`'s.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Context, anyhow};
use gateway::mapping::{Error, Json, OverriddenParts, Overrides, Rendered, Step, Template};
use serde_json::{Value, json};

use super::{
    request::{self, RequestArgs},
    sample::{self, Sample, SampleArgs},
};
use crate::cli::{ERROR_STYLE, output};

/// How often watched files are looked at.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// File with the template, `-` is stdin; with METHOD and PATH, the API by id or by name
    #[arg(value_name = "TEMPLATE|API")]
    template: String,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    sample: SampleArgs,
    /// Show each reference and directive with its place and what came of it
    #[arg(long)]
    trace: bool,
    /// Render again whenever a file changes, until interrupted
    #[arg(long)]
    watch: bool,
    /// Print a JSON object with the text, the overrides and the trace
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.request.request().is_some() {
        return request::run(&args.template, &args.request, &args.sample, args.json);
    }
    args.sample.check(&args.template)?;
    if args.watch { watch(args) } else { once(args) }
}

fn once(args: &Args) -> anyhow::Result<()> {
    let source = sample::read_text(&args.template)
        .with_context(|| format!("the template `{}` can't be read", args.template))?;
    let sample = args.sample.read()?;
    let mut steps = Vec::new();
    let outcome = render(&source, &sample, args.trace, &mut steps);
    if args.trace && !args.json {
        eprint!("{}", trace_text(&steps));
    }
    let rendered = outcome.map_err(|error| explain(&args.template, &error))?;
    if args.json {
        return print_json(&rendered, args.trace.then_some(&steps));
    }
    print_plain(&rendered)
}

fn render(
    source: &str,
    sample: &Sample,
    traced: bool,
    steps: &mut Vec<Step>,
) -> Result<Rendered, Error> {
    let template = Template::compile(source)?;
    sample.with_message(|message| {
        if traced {
            template.render_traced(message, &mut |step| steps.push(step))
        } else {
            template.render(message)
        }
    })
}

/// With the place for editors to jump to, and a caret under it.
fn explain(file: &str, error: &Error) -> anyhow::Error {
    match error {
        Error::Template(fault) => {
            let shown = fault.caret().to_string();
            // Its first lines say what is said here already.
            let lines: Vec<_> = shown.trim_end().lines().skip(2).collect();
            let (line, column) = (fault.line(), fault.column());
            anyhow!("{file}:{line}:{column}: {}\n{}", fault.message(), lines.join("\n"))
        }
        Error::Body(message) => {
            anyhow!("the body is not the JSON that the template takes it for: {message}")
        }
    }
}

fn trace_text(steps: &[Step]) -> String {
    let places = steps.iter().map(|step| format!("{}:{}", step.line, step.column));
    let width = places.clone().map(|place| place.len()).max().unwrap_or_default();
    let line = |(step, place): (&Step, String)| {
        let value = step.value.escape_debug();
        let equals = if step.value.is_empty() && !step.what.starts_with('$') { "" } else { " = " };
        format!("{place:>width$}  {}{equals}{value}\n", step.what)
    };
    steps.iter().zip(places.clone()).map(line).collect()
}

fn print_plain(rendered: &Rendered) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(rendered.body.as_bytes())?;
    if out.is_terminal() && !rendered.body.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    for line in overridden(&rendered.overrides) {
        eprintln!("{line}");
    }
    if let Some(note) = json_note(&rendered.body) {
        eprintln!("{note}");
    }
    Ok(())
}

fn overridden(overrides: &Overrides) -> Vec<String> {
    let parts = |side: &'static str, parts: &OverriddenParts| {
        let lists =
            [("header", &parts.header), ("path", &parts.path), ("querystring", &parts.query)];
        let line = |part: &str, (name, value): &(String, String)| {
            format!("overrides {side} {part} `{name}`: {value}")
        };
        lists
            .into_iter()
            .flat_map(|(part, list)| list.iter().map(move |pair| line(part, pair)))
            .collect::<Vec<_>>()
    };
    let mut lines = parts("request", &overrides.request);
    lines.extend(parts("response", &overrides.response));
    lines.extend(
        overrides.status.iter().map(|status| format!("overrides response status: {status}")),
    );
    lines
}

/// What is meant to be JSON and is none is the commonest fault of templates.
fn json_note(text: &str) -> Option<String> {
    let meant = text.trim_start().starts_with(['{', '[']);
    let error = Json::parse(text).err().filter(|_| meant)?;
    let before = &text[..text.floor_char_boundary(error.offset())];
    let line = before.matches('\n').count() + 1;
    let rest = text[before.len()..].lines().next().unwrap_or_default();
    let rest: String = rest.chars().take(30).collect();
    Some(format!(
        "note: the text begins like JSON and is none: {error}, line {line}, before `{rest}`"
    ))
}

fn print_json(rendered: &Rendered, steps: Option<&Vec<Step>>) -> anyhow::Result<()> {
    let list = |pairs: &[(String, String)]| -> Value {
        pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    };
    let parts = |parts: &OverriddenParts| {
        json!({
            "header": list(&parts.header),
            "path": list(&parts.path),
            "querystring": list(&parts.query),
        })
    };
    let overrides = &rendered.overrides;
    let mut answer = json!({
        "body": rendered.body,
        "requestOverride": parts(&overrides.request),
        "responseOverride": {
            "header": list(&overrides.response.header),
            "status": overrides.status,
        },
    });
    if let Some(steps) = steps {
        answer["trace"] = steps.iter().map(step_json).collect();
    }
    output::json(&answer)
}

fn step_json(step: &Step) -> Value {
    json!({"line": step.line, "column": step.column, "what": step.what, "value": step.value})
}

/// Renders whenever a file has another time or length than before.
fn watch(args: &Args) -> anyhow::Result<()> {
    let files = args.sample.files(&args.template);
    loop {
        let seen = stamps(&files);
        if let Err(error) = once(args) {
            anstream::eprintln!("{ERROR_STYLE}error:{ERROR_STYLE:#} {error:#}");
        }
        eprintln!("-- waiting for a change of {}", files.join(", "));
        while stamps(&files) == seen {
            thread::sleep(WATCH_INTERVAL);
        }
    }
}

fn stamps(files: &[String]) -> Vec<Option<(SystemTime, u64)>> {
    let stamp = |file: &String| {
        let metadata = fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.iter().map(stamp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_as_json_is_looked_at() {
        assert_eq!(json_note("plain text"), None);
        assert_eq!(json_note(" {\"a\": [1, 2]}\n"), None);
        let note = json_note("{\"a\": 1,\n }").expect("a note");
        assert!(note.contains("line 2, before `}`"), "{note}");
    }

    #[test]
    fn traces_stand_in_columns() {
        let step = |line, what: &str, value: &str| Step {
            line,
            column: 1,
            what: what.to_owned(),
            value: value.to_owned(),
        };
        let steps = [step(9, "#set $x", "a\nb"), step(10, "$none", ""), step(11, "#stop", "")];
        assert_eq!(trace_text(&steps), " 9:1  #set $x = a\\nb\n10:1  $none = \n11:1  #stop\n");
    }
}
