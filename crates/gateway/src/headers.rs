//! Headers of what goes to an integration and of what it answers: a short list, written once and
//! read once.
//!
//! There are a handful of them, and to look through a handful takes less than to hash one name. A
//! value is borrowed where what it comes from outlives the call. Only HTTP wants a map, and whoever
//! speaks it makes one.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Names and values in their order.
#[derive(Clone, Debug, Default)]
pub struct Headers<'a>(Vec<(HeaderName, Value<'a>)>);

/// What a header is worth.
#[derive(Clone, Debug)]
enum Value<'a> {
    Borrowed(&'a [u8]),
    Owned(HeaderValue),
}

impl Value<'_> {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(value) => value.as_bytes(),
        }
    }

    /// The same for a map of HTTP's; none of what no header can carry.
    fn into_header(self) -> Option<HeaderValue> {
        match self {
            Self::Borrowed(bytes) => HeaderValue::from_bytes(bytes).ok(),
            Self::Owned(value) => Some(value),
        }
    }
}

impl<'a> Headers<'a> {
    /// None yet, and room for so many.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a header, whatever there is of its name.
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.push((name, Value::Owned(value)));
    }

    /// As [`Self::append`], with a value that is kept elsewhere. Bytes that no header can carry are
    /// left out where HTTP is spoken.
    pub fn append_borrowed(&mut self, name: HeaderName, value: &'a [u8]) {
        self.0.push((name, Value::Borrowed(value)));
    }

    /// Puts a header in the place of all of its name.
    pub fn insert(&mut self, name: HeaderName, value: HeaderValue) {
        self.remove(&name);
        self.append(name, value);
    }

    /// Takes away all headers of a name.
    pub fn remove(&mut self, name: &HeaderName) {
        self.0.retain(|(known, _)| known != name);
    }

    /// The first value of a name.
    pub fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The first value of a name as text, if it is visible ASCII.
    pub fn text(&self, name: &HeaderName) -> Option<&str> {
        self.get(name).and_then(visible_text)
    }

    /// Every name with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8])> {
        self.0.iter().map(|(name, value)| (name, value.as_bytes()))
    }

    /// The same under other names; those go that get none.
    #[must_use]
    pub fn renamed(self, name_of: impl Fn(HeaderName) -> Option<HeaderName>) -> Self {
        Self(self.0.into_iter().filter_map(|(name, value)| Some((name_of(name)?, value))).collect())
    }

    /// Adds all of them to a map of HTTP's.
    pub fn put_into(self, map: &mut HeaderMap) {
        map.reserve(self.len());
        for (name, value) in self.0 {
            if let Some(value) = value.into_header() {
                map.append(name, value);
            }
        }
    }

    /// The same, for who outlives what they were borrowed from.
    #[must_use]
    pub fn into_owned(self) -> Headers<'static> {
        let owned =
            |(name, value): (_, Value<'_>)| Some((name, Value::Owned(value.into_header()?)));
        Headers(self.0.into_iter().filter_map(owned).collect())
    }
}

/// A header's value as text, if it is visible ASCII, as [`HeaderValue::to_str`] has it. What is not is
/// counted instead of looked for: that goes over many bytes at a time.
pub fn visible_text(value: &[u8]) -> Option<&str> {
    let strange = value.iter().filter(|byte| !matches!(byte, b'\t' | b' '..=b'~')).count();
    if strange > 0 { None } else { str::from_utf8(value).ok() }
}

impl From<HeaderMap> for Headers<'static> {
    fn from(map: HeaderMap) -> Self {
        let mut headers = Self::with_capacity(map.len());
        let mut latest = None;
        // A map names the first of several values only.
        for (name, value) in map {
            latest = name.or(latest);
            if let Some(name) = &latest {
                headers.append(name.clone(), value);
            }
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, CONTENT_TYPE, VIA};

    use super::*;

    fn shown(headers: &Headers<'_>) -> Vec<(String, String)> {
        let text = |value| String::from_utf8_lossy(value).into_owned();
        headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    }

    #[test]
    fn what_is_inserted_replaces_and_what_is_appended_does_not() {
        let mut headers = Headers::default();
        headers.append_borrowed(VIA, b"one");
        headers.append(VIA, HeaderValue::from_static("two"));
        headers.append(ACCEPT, HeaderValue::from_static("text/csv"));
        assert_eq!(headers.get(&VIA), Some(&b"one"[..]));
        headers.insert(VIA, HeaderValue::from_static("three"));
        let expect = [("accept", "text/csv"), ("via", "three")];
        assert_eq!(shown(&headers), expect.map(|(name, value)| (name.into(), value.into())));
        headers.remove(&ACCEPT);
        assert_eq!((headers.len(), headers.get(&ACCEPT)), (1, None));
    }

    #[test]
    fn only_visible_values_are_text() {
        let check = |value: &'static [u8], expect| {
            let mut headers = Headers::default();
            headers.append_borrowed(CONTENT_TYPE, value);
            assert_eq!(headers.text(&CONTENT_TYPE), expect, "{value:?}");
        };
        check(b"text/csv; a=\tb", Some("text/csv; a=\tb"));
        check("text/\u{e9}".as_bytes(), None);
        check(b"text\x7f", None);
    }

    #[test]
    fn a_map_and_back() {
        let mut map = HeaderMap::new();
        map.append(VIA, HeaderValue::from_static("one"));
        map.append(VIA, HeaderValue::from_static("two"));
        map.append(ACCEPT, HeaderValue::from_static("text/csv"));
        let mut headers = Headers::from(map.clone());
        assert_eq!(headers.len(), 3);
        headers.append_borrowed(CONTENT_TYPE, b"no\nheader");
        let mut again = HeaderMap::new();
        headers.clone().put_into(&mut again);
        assert_eq!(again, map, "what no header can carry is left out");
        assert_eq!(headers.into_owned().len(), 3);
    }
}
