//! Searching a group as `FilterLogEvents` does: lines of many streams, interleaved by time.

use std::sync::{Arc, PoisonError};

use resources::{Error, Timestamp};

use super::{
    Event, Group, Logs, Pattern,
    query::{PAGE_BYTES_MAX, PAGE_EVENTS_MAX, bad_token, parse_position},
    stream::{Position, Stream},
};

/// Which lines of a group to find.
#[derive(Clone, Copy, Debug, Default)]
pub struct FilterQuery<'a> {
    /// Only these streams; all if empty.
    pub streams: &'a [String],
    /// Only streams whose names begin so.
    pub stream_prefix: Option<&'a str>,
    /// From this time on.
    pub start: Option<Timestamp>,
    /// Up to this time, inclusive: other than in [`super::ReadQuery`], as on AWS.
    pub end: Option<Timestamp>,
    /// Only lines that match.
    pub pattern: Option<&'a Pattern>,
    /// At most so many; 0 or more than 10,000 mean 10,000.
    pub limit: usize,
    /// From the page before.
    pub token: Option<&'a str>,
}

/// A line that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilteredEvent {
    /// The stream it stands in.
    pub stream: Arc<str>,
    /// The line.
    pub event: Event,
}

/// A page of what was found, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilteredPage {
    /// The lines.
    pub events: Vec<FilteredEvent>,
    /// Give it back to get the next page; none on the last.
    pub next_token: Option<String>,
}

impl Logs {
    /// A page of the lines of a group that match. `NotFound` if there is no such group,
    /// `Invalid` for a token that did not come from here.
    pub fn filter(&self, group: &str, query: FilterQuery<'_>) -> Result<FilteredPage, Error> {
        let group = self.existing(group)?;
        let after = match query.token {
            Some(token) => Some(parse_position(token).ok_or_else(bad_token)?),
            None => None,
        };
        let search = Search { query, after, limit: page_limit(query.limit) };
        let mut found: Vec<FilteredEvent> = Vec::new();
        for (name, stream) in group.chosen(query) {
            search.run(&name, &stream, &mut found);
        }
        found.sort_by_key(|found| found.event.position());
        Ok(cut_page(found, search.limit))
    }
}

fn page_limit(given: usize) -> usize {
    if given == 0 { PAGE_EVENTS_MAX } else { given.min(PAGE_EVENTS_MAX) }
}

impl Group {
    fn chosen(&self, query: FilterQuery<'_>) -> Vec<(Arc<str>, Arc<Stream>)> {
        let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
        let prefix = query.stream_prefix.unwrap_or_default();
        let named = |name: &String| query.streams.is_empty() || query.streams.contains(name);
        streams
            .iter()
            .filter(|(name, _)| name.starts_with(prefix) && named(name))
            .map(|(name, stream)| (name.as_str().into(), Arc::clone(stream)))
            .collect()
    }
}

struct Search<'a> {
    query: FilterQuery<'a>,
    after: Option<Position>,
    limit: usize,
}

impl Search<'_> {
    /// One more than the limit tells that there is a next page.
    fn run(&self, name: &Arc<str>, stream: &Stream, found: &mut Vec<FilteredEvent>) {
        let lines = stream.lock();
        let end =
            self.query.end.map(|end| Timestamp::from_epoch_ms(end.epoch_ms().saturating_add(1)));
        let range = lines.between(self.query.start, end);
        let from = self.after.map_or(range.start, |after| lines.after(after).max(range.start));
        let matching = (from..range.end).map(|index| lines.get(index)).filter(|e| self.wants(e));
        found.extend(
            matching
                .take(self.limit + 1)
                .map(|event| FilteredEvent { stream: Arc::clone(name), event: event.clone() }),
        );
    }

    fn wants(&self, event: &Event) -> bool {
        self.query.pattern.is_none_or(|pattern| pattern.matches(&event.message))
    }
}

fn cut_page(mut found: Vec<FilteredEvent>, limit: usize) -> FilteredPage {
    let mut bytes = 0;
    let fits = |(index, found): &(usize, &FilteredEvent)| {
        bytes += found.event.message.len();
        *index == 0 || bytes <= PAGE_BYTES_MAX
    };
    let fitting = found.iter().take(limit).enumerate().take_while(fits).count();
    let more = found.len() > fitting;
    found.truncate(fitting);
    let last = found.last().filter(|_| more).map(|found| found.event.position());
    let next_token = last.map(|(time, sequence)| format!("{}/{sequence}", time.epoch_ms()));
    FilteredPage { events: found, next_token }
}
