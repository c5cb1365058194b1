//! Owns `java.util.regex` as far as templates use it: patterns with groups, classes, look-around,
//! possessive and lazy repetition and back references, matched by backtracking under the template's
//! step limit. Parsing is in `parse`, the matcher in `matcher`, replacement text in `replace`.

mod classes;
mod matcher;
mod parse;
mod replace;

use classes::Class;
use matcher::Matcher;

use crate::eval::{Heap, Refusal};

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Regex {
    code: Vec<Op>,
    /// How many groups there are, the whole match included.
    groups: usize,
    /// How many loops need to remember where their round began.
    loops: usize,
    names: Vec<(String, usize)>,
}

/// A step of the matcher.
#[derive(Debug)]
enum Op {
    Char(char),
    /// A letter whose ASCII case does not matter.
    Fold(char),
    Class(Box<Class>),
    /// Tries the first, and the second if that fails.
    Split(usize, usize),
    Jump(usize),
    /// Remembers the place as a group's start or end.
    Save(usize),
    /// Remembers where a loop's round begins.
    Round(usize),
    /// Fails where the round matched nothing.
    Progress(usize),
    Assert(Assertion),
    /// Looks at what follows, which ends before the given op.
    Ahead {
        negated: bool,
        end: usize,
    },
    /// Looks at what comes before.
    Behind {
        negated: bool,
        end: usize,
    },
    /// Matches once and for all.
    Atomic {
        end: usize,
    },
    Reference {
        group: usize,
        fold: bool,
    },
    /// The end of the pattern or of a part that is matched on its own.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Assertion {
    Start,
    /// The end, or in front of a line end that is the last.
    End,
    VeryEnd,
    LineStart,
    LineEnd,
    Boundary,
    NoBoundary,
}

impl Regex {
    /// Compiles a pattern; the error says what is wrong with it.
    pub(crate) fn compile(pattern: &str) -> Result<Self, String> {
        parse::compile(pattern)
    }

    /// Whether the pattern matches the whole text.
    pub(crate) fn matches(&self, text: &str, heap: &mut Heap<'_>) -> Result<bool, Refusal> {
        let mut matcher = Matcher::new(self, text, heap.steps_left());
        let matched = matcher.whole();
        heap.spend(matcher.steps())?;
        matched
    }

    /// The bytes of the first match that does not begin before `from`.
    pub(crate) fn find(
        &self,
        text: &str,
        from: usize,
        heap: &mut Heap<'_>,
    ) -> Result<Option<(usize, usize)>, Refusal> {
        let mut matcher = Matcher::new(self, text, heap.steps_left());
        let found = matcher.find(from);
        heap.spend(matcher.steps())?;
        found
    }

    /// Replaces the first `count` matches; `$1`, `${name}` and `\` mean in `replacement` what they
    /// mean in Java.
    pub(crate) fn replace(
        &self,
        text: &str,
        replacement: &str,
        count: usize,
        heap: &mut Heap<'_>,
    ) -> Result<String, Refusal> {
        // A replacement that is wrong does no harm until there is something to replace.
        let mut parts = None;
        let mut out = String::new();
        let mut matcher = Matcher::new(self, text, heap.steps_left());
        let (mut copied, mut from) = (0, 0);
        for _ in 0..count {
            let Some((start, end)) = matcher.find(from)? else { break };
            out.push_str(&text[copied..start]);
            let parts = match &parts {
                Some(parts) => parts,
                None => parts.insert(replace::parse(replacement, self)?),
            };
            replace::expand(parts, &matcher, &mut out);
            if out.len() > heap.bytes_left() {
                return Err(Refusal::limit("the replaced text becomes too long"));
            }
            copied = end;
            from = if end == start { super::texts::next_boundary(text, end) } else { end };
            if from > text.len() {
                break;
            }
        }
        out.push_str(&text[copied..]);
        heap.spend(matcher.steps())?;
        heap.build(out.len())?;
        Ok(out)
    }
}
