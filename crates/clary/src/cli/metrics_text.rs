//! Reads the Prometheus text of `/_clary/metrics`: names, labels and values, nothing of types.

use std::collections::BTreeMap;

/// One line of the text.
#[derive(Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Sample {
    /// The value of a label; empty if there is none, as Prometheus has it.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// All samples; lines that are none are left out.
pub(crate) fn parse(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect()
}

fn sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, parse_labels(labels.strip_suffix('}')?)?),
        None => (series, BTreeMap::new()),
    };
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? })
}

fn parse_labels(mut text: &str) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = quoted(rest)?;
        labels.insert(name.to_owned(), value);
        text = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some(labels)
}

/// The text up to the closing quote, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next()? {
            (end, '"') => return Some((value, &text[end + 1..])),
            (_, '\\') => match characters.next()?.1 {
                'n' => value.push('\n'),
                escaped => value.push(escaped),
            },
            (_, plain) => value.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use telemetry::{CallClass, Metrics};

    use super::*;

    #[test]
    fn what_the_server_writes_is_read_back() {
        let metrics = Metrics::new();
        let odd = "a\"b\\c\nd, e=\"}";
        metrics.variant(odd, "v").record(telemetry::Sample {
            model: Duration::from_micros(5),
            overhead: Duration::from_micros(5),
            class: CallClass::Answered,
        });
        let mut text = String::new();
        metrics.render(&mut text);
        let samples = parse(&text);
        let lines = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(samples.len(), lines);
        let found = samples.iter().find(|sample| sample.name == "clary_invocations_total");
        let found = found.expect("the counter");
        assert_eq!((found.label("endpoint"), found.label("variant")), (odd, "v"));
        assert!((found.value - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn broken_lines_are_left_out() {
        assert_eq!(parse("\nname\nname{a=\"b} 1\nname{a=b} 1\nname x\n"), []);
    }
}
