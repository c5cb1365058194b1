//! Conditions on requests: `If-Match` and its relatives.

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{ETagCondition, Timestamp},
};
use store::{ObjectInfo, Precondition};

use super::{errors::not_served, times};

/// The conditions of a read.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl Conditions {
    /// Checks an object; an entity tag outweighs a time (RFC 9110, 13.2.2).
    pub(super) fn check(&self, object: &ObjectInfo) -> S3Result<()> {
        let modified = times::in_seconds(object.modified);
        let matches = |condition: &ETagCondition| is_met(condition, object);
        let unchanged = match &self.if_match {
            Some(condition) => matches(condition),
            None => self.if_unmodified_since.as_ref().is_none_or(|since| modified <= *since),
        };
        if !unchanged {
            let text = "at least one of the preconditions you specified did not hold";
            return Err(S3Error::with_message(S3ErrorCode::PreconditionFailed, text));
        }
        let news = match &self.if_none_match {
            Some(condition) => !matches(condition),
            None => self.if_modified_since.as_ref().is_none_or(|since| modified > *since),
        };
        if news { Ok(()) } else { Err(S3ErrorCode::NotModified.into()) }
    }
}

fn is_met(condition: &ETagCondition, object: &ObjectInfo) -> bool {
    condition.as_etag().is_none_or(|etag| etag.value() == object.etag)
}

/// The condition of a write. S3 knows two: over this very object, and over none.
pub(super) fn of_write(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> S3Result<Precondition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Precondition::None),
        (None, Some(ETagCondition::Any)) => Ok(Precondition::Absent),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Precondition::Etag(etag.into_value())),
        _ => Err(not_served("a condition other than `If-None-Match: *` or `If-Match: <etag>`")),
    }
}
