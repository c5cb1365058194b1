//! Tags: the caller's own labels on a resource.

use std::collections::BTreeMap;

/// Tag keys and values of one resource.
pub type Tags = BTreeMap<String, String>;
