//! Owns which paths are read, and how far they are followed.

/// How much of the language is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subset {
    /// All of it.
    Full,
    /// Names and single indexes only, so that a path finds one value at most. API Gateway's parameter
    /// mappings read such paths from a body.
    Fields,
}

/// The subset and the limits. Start from [`jayway`](Self::jayway) or [`fields`](Self::fields).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How much of the language is read.
    pub subset: Subset,
    /// How long a path may be, in bytes.
    pub path_bytes: usize,
    /// How deep filters and parentheses may be nested.
    pub nesting: usize,
    /// How many values may be visited.
    pub visits: u64,
}

impl Options {
    /// All of the language.
    pub fn jayway() -> Self {
        Self { subset: Subset::Full, path_bytes: 4096, nesting: 32, visits: 1_000_000 }
    }

    /// Names and indexes only.
    pub fn fields() -> Self {
        Self { subset: Subset::Fields, ..Self::jayway() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::jayway()
    }
}
