//! The execution log of one call, written only when somebody asked for it.

use std::{fmt::Write, sync::Mutex, sync::PoisonError};

use resources::Clock;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] UTC [year]"
);
/// Bytes of a log at most; what follows is left out.
const LOG_BYTES_MAX: usize = 1024 * 1024;

/// The lines so far; nothing is kept unless a log is wanted.
#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: Option<Mutex<String>>,
}

impl Log {
    /// A log that is kept.
    pub(crate) fn kept(request_id: &str) -> Self {
        Self { lines: Some(Mutex::new(format!("Execution log for request {request_id}\n"))) }
    }

    /// Adds a line; `text` is asked for only if lines are kept.
    pub(crate) fn line(&self, clock: &Clock, text: impl FnOnce() -> String) {
        let Some(lines) = &self.lines else { return };
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LOG_BYTES_MAX {
            let _ = writeln!(lines, "{} : {}", date(clock.now().epoch_ms()), text());
        }
    }

    /// What was written.
    pub(crate) fn text(&self) -> String {
        let lines = self.lines.as_ref();
        let text = lines.map(|lines| lines.lock().unwrap_or_else(PoisonError::into_inner).clone());
        text.unwrap_or_default()
    }

    /// Whether lines are kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.lines.is_some()
    }
}

/// `Sat Nov 21 09:00:00 UTC 2026`
fn date(now_ms: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(now_ms.div_euclid(1000));
    at.ok().and_then(|at| at.format(DATE).ok()).unwrap_or_default()
}

/// Names and values as Java writes a map.
pub(crate) fn as_map<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    let entries: Vec<_> =
        pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{{{}}}", entries.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_carry_the_date_and_nothing_is_written_unasked() {
        let log = Log::kept("r-1");
        log.line(&Clock::new(), || "Starting".to_owned());
        let (opening, line) = ("Execution log for request r-1\n", " : Starting\n");
        let text = log.text();
        let dated = text.strip_prefix(opening).and_then(|rest| rest.strip_suffix(line));
        assert_eq!(dated.map(str::len), Some(date(0).len()), "{text}");
        assert_eq!(date(1_763_715_600_000), "Fri Nov 21 09:00:00 UTC 2025");
        let none = Log::default();
        none.line(&Clock::new(), || unreachable!("nobody asked"));
        assert_eq!(none.text(), "");
        assert_eq!(as_map([("a", "1"), ("b", "2")]), "{a=1, b=2}");
    }
}
