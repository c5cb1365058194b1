//! What all `List…` operations share: filters, order and pages.

use resources::Timestamp;
use serde::Deserialize;
use store::{ListQuery, SortBy};

/// Results a page when the caller names no number.
const PAGE: usize = 10;

/// The members that every `List…` request of hosting has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListInput {
    sort_by: Option<String>,
    sort_order: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
    name_contains: Option<String>,
    creation_time_before: Option<f64>,
    creation_time_after: Option<f64>,
    last_modified_time_before: Option<f64>,
    last_modified_time_after: Option<f64>,
    status_equals: Option<String>,
}

impl ListInput {
    /// The query; newest first unless told otherwise, as AWS does.
    pub(super) fn into_query(self) -> ListQuery {
        ListQuery {
            name_contains: self.name_contains,
            created_before: self.creation_time_before.map(timestamp),
            created_after: self.creation_time_after.map(timestamp),
            modified_before: self.last_modified_time_before.map(timestamp),
            modified_after: self.last_modified_time_after.map(timestamp),
            status: self.status_equals,
            sort_by: match self.sort_by.as_deref() {
                Some("Name") => SortBy::Name,
                Some("Status") => SortBy::Status,
                _ => SortBy::Created,
            },
            descending: self.sort_order.as_deref() != Some("Ascending"),
            limit: self.max_results.unwrap_or(PAGE),
            after: self.next_token,
        }
    }
}

fn timestamp(epoch_seconds: f64) -> Timestamp {
    Timestamp::from_epoch_ms((epoch_seconds * 1000.0).round() as i64)
}
