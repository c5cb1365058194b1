//! How results look: tables, JSON, ages, times and progress. What they say is each command's.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use comfy_table::{Table, presets};
use indicatif::ProgressBar;
use serde_json::Value;
use time::{OffsetDateTime, macros::format_description};

/// Prints one line to stdout. Unlike `println!` it does not panic when the reader is gone.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints a value for scripts.
pub(crate) fn json(value: &Value) -> anyhow::Result<()> {
    line(&format!("{value:#}"))
}

/// A table without lines, for people and for `grep`.
pub(crate) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head.to_vec()).add_rows(rows);
    // Each cell is padded on both sides; at the edges of the table that is only in the way.
    let unpadded = |line: &str| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned();
    table.to_string().lines().map(unpadded).collect::<Vec<_>>().join("\n")
}

/// The two largest units that say something: `3h 12m`.
pub(crate) fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// A short time, given in microseconds, in the unit that fits.
pub(crate) fn duration(us: f64) -> String {
    match us {
        us if us < 1_000.0 => format!("{us:.1} µs"),
        us if us < 1_000_000.0 => format!("{:.2} ms", us / 1e3),
        us => format!("{:.2} s", us / 1e6),
    }
}

/// A moment in UTC, to the millisecond; the number itself if no calendar has it.
pub(crate) fn moment(epoch_ms: i64) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(epoch_ms) * 1_000_000)
        .ok()
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_else(|| epoch_ms.to_string())
}

/// Says on stderr what is being done, while it is being done, if somebody is watching.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn start(what: String) -> Self {
        let bar = if io::stderr().is_terminal() {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        bar.enable_steady_tick(Duration::from_millis(100));
        bar.set_message(what);
        Self(bar)
    }

    pub(crate) fn now(&self, what: String) {
        self.0.set_message(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_show_two_units() {
        for (seconds, expect) in [
            (0, "0s"),
            (59, "59s"),
            (61, "1m 1s"),
            (3_600, "1h 0m"),
            (11_549, "3h 12m"),
            (90_000, "1d 1h"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), expect);
        }
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        for (us, expect) in
            [(0.1, "0.1 µs"), (999.9, "999.9 µs"), (1_250.0, "1.25 ms"), (6e7, "60.00 s")]
        {
            assert_eq!(duration(us), expect);
        }
    }

    #[test]
    fn moments_are_utc() {
        assert_eq!(moment(1_440_938_160_007), "2015-08-30T12:36:00.007Z");
        assert_eq!(moment(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn tables_have_a_column_each_and_no_lines() {
        let rows = [vec!["covtype".to_owned(), "InService".to_owned()]];
        let text = table(&["ENDPOINT", "STATE"], rows);
        assert_eq!(text, "ENDPOINT  STATE\ncovtype   InService");
    }
}
