//! Prometheus text, version 0.0.4: escaping, `HELP` and `TYPE`, lines. Which metrics there are
//! and where their values come from is left to the modules that own them.
//!
//! The format: <https://prometheus.io/docs/instrumenting/exposition_formats>.

use std::fmt::{Display, Write};

/// What a metric's values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Cumulative buckets, a sum and a count.
    Histogram,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric that the server exposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its name, unit and `_total` included.
    pub name: &'static str,
    /// What its values mean.
    pub kind: Kind,
    /// One line for people.
    pub help: &'static str,
}

/// Names and values of labels.
pub(crate) type Labels<'a> = &'a [(&'static str, &'a str)];

impl Declared {
    /// Appends the `HELP` and `TYPE` lines.
    pub(crate) fn head(&self, out: &mut String) {
        let Self { name, kind, help } = self;
        line(out, format_args!("# HELP {name} {help}"));
        line(out, format_args!("# TYPE {name} {}", kind.as_str()));
    }

    /// Appends one value.
    pub(crate) fn value(&self, out: &mut String, labels: Labels<'_>, value: impl Display) {
        sample(out, (self.name, ""), labels, value);
    }

    /// Appends a value of one of a histogram's series: `_bucket`, `_sum` or `_count`.
    pub(crate) fn part(
        &self,
        out: &mut String,
        suffix: &str,
        labels: Labels<'_>,
        value: impl Display,
    ) {
        sample(out, (self.name, suffix), labels, value);
    }
}

fn sample(out: &mut String, name: (&str, &str), labels: Labels<'_>, value: impl Display) {
    out.push_str(name.0);
    out.push_str(name.1);
    let mut separator = '{';
    for (label, text) in labels {
        out.push(separator);
        out.push_str(label);
        out.push_str("=\"");
        escape(text, out);
        out.push('"');
        separator = ',';
    }
    if !labels.is_empty() {
        out.push('}');
    }
    line(out, format_args!(" {value}"));
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a string failed: this is a bug");
}
