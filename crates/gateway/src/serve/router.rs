//! From a path to the resource that answers it: text before `{name}` before `{name+}`.
//!
//! A tree of segments. A path is walked once, one look-up a segment, so that it takes as long
//! among 300 resources as among three. Where text leads nowhere, the parameter beside it is tried;
//! an author's tree has one parameter a level, so that this stays bounded by the path's length
//! times two for each level that has both.

use std::borrow::Cow;

use memchr::memchr;
use percent_encoding::percent_decode_str;

use super::call::cut;

/// Segments of a path at most; what is longer matches nothing.
const SEGMENTS_MAX: usize = 256;
/// Nodes visited for one path at most.
const STEPS_MAX: usize = 4096;

/// Resources by their paths.
#[derive(Debug)]
pub struct Router<T> {
    nodes: Vec<Node<T>>,
}

#[derive(Debug)]
struct Node<T> {
    /// By text, decoded and in order: an author's own few, so that looking one up takes less than
    /// hashing it.
    named: Vec<(Box<str>, usize)>,
    parameter: Option<(Box<str>, usize)>,
    greedy: Option<(Box<str>, usize)>,
    value: Option<T>,
}

/// What a path matched.
#[derive(Debug, PartialEq, Eq)]
pub struct Match<'r, T> {
    /// What was put there.
    pub value: &'r T,
    /// The parameters by name, decoded, in the path's order.
    pub parameters: Vec<(Cow<'r, str>, Cow<'r, str>)>,
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { named: Vec::new(), parameter: None, greedy: None, value: None }
    }
}

impl<T> Node<T> {
    /// Where this text leads.
    fn named(&self, text: &str) -> Option<usize> {
        let place = self.named.binary_search_by(|(known, _)| (**known).cmp(text)).ok()?;
        Some(self.named[place].1)
    }

    /// As [`Self::named`]; if it leads nowhere yet, to `next`.
    fn name(&mut self, text: &str, next: usize) -> usize {
        match self.named.binary_search_by(|(known, _)| (**known).cmp(text)) {
            Ok(place) => self.named[place].1,
            Err(place) => {
                self.named.insert(place, (text.into(), next));
                next
            }
        }
    }
}

impl<T> Router<T> {
    /// Puts `value` at a resource's path, such as `/pets/{id}/{proxy+}`.
    pub fn insert(&mut self, path: &str, value: T) {
        let mut at = 0;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            at = self.child(at, part);
        }
        self.nodes[at].value = Some(value);
    }

    fn child(&mut self, at: usize, part: &str) -> usize {
        let next = self.nodes.len();
        let node = &mut self.nodes[at];
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let found = match name.map(|name| name.strip_suffix('+').ok_or(name)) {
            None => node.name(part, next),
            Some(Ok(name)) => node.greedy.get_or_insert_with(|| (name.into(), next)).1,
            Some(Err(name)) => node.parameter.get_or_insert_with(|| (name.into(), next)).1,
        };
        if found == next {
            self.nodes.push(Node::default());
        }
        found
    }

    /// The resource that answers a path as it came on the wire. One slash at the end is as none.
    pub fn find<'r>(&'r self, path: &'r str) -> Option<Match<'r, T>> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let trimmed = path.strip_suffix('/').unwrap_or(path);
        if trimmed.bytes().filter(|byte| *byte == b'/').count() >= SEGMENTS_MAX {
            return None;
        }
        let mut walk = Walk { router: self, taken: Vec::new(), steps: 0 };
        let value = walk.down(0, Some(trimmed).filter(|rest| !rest.is_empty()))?;
        Some(Match { value, parameters: walk.taken })
    }
}

struct Walk<'r, T> {
    router: &'r Router<T>,
    /// Parameters on the way down.
    taken: Vec<(Cow<'r, str>, Cow<'r, str>)>,
    steps: usize,
}

impl<'r, T> Walk<'r, T> {
    /// Goes down along the rest of the path; none is its end.
    fn down(&mut self, at: usize, rest: Option<&'r str>) -> Option<&'r T> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return None;
        }
        let node: &'r Node<T> = &self.router.nodes[at];
        let Some(rest) = rest else { return node.value.as_ref() };
        let (first, below) = cut(rest, b'/');
        self.by_text(node, first, below)
            .or_else(|| self.by_parameter(node.parameter.as_ref()?, first, below))
            .or_else(|| self.by_rest(node.greedy.as_ref()?, rest))
    }

    fn by_text(
        &mut self,
        node: &'r Node<T>,
        first: &'r str,
        below: Option<&'r str>,
    ) -> Option<&'r T> {
        // Most segments are not escaped, and are looked up as they are.
        let next = match node.named(first) {
            Some(next) => next,
            None if first.contains('%') => node.named(&decoded(first)?)?,
            None => return None,
        };
        self.down(next, below)
    }

    fn by_parameter(
        &mut self,
        (name, next): &'r (Box<str>, usize),
        first: &'r str,
        below: Option<&'r str>,
    ) -> Option<&'r T> {
        if first.is_empty() {
            return None;
        }
        self.taken.push(((&**name).into(), decoded(first)?));
        let found = self.down(*next, below);
        if found.is_none() {
            self.taken.pop();
        }
        found
    }

    fn by_rest(&mut self, (name, next): &'r (Box<str>, usize), rest: &'r str) -> Option<&'r T> {
        let value = self.router.nodes[*next].value.as_ref()?;
        self.taken.push(((&**name).into(), decoded(rest)?));
        Some(value)
    }
}

fn decoded(segment: &str) -> Option<Cow<'_, str>> {
    if memchr(b'%', segment.as_bytes()).is_none() {
        return Some(segment.into());
    }
    percent_decode_str(segment).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router() -> Router<&'static str> {
        let mut router = Router::default();
        for path in [
            "/",
            "/pets",
            "/pets/{id}",
            "/pets/special",
            "/pets/{id}/toys",
            "/files/{proxy+}",
            "/pets/special/offers",
            "/deep/{a}/x/{rest+}",
        ] {
            router.insert(path, path);
        }
        router
    }

    fn check(path: &str, expect: Option<(&str, &[(&str, &str)])>) {
        let router = router();
        let found = router.find(path);
        let found = found.as_ref().map(|found| {
            let parameters: Vec<_> =
                found.parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
            (*found.value, parameters)
        });
        assert_eq!(found, expect.map(|(value, parameters)| (value, parameters.to_vec())), "{path}");
    }

    #[test]
    fn text_goes_before_parameters_and_those_before_the_rest() {
        check("/", Some(("/", &[])));
        check("", Some(("/", &[])));
        check("/pets", Some(("/pets", &[])));
        check("/pets/", Some(("/pets", &[])));
        check("/pets/7", Some(("/pets/{id}", &[("id", "7")])));
        check("/pets/special", Some(("/pets/special", &[])));
        check("/pets/special/offers", Some(("/pets/special/offers", &[])));
        check("/pets/special/toys", Some(("/pets/{id}/toys", &[("id", "special")])));
        check("/files/a/b/c.txt", Some(("/files/{proxy+}", &[("proxy", "a/b/c.txt")])));
        check("/deep/1/x/y/z", Some(("/deep/{a}/x/{rest+}", &[("a", "1"), ("rest", "y/z")])));
    }

    #[test]
    fn escapes_are_decoded_within_a_segment() {
        check("/pets/a%2Fb%20c", Some(("/pets/{id}", &[("id", "a/b c")])));
        check("/p%65ts", Some(("/pets", &[])));
        check("/files/a%2F..%2Fb", Some(("/files/{proxy+}", &[("proxy", "a/../b")])));
        check("/pets/%ff", None);
        check("/pets/100%", Some(("/pets/{id}", &[("id", "100%")])));
    }

    #[test]
    fn what_is_nowhere_matches_nothing() {
        for path in ["/cats", "/pets/7/8", "/files", "/files/", "/pets//toys", "//pets"] {
            check(path, None);
        }
        let long = "/a".repeat(300);
        check(&long, None);
        check(&format!("/files{long}"), None);
    }
}
