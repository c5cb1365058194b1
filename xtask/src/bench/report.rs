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
    of_echo: f64,
    p99_of_echo: f64,
    of_peer: Option<f64>,
}

/// What a line is compared with, round by round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Yardsticks<'a> {
    /// The echo that got requests of the same kind.
    pub(crate) echo: &'a [Sample],
    /// The Python peer, where it was sent the same rows.
    pub(crate) peer: Option<&'a [Sample]>,
}

impl Row {
    /// The medians of `samples`, and of the rounds' ratios.
    pub(crate) fn new(name: &str, samples: &[Sample], yardsticks: Yardsticks<'_>) -> Self {
        let of = |field: fn(&Sample) -> f64| median(samples.iter().map(field));
        let ratio = |others: &[Sample], field: fn(&Sample) -> f64| {
            median(samples.iter().zip(others).map(|(a, b)| field(a) / field(b)))
        };
        Self {
            name: name.to_owned(),
            median: Sample {
                requests_per_s: of(|sample| sample.requests_per_s),
                p50_us: of(|sample| sample.p50_us),
                p99_us: of(|sample| sample.p99_us),
                cpu_us: of(|sample| sample.cpu_us),
            },
            of_echo: ratio(yardsticks.echo, |sample| sample.requests_per_s),
            p99_of_echo: ratio(yardsticks.echo, |sample| sample.p99_us),
            of_peer: yardsticks.peer.map(|peer| ratio(peer, |sample| sample.requests_per_s)),
        }
    }
}

/// The rows as a Markdown table.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| Scenario | requests/s | × echo | × FastAPI | p50 µs | p99 µs | p99 × echo | server CPU µs/request |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for Row { name, median, of_echo, p99_of_echo, of_peer } in rows {
        let Sample { requests_per_s, p50_us, p99_us, cpu_us } = median;
        let of_peer = of_peer.map(|ratio| format!("{ratio:.1}")).unwrap_or_default();
        let cells = format!(
            "| {name} | {requests_per_s:.0} | {of_echo:.2} | {of_peer} | {p50_us:.0} \
             | {p99_us:.0} | {p99_of_echo:.2} | {cpu_us:.1} |\n"
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

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
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
        let echo = [sample(100.0), sample(100.0), sample(100.0)];
        let peer = [sample(5.0), sample(16.0), sample(1.0)];
        let row = |peer| Row::new("a", &samples, Yardsticks { echo: &echo, peer });
        let last = |row| table(&[row]).lines().last().map(str::to_owned);
        let line = "| a | 60 | 0.60 | 10.0 | 50 | 200 | 1.00 | 5.2 |";
        assert_eq!(last(row(Some(&peer))).as_deref(), Some(line));
        assert_eq!(last(row(None)), Some(line.replace("10.0", "")));
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
