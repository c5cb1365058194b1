//! Owns matching: a backtracking machine with a stack of its own, so that no text overflows the
//! thread's, and a budget of steps, so that no pattern runs for ever.

use super::classes::{is_line_end, is_word};
use super::{Assertion, Op, Regex};
use crate::eval::Refusal;

/// How many choices may be open at once.
const STACK_MAX: usize = 1_000_000;

/// Not a place in any text.
const NOWHERE: usize = usize::MAX;

enum Choice {
    /// Another way to go on.
    Try { op: usize, at: usize },
    /// A group's place as it was.
    Group { slot: usize, was: usize },
    /// A loop's place as it was.
    Round { slot: usize, was: usize },
}

pub(super) struct Matcher<'m> {
    regex: &'m Regex,
    text: &'m str,
    slots: Vec<usize>,
    rounds: Vec<usize>,
    stack: Vec<Choice>,
    steps: u64,
    steps_max: u64,
    /// The match must end at the text's end.
    whole: bool,
}

impl<'m> Matcher<'m> {
    pub(super) fn new(regex: &'m Regex, text: &'m str, steps_max: u64) -> Self {
        Self {
            regex,
            text,
            slots: vec![NOWHERE; regex.groups * 2],
            rounds: vec![NOWHERE; regex.loops],
            stack: Vec::new(),
            steps: 0,
            steps_max,
            whole: false,
        }
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    pub(super) fn whole(&mut self) -> Result<bool, Refusal> {
        self.whole = true;
        Ok(self.run(0, 0, None)?.is_some())
    }

    pub(super) fn find(&mut self, from: usize) -> Result<Option<(usize, usize)>, Refusal> {
        let mut start = from;
        while start <= self.text.len() {
            self.slots.fill(NOWHERE);
            self.stack.clear();
            if let Some(end) = self.run(0, start, None)? {
                return Ok(Some((start, end)));
            }
            start += self.text[start..].chars().next().map_or(1, char::len_utf8);
        }
        Ok(None)
    }

    /// The text of a group, if it took part in the match.
    pub(super) fn group(&self, group: usize) -> Option<&'m str> {
        let (start, end) = (*self.slots.get(group * 2)?, *self.slots.get(group * 2 + 1)?);
        (start != NOWHERE && end != NOWHERE).then(|| &self.text[start..end])
    }

    /// Runs from an op to the `Done` of its part; where that must end is given for a look behind.
    fn run(&mut self, op: usize, at: usize, end: Option<usize>) -> Result<Option<usize>, Refusal> {
        let base = self.stack.len();
        let (mut op, mut at) = (op, at);
        loop {
            self.step()?;
            if let Op::Done = self.regex.code[op] {
                let last = op + 1 == self.regex.code.len();
                let missed =
                    end.is_some_and(|end| end != at) || last && self.whole && at != self.text.len();
                if !missed {
                    return Ok(Some(at));
                }
            } else if let Some(next) = self.apply(op, at)? {
                (op, at) = next;
                continue;
            }
            match self.backtrack(base) {
                Some(choice) => (op, at) = choice,
                None => return Ok(None),
            }
        }
    }

    fn step(&mut self) -> Result<(), Refusal> {
        self.steps += 1;
        if self.steps > self.steps_max || self.stack.len() > STACK_MAX {
            return Err(Refusal::limit("the pattern takes too many steps to match"));
        }
        Ok(())
    }

    fn backtrack(&mut self, base: usize) -> Option<(usize, usize)> {
        while self.stack.len() > base {
            match self.stack.pop()? {
                Choice::Try { op, at } => return Some((op, at)),
                Choice::Group { slot, was } => self.slots[slot] = was,
                Choice::Round { slot, was } => self.rounds[slot] = was,
            }
        }
        None
    }

    /// Where to go on behind an op; none where it fails.
    fn apply(&mut self, op: usize, at: usize) -> Result<Option<(usize, usize)>, Refusal> {
        let regex = self.regex;
        let next = op + 1;
        Ok(match &regex.code[op] {
            Op::Char(wanted) => self.character(at, |c| c == *wanted).map(|at| (next, at)),
            Op::Fold(wanted) => {
                self.character(at, |c| c.eq_ignore_ascii_case(wanted)).map(|at| (next, at))
            }
            Op::Class(class) => self.character(at, |c| class.holds(c)).map(|at| (next, at)),
            Op::Split(first, second) => {
                self.stack.push(Choice::Try { op: *second, at });
                Some((*first, at))
            }
            Op::Jump(to) => Some((*to, at)),
            Op::Save(slot) => {
                let was = std::mem::replace(&mut self.slots[*slot], at);
                self.stack.push(Choice::Group { slot: *slot, was });
                Some((next, at))
            }
            Op::Round(slot) => {
                let was = std::mem::replace(&mut self.rounds[*slot], at);
                self.stack.push(Choice::Round { slot: *slot, was });
                Some((next, at))
            }
            // A round that matched nothing is the last.
            Op::Progress(slot) if self.rounds[*slot] == at => Some((next + 1, at)),
            Op::Progress(_) => Some((next, at)),
            Op::Assert(assertion) => self.holds(*assertion, at).then_some((next, at)),
            Op::Reference { group, fold } => self.referred(*group, *fold, at).map(|at| (next, at)),
            Op::Atomic { end } => self.apart(next, at, None)?.map(|at| (*end, at)),
            Op::Ahead { negated, end } => {
                let found = self.look(next, at, *negated, None)?;
                (found != *negated).then_some((*end, at))
            }
            Op::Behind { negated, end } => {
                let found = self.behind(next, at, *negated)?;
                (found != *negated).then_some((*end, at))
            }
            Op::Done => None,
        })
    }

    fn character(&self, at: usize, wanted: impl Fn(char) -> bool) -> Option<usize> {
        let c = self.text[at..].chars().next()?;
        wanted(c).then(|| at + c.len_utf8())
    }

    fn referred(&self, group: usize, fold: bool, at: usize) -> Option<usize> {
        let group = self.group(group)?;
        let here = self.text[at..].get(..group.len())?;
        let same = if fold { here.eq_ignore_ascii_case(group) } else { here == group };
        same.then(|| at + group.len())
    }

    /// Matches a part; what it left to try is dropped, what it captured is kept.
    fn apart(
        &mut self,
        op: usize,
        at: usize,
        end: Option<usize>,
    ) -> Result<Option<usize>, Refusal> {
        let base = self.stack.len();
        let found = self.run(op, at, end)?;
        let undone = self.stack.split_off(base);
        let captures = undone.into_iter().filter(|choice| !matches!(choice, Choice::Try { .. }));
        self.stack.extend(captures);
        Ok(found)
    }

    fn look(
        &mut self,
        op: usize,
        at: usize,
        negated: bool,
        end: Option<usize>,
    ) -> Result<bool, Refusal> {
        let base = self.stack.len();
        let found = self.apart(op, at, end)?.is_some();
        if negated {
            // What is captured where nothing may match is no capture.
            self.backtrack(base);
        }
        Ok(found)
    }

    fn behind(&mut self, op: usize, at: usize, negated: bool) -> Result<bool, Refusal> {
        let mut start = at;
        loop {
            if self.look(op, start, negated, Some(at))? {
                return Ok(true);
            }
            let Some(before) = self.text[..start].chars().next_back() else {
                return Ok(false);
            };
            start -= before.len_utf8();
        }
    }

    fn holds(&self, assertion: Assertion, at: usize) -> bool {
        let (before, after) = (&self.text[..at], &self.text[at..]);
        match assertion {
            Assertion::Start => at == 0,
            Assertion::VeryEnd => after.is_empty(),
            Assertion::End => after.is_empty() || is_last_line_end(before, after),
            Assertion::LineStart => {
                at == 0
                    || !after.is_empty()
                        && before.ends_with(is_line_end)
                        && !within_crlf(before, after)
            }
            Assertion::LineEnd => {
                after.is_empty() || after.starts_with(is_line_end) && !within_crlf(before, after)
            }
            Assertion::Boundary => before.ends_with(is_word) != after.starts_with(is_word),
            Assertion::NoBoundary => before.ends_with(is_word) == after.starts_with(is_word),
        }
    }
}

fn within_crlf(before: &str, after: &str) -> bool {
    before.ends_with('\r') && after.starts_with('\n')
}

fn is_last_line_end(before: &str, after: &str) -> bool {
    let single = after.starts_with(is_line_end) && after.chars().nth(1).is_none();
    (single || after == "\r\n") && !within_crlf(before, after)
}
