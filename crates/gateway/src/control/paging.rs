//! Lists in pages: so many items from a position on.
//!
//! A position is the sort key of the last item that was shown, so that the next page starts right
//! after it whatever has come or gone meanwhile.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use resources::Error;

use super::refusals::invalid;

/// Items of a page when the caller names no number, and at most.
const LIMIT: usize = 25;
const LIMIT_MAX: usize = 500;

/// Which page is asked for.
#[derive(Clone, Debug, Default)]
pub struct PageQuery {
    /// [`Page::position`] of the page before.
    pub position: Option<String>,
    /// Items at most.
    pub limit: Option<i64>,
}

/// Some of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Asks for the next page; none on the last.
    pub position: Option<String>,
}

/// One page of `all`, which is sorted by what `key_of` says.
pub(crate) fn page<T>(
    mut all: Vec<T>,
    query: &PageQuery,
    key_of: impl Fn(&T) -> String,
) -> Result<Page<T>, Error> {
    all.sort_by_cached_key(&key_of);
    let start = match query.position.as_deref() {
        None | Some("") => 0,
        Some(position) => {
            let after = decode(position)?;
            all.partition_point(|item| key_of(item) <= after)
        }
    };
    let limit = query.limit.map_or(LIMIT, |limit| limit.clamp(0, LIMIT_MAX as i64) as usize);
    let limit = if limit == 0 { LIMIT } else { limit };
    let more = all.len() > start + limit;
    let items: Vec<T> = all.into_iter().skip(start).take(limit).collect();
    let position = items.last().filter(|_| more).map(|last| encode(&key_of(last)));
    Ok(Page { items, position })
}

fn encode(key: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(key)
}

fn decode(position: &str) -> Result<String, Error> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(position).ok();
    let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    key.ok_or_else(|| invalid("Invalid position parameter specified"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_whatever_goes() {
        let all = || ["d", "a", "c", "b", "e"].map(str::to_owned).to_vec();
        let query = |position, limit| PageQuery { position, limit };
        let first = page(all(), &query(None, Some(2)), String::clone).expect("a page");
        assert_eq!(first.items, ["a", "b"]);
        let mut rest = all();
        rest.retain(|item| item != "b");
        let second = page(rest, &query(first.position, Some(2)), String::clone).expect("a page");
        assert_eq!(second.items, ["c", "d"]);
        let last = page(all(), &query(second.position, Some(2)), String::clone).expect("a page");
        assert_eq!((last.items, last.position), (vec!["e".to_owned()], None));
    }

    #[test]
    fn a_position_that_nobody_gave_is_refused() {
        let query = PageQuery { position: Some("???".to_owned()), limit: None };
        let error = page(vec![String::new()], &query, String::clone).expect_err("no position");
        assert_eq!(error.message(), "Invalid position parameter specified");
    }
}
