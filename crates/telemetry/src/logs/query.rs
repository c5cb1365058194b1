//! Reading the store as `DescribeLogGroups`, `DescribeLogStreams` and `GetLogEvents` do: in
//! pages, each with a token that stays right while lines come and go.

use std::{
    cmp::Ordering,
    fmt,
    ops::Range,
    str::FromStr,
    sync::{Arc, PoisonError},
};

use resources::{Error, ErrorKind, Timestamp};

use super::{
    Group, Logs,
    stream::{Event, Lines, Position, Stream},
};

/// CloudWatch's bound on one page of events.
pub(super) const PAGE_EVENTS_MAX: usize = 10_000;
/// CloudWatch's bound on the text in one page of events.
pub(super) const PAGE_BYTES_MAX: usize = 1 << 20;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Give it back to get the next page; none on the last.
    pub next_token: Option<String>,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSummary {
    /// Its name.
    pub name: String,
    /// When its first line came.
    pub created: Timestamp,
    /// Memory that its lines use.
    pub stored_bytes: usize,
}

/// A stream in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSummary {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// The time of the oldest line that is still here.
    pub first_event: Option<Timestamp>,
    /// The time of the latest line.
    pub last_event: Option<Timestamp>,
    /// When a line was last stored.
    pub last_ingestion: Option<Timestamp>,
    /// Memory that its lines use.
    pub stored_bytes: usize,
    /// Lines that it lost to the limits.
    pub dropped: u64,
}

/// The order of a list of streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamOrder {
    /// By name.
    #[default]
    Name,
    /// By the time of the latest line; streams without one first.
    LastEvent,
}

/// Which streams to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamQuery<'a> {
    /// Only names that begin so. CloudWatch refuses it together with [`StreamOrder::LastEvent`];
    /// here both work.
    pub prefix: Option<&'a str>,
    /// The order.
    pub order: StreamOrder,
    /// The other way round.
    pub descending: bool,
    /// At most so many, at least 1.
    pub limit: usize,
    /// From the page before.
    pub token: Option<&'a str>,
}

/// Which lines of one stream to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadQuery<'a> {
    /// From this time on.
    pub start: Option<Timestamp>,
    /// Before this time.
    pub end: Option<Timestamp>,
    /// Without a token: begin with the oldest line instead of ending with the latest.
    pub from_head: bool,
    /// At most so many; 0 or more than 10,000 mean 10,000.
    pub limit: usize,
    /// From the page before; says the direction too.
    pub token: Option<&'a str>,
}

/// A page of one stream's lines, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The lines.
    pub events: Vec<Event>,
    /// For what comes after this page. At the end of the stream it is the token that was given.
    pub forward_token: String,
    /// For what came before this page.
    pub backward_token: String,
}

impl Logs {
    /// The groups whose names begin with `prefix`, by name.
    pub fn groups(&self, prefix: &str, limit: usize, token: Option<&str>) -> Page<GroupSummary> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        let matching = groups
            .iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .filter(|(name, _)| token.is_none_or(|token| name.as_str() > token));
        let summaries = matching.map(|(name, group)| GroupSummary {
            name: name.clone(),
            created: group.created,
            stored_bytes: group.bytes(),
        });
        paged(summaries, limit, |group| group.name.clone())
    }

    /// The streams of a group. `NotFound` if there is no such group.
    pub fn streams(
        &self,
        group: &str,
        query: StreamQuery<'_>,
    ) -> Result<Page<StreamSummary>, Error> {
        let mut streams = self.existing(group)?.summaries(query.prefix.unwrap_or_default());
        let key = |stream: &StreamSummary| sort_key(query.order, stream);
        streams.sort_by_key(key);
        if query.descending {
            streams.reverse();
        }
        let last_seen = query.token.map(parse_sort_key).transpose()?;
        let order = if query.descending { Ordering::Greater } else { Ordering::Less };
        let rest = streams.into_iter().skip_while(|stream| {
            last_seen.as_ref().is_some_and(|last| {
                let compared = key(stream).cmp(last);
                compared == order || compared == Ordering::Equal
            })
        });
        let token_of = |stream: &StreamSummary| format_sort_key(&key(stream));
        Ok(paged(rest, query.limit, token_of))
    }

    /// A page of one stream's lines. `NotFound` if there is no such group or stream, `Invalid`
    /// for a token that did not come from here.
    pub fn read(
        &self,
        group: &str,
        stream: &str,
        query: ReadQuery<'_>,
    ) -> Result<EventPage, Error> {
        let stream = self.existing(group)?.stream(stream).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "The specified log stream does not exist.")
        })?;
        let token = query.token.map(str::parse).transpose()?;
        Ok(stream.read(query, token))
    }

    /// CloudWatch's own words for a group that is not there.
    pub(super) fn existing(&self, group: &str) -> Result<Arc<Group>, Error> {
        self.group(group).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "The specified log group does not exist.")
        })
    }
}

/// Cuts a list that begins where the page begins.
fn paged<T>(
    items: impl Iterator<Item = T>,
    limit: usize,
    token_of: impl Fn(&T) -> String,
) -> Page<T> {
    let mut items = items.peekable();
    let taken: Vec<T> = items.by_ref().take(limit.max(1)).collect();
    let next_token = items.peek().and_then(|_| taken.last()).map(token_of);
    Page { items: taken, next_token }
}

/// The time is the least possible in order of name.
type SortKey = (i64, String);

fn sort_key(order: StreamOrder, stream: &StreamSummary) -> SortKey {
    let time = match order {
        StreamOrder::Name => 0,
        StreamOrder::LastEvent => stream.last_event.map_or(i64::MIN, Timestamp::epoch_ms),
    };
    (time, stream.name.clone())
}

fn format_sort_key((time, name): &SortKey) -> String {
    format!("{time}/{name}")
}

fn parse_sort_key(token: &str) -> Result<SortKey, Error> {
    let parsed =
        token.split_once('/').and_then(|(time, name)| Some((time.parse().ok()?, name.to_owned())));
    parsed.ok_or_else(bad_token)
}

pub(super) fn bad_token() -> Error {
    Error::new(ErrorKind::Invalid, "The specified nextToken is invalid.")
}

impl Group {
    fn summaries(&self, prefix: &str) -> Vec<StreamSummary> {
        let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
        let matching = streams.iter().filter(|(name, _)| name.starts_with(prefix));
        matching.map(|(name, stream)| stream.summary(name)).collect()
    }
}

impl Stream {
    fn summary(&self, name: &str) -> StreamSummary {
        let lines = self.lock();
        StreamSummary {
            name: name.to_owned(),
            created: self.created,
            first_event: lines.first().map(|event| event.timestamp),
            last_event: lines.last().map(|event| event.timestamp),
            last_ingestion: lines.last().map(|event| event.ingested),
            stored_bytes: lines.bytes(),
            dropped: lines.dropped,
        }
    }

    fn read(&self, query: ReadQuery<'_>, token: Option<Token>) -> EventPage {
        let lines = self.lock();
        let range = lines.between(query.start, query.end);
        let limit = match query.limit {
            0 => PAGE_EVENTS_MAX,
            given => given.min(PAGE_EVENTS_MAX),
        };
        let page = match token {
            None if query.from_head => forward(&lines, range.clone(), limit),
            None => backward(&lines, range.clone(), limit),
            Some(Token { direction: Direction::Forward, position }) => {
                let from = lines.after(position).clamp(range.start, range.end);
                forward(&lines, from..range.end, limit)
            }
            Some(Token { direction: Direction::Backward, position }) => {
                let to = lines.at(position).clamp(range.start, range.end);
                backward(&lines, range.start..to, limit)
            }
        };
        let here = token.map_or((query.start.unwrap_or_default(), 0), |token| token.position);
        page_of(&lines, page, here)
    }
}

/// As many of the first lines of a range as fit a page.
fn forward(lines: &Lines, range: Range<usize>, limit: usize) -> Range<usize> {
    let fitting = fitting(range.clone().map(|index| lines.get(index)), limit);
    range.start..range.start + fitting
}

/// As many of the last lines of a range as fit a page.
fn backward(lines: &Lines, range: Range<usize>, limit: usize) -> Range<usize> {
    let fitting = fitting(range.clone().rev().map(|index| lines.get(index)), limit);
    range.end - fitting..range.end
}

/// How many of the events fit one page; at least one, so that reading always gets on.
fn fitting<'a>(events: impl Iterator<Item = &'a Event>, limit: usize) -> usize {
    let mut bytes = 0;
    let fits = |event: &&Event| {
        let first = bytes == 0;
        bytes += event.message.len();
        first || bytes <= PAGE_BYTES_MAX
    };
    events.take(limit).take_while(fits).count()
}

fn page_of(lines: &Lines, range: Range<usize>, here: Position) -> EventPage {
    let events: Vec<Event> = range.map(|index| lines.get(index).clone()).collect();
    let last = events.last().map_or(here, Event::position);
    let first = events.first().map_or(here, Event::position);
    EventPage {
        events,
        forward_token: Token { direction: Direction::Forward, position: last }.to_string(),
        backward_token: Token { direction: Direction::Backward, position: first }.to_string(),
    }
}

/// Which way a token goes: towards newer lines, or towards older ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// A place between two lines, and which way to go from there: `f/<milliseconds>/<sequence>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token {
    direction: Direction,
    position: Position,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.direction {
            Direction::Forward => 'f',
            Direction::Backward => 'b',
        };
        let (time, sequence) = self.position;
        write!(f, "{letter}/{}/{sequence}", time.epoch_ms())
    }
}

impl FromStr for Token {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (direction, position) = text.split_once('/').ok_or_else(bad_token)?;
        let direction = match direction {
            "f" => Direction::Forward,
            "b" => Direction::Backward,
            _ => return Err(bad_token()),
        };
        Ok(Self { direction, position: parse_position(position).ok_or_else(bad_token)? })
    }
}

/// Reads `<milliseconds>/<sequence>`.
pub(super) fn parse_position(text: &str) -> Option<Position> {
    let (time, sequence) = text.split_once('/')?;
    Some((Timestamp::from_epoch_ms(time.parse().ok()?), sequence.parse().ok()?))
}
