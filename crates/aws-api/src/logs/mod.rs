//! CloudWatch Logs, as far as reading goes: a file per operation.

#![expect(clippy::unused_async, reason = "operations have one form, and these never wait")]

pub(crate) mod describe_log_groups;
pub(crate) mod describe_log_streams;
pub(crate) mod filter_log_events;
pub(crate) mod get_log_events;

use resources::{Error, ErrorKind, Timestamp};

/// Groups and streams a page when the caller names no number; AWS's bound, too.
const PAGE: usize = 50;

fn timestamp(epoch_ms: i64) -> Timestamp {
    Timestamp::from_epoch_ms(epoch_ms)
}

/// The group's name, given as itself or within an ARN
/// (`arn:aws:logs:{region}:{account}:log-group:{name}`).
fn group_name(name: Option<String>, identifier: Option<String>) -> Result<String, Error> {
    match (name, identifier) {
        (Some(name), None) => Ok(name),
        (None, Some(identifier)) => Ok(match identifier.split_once(":log-group:") {
            Some((_, name)) => name.trim_end_matches(":*").to_owned(),
            None => identifier,
        }),
        _ => Err(Error::new(
            ErrorKind::Invalid,
            "Give either `logGroupName` or `logGroupIdentifier`, one of the two",
        )),
    }
}
