//! The headers of one request, listed once: names are compared many times for a signature, and
//! a hash table costs more than a look along a short list.

use http::HeaderMap;

use crate::{Error, stack_list::StackList};

/// How many headers are listed without an allocation.
const STACK_HEADERS: usize = 24;

/// Names and values in the order of the request, equal names in the order of their values.
pub(crate) struct Headers<'a>(StackList<(&'a str, &'a [u8]), STACK_HEADERS>);

impl<'a> Headers<'a> {
    pub(crate) fn of(map: &'a HeaderMap) -> Self {
        let mut list = StackList::new(("", &[][..]));
        map.iter().for_each(|(name, value)| list.push((name.as_str(), value.as_bytes())));
        Self(list)
    }

    /// All values of a name.
    pub(crate) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        let same = move |entry: &&(&'a str, &'a [u8])| entry.0 == name;
        self.0.as_slice().iter().filter(same).map(|entry| entry.1)
    }

    /// The first value of a name.
    pub(crate) fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.0.as_slice().iter().find(|entry| entry.0 == name).map(|entry| entry.1)
    }

    /// Refuses a signature that leaves out `host` or a header of AWS's.
    pub(crate) fn check_coverage(&self, signed: &SignedNames<'_>) -> Result<(), Error> {
        let signed = signed.as_slice();
        if !signed.contains(&"host") {
            return Err(Error::HostNotSigned);
        }
        let names = self.0.as_slice().iter().map(|entry| entry.0);
        let mut bare = names.filter(|name| name.starts_with("x-amz-") && !signed.contains(name));
        bare.next().map_or(Ok(()), |name| Err(Error::HeaderNotSigned(name.to_owned())))
    }
}

/// The names that a signature covers, in its order.
pub(crate) struct SignedNames<'a>(StackList<&'a str, STACK_HEADERS>);

impl<'a> SignedNames<'a> {
    /// Splits `host;x-amz-date`.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut list = StackList::new("");
        let mut start = 0;
        for i in memchr::memchr_iter(b';', text.as_bytes()) {
            list.push(&text[start..i]);
            start = i + 1;
        }
        list.push(&text[start..]);
        Self(list)
    }

    pub(crate) fn as_slice(&self) -> &[&'a str] {
        self.0.as_slice()
    }
}
