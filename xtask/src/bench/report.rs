//! The table of a benchmark: medians over the rounds, ratios taken round by round.

use std::fs;

use anyhow::Context as _;

use super::load::Sample;
use crate::workspace::{Workspace, output_of};

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    name: String,
    median: Sample,
    of_same_echo: f64,
    of_plain_echo: f64,
}

impl Row {
    /// The medians of `samples`, compared round by round with the echo that got requests of the
    /// same kind and with the echo that got unsigned ones.
    pub(crate) fn new(
        name: &str,
        samples: &[Sample],
        same_echo: &[Sample],
        plain_echo: &[Sample],
    ) -> Self {
        let of = |field: fn(&Sample) -> f64| median(samples.iter().map(field));
        let ratio = |echo: &[Sample]| {
            median(samples.iter().zip(echo).map(|(a, b)| a.requests_per_s / b.requests_per_s))
        };
        Self {
            name: name.to_owned(),
            median: Sample {
                requests_per_s: of(|sample| sample.requests_per_s),
                p50_us: of(|sample| sample.p50_us),
                p99_us: of(|sample| sample.p99_us),
                cpu_us: of(|sample| sample.cpu_us),
            },
            of_same_echo: ratio(same_echo),
            of_plain_echo: ratio(plain_echo),
        }
    }
}

/// The rows as a Markdown table.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| Scenario | requests/s | × echo, same requests | × echo, unsigned | p50 µs | p99 µs | server CPU µs/request |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for Row { name, median, of_same_echo, of_plain_echo } in rows {
        let Sample { requests_per_s, p50_us, p99_us, cpu_us } = median;
        let cells = format!(
            "| {name} | {requests_per_s:.0} | {of_same_echo:.2} | {of_plain_echo:.2} \
             | {p50_us:.0} | {p99_us:.0} | {cpu_us:.1} |\n"
        );
        table.push_str(&cells);
    }
    table
}

/// Replaces the section `title` of `bench/RESULTS.md`, or adds it, with the machine and the date.
/// `command` is what was run and `text` what it measured.
pub(crate) fn record(
    workspace: &Workspace,
    title: &str,
    command: &str,
    text: &str,
) -> anyhow::Result<()> {
    let date = output_of(workspace.command("date").args(["--utc", "+%Y-%m-%d"]))?;
    let body =
        format!("`cargo xtask {command} --record`, {}, {}.\n{text}", date.trim(), machine()?);
    let path = workspace.path("bench/RESULTS.md");
    let page = fs::read_to_string(&path).with_context(|| format!("can't read {path}"))?;
    fs::write(&path, replace_section(&page, title, &body))
        .with_context(|| format!("can't write {path}"))
}

fn replace_section(page: &str, title: &str, body: &str) -> String {
    let heading = format!("## {title}\n");
    let section = format!("{heading}\n{}\n", body.trim_end());
    let Some(start) = page.find(&heading) else {
        return format!("{}\n\n{section}", page.trim_end());
    };
    let rest = &page[start + heading.len()..];
    let after = rest.find("\n## ").map_or("", |end| &rest[end..]);
    format!("{}{section}{after}", &page[..start])
}

fn machine() -> anyhow::Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo").context("can't read `/proc/cpuinfo`")?;
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let model = model.map_or("unknown processor", |(_, name)| name);
    Ok(format!("{model}, {cores} cores"))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(requests_per_s: f64) -> Sample {
        Sample { requests_per_s, p50_us: 50.0, p99_us: 200.0, cpu_us: 5.25 }
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let samples = [sample(50.0), sample(80.0), sample(60.0)];
        let same = [sample(100.0), sample(100.0), sample(100.0)];
        let plain = [sample(50.0), sample(160.0), sample(240.0)];
        let row = Row::new("a", &samples, &same, &plain);
        assert_eq!(table(&[row]).lines().last(), Some("| a | 60 | 0.60 | 0.50 | 50 | 200 | 5.2 |"));
    }

    #[test]
    fn a_section_is_replaced_where_it_stands_or_added() {
        let page = "# Page\n\n## A\n\nold\n\n## B\n\nb\n";
        let cases = [
            ("A", "# Page\n\n## A\n\nnew\n\n## B\n\nb\n"),
            ("B", "# Page\n\n## A\n\nold\n\n## B\n\nnew\n"),
            ("C", "# Page\n\n## A\n\nold\n\n## B\n\nb\n\n## C\n\nnew\n"),
        ];
        for (title, expected) in cases {
            assert_eq!(replace_section(page, title, "new\n"), expected, "{title}");
        }
    }

    #[test]
    fn the_median_of_an_even_count_is_the_mean_of_the_middle() {
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < f64::EPSILON);
        assert!(median(std::iter::empty()).is_nan());
    }
}
