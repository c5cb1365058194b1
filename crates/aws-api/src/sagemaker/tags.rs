//! Tags as lists of `Key` and `Value`.

use resources::Tags;
use serde::{Deserialize, Serialize};

/// `Tag`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: String,
    value: String,
}

/// The last of two tags with one key counts.
pub(super) fn into_record(tags: Vec<Tag>) -> Tags {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// All tags, by key.
pub(super) fn from_record(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key, value }).collect()
}
