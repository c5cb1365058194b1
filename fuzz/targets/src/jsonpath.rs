//! JSON paths: whatever they say, they find something, nothing, or fail within their limits.

use jsonpath::{Found, Options, Path};
use serde_json::Value;

/// Follows a path, the first line, through a document, the rest.
pub fn find(bytes: &[u8]) {
    let Ok(input) = std::str::from_utf8(bytes) else { return };
    let (path, document) = input.split_once('\n').unwrap_or((input, "null"));
    let options = Options { visits: 100_000, ..Options::jayway() };
    let path = match Path::parse(path, &options) {
        Ok(path) => path,
        Err(error) => {
            assert!(error.offset() <= path.len(), "the place is in the path");
            return;
        }
    };
    let Ok(document) = serde_json::from_str::<Value>(document) else { return };
    if let Ok(found) = path.find(&document)
        && path.is_definite()
    {
        let many = matches!(found, Found::Many(_) | Found::Each(_));
        assert!(!many, "a definite path finds one value at most");
    }
    let fields = Path::parse(input.lines().next().unwrap_or_default(), &Options::fields());
    if let Ok(fields) = fields {
        assert!(fields.is_definite(), "paths of names and indexes are definite");
    }
}
