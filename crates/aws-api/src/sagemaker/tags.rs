//! Tags as lists of `Key` and `Value`.

use resources::Tags;
use serde::Deserialize;

/// `Tag`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

/// The last of two tags with one key counts.
pub(super) fn into_record(tags: Vec<Tag>) -> Tags {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}
