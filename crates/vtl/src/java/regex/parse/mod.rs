//! Owns the pattern syntax, but for escapes and classes, which are in `escapes`. It writes the matcher's ops as it reads; what a repetition repeats is
//! written anew for each time it must.

mod escapes;

use super::classes::Class;
use super::{Assertion, Op, Regex};

/// How deep groups may be nested.
const DEPTH_MAX: usize = 50;
/// How many ops a pattern may need; counted repetitions of counted repetitions need many.
const OPS_MAX: usize = 20_000;

type Parsed<T = ()> = Result<T, String>;

pub(super) fn compile(pattern: &str) -> Parsed<Regex> {
    let mut parser = Parser {
        pattern: pattern.chars().collect(),
        at: 0,
        code: Vec::new(),
        groups: 1,
        loops: 0,
        names: Vec::new(),
        flags: Flags::default(),
        depth: 0,
    };
    parser.emit(Op::Save(0))?;
    parser.alternatives()?;
    if parser.at < parser.pattern.len() {
        return Err(parser.error("an unmatched `)`"));
    }
    parser.emit(Op::Save(1))?;
    parser.emit(Op::Done)?;
    Ok(Regex { code: parser.code, groups: parser.groups, loops: parser.loops, names: parser.names })
}

/// Which flags are on, as bits.
#[derive(Clone, Copy, Debug, Default)]
struct Flags(u8);

impl Flags {
    /// The case of ASCII letters does not matter.
    const FOLD: u8 = 1;
    /// `.` matches line ends.
    const LINES: u8 = 2;
    /// `^` and `$` match at each line.
    const MULTI: u8 = 4;
    /// Blanks and comments mean nothing.
    const FREE: u8 = 8;

    fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    fn set(&mut self, flag: u8, on: bool) {
        self.0 = if on { self.0 | flag } else { self.0 & !flag };
    }
}

#[derive(Debug)]
pub(super) struct Parser {
    pattern: Vec<char>,
    at: usize,
    code: Vec<Op>,
    groups: usize,
    loops: usize,
    names: Vec<(String, usize)>,
    flags: Flags,
    depth: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

impl Parser {
    fn error(&self, what: &str) -> String {
        let pattern: String = self.pattern.iter().collect();
        format!("the pattern `{pattern}` has {what} at index {}", self.at)
    }

    fn peek(&self) -> Option<char> {
        self.pattern.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn take_text(&mut self, wanted: &str) -> bool {
        let length = wanted.chars().count();
        let found = self.pattern[self.at..].iter().copied().take(length).eq(wanted.chars());
        self.at += if found { length } else { 0 };
        found
    }

    fn next(&mut self) -> Parsed<char> {
        let next = self.peek().ok_or_else(|| self.error("an unexpected end"))?;
        self.at += 1;
        Ok(next)
    }

    fn emit(&mut self, op: Op) -> Parsed<usize> {
        if self.code.len() >= OPS_MAX {
            return Err(self.error("repetitions that are too large"));
        }
        self.code.push(op);
        Ok(self.code.len() - 1)
    }

    fn alternatives(&mut self) -> Parsed {
        if self.depth == DEPTH_MAX {
            return Err(self.error("groups nested too deeply"));
        }
        self.depth += 1;
        let mut ends = Vec::new();
        loop {
            let split = self.emit(Op::Done)?;
            self.sequence()?;
            if !self.take('|') {
                // The last alternative is the only one left to try.
                self.code[split] = Op::Jump(split + 1);
                break;
            }
            ends.push(self.emit(Op::Done)?);
            self.code[split] = Op::Split(split + 1, self.code.len());
        }
        for end in ends {
            self.code[end] = Op::Jump(self.code.len());
        }
        self.depth -= 1;
        Ok(())
    }

    fn sequence(&mut self) -> Parsed {
        loop {
            self.skip_free();
            match self.peek() {
                None | Some('|' | ')') => return Ok(()),
                Some(_) => self.repeated()?,
            }
        }
    }

    fn skip_free(&mut self) {
        while self.flags.has(Flags::FREE) {
            match self.peek() {
                Some(c) if c.is_ascii_whitespace() => self.at += 1,
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// An atom and how often it is repeated.
    fn repeated(&mut self) -> Parsed {
        let (from, groups) = (self.at, self.groups);
        let start = self.code.len();
        let flags = self.flags;
        self.atom()?;
        self.skip_free();
        let Some((least, most)) = self.quantifier()? else {
            return Ok(());
        };
        let greed = if self.take('?') {
            Greed::Lazy
        } else if self.take('+') {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        let behind = (self.at, self.groups, self.flags);
        self.code.truncate(start);
        let atomic = if greed == Greed::Possessive { Some(self.emit(Op::Done)?) } else { None };
        // Each time the atom is read again, with the groups it had the first time.
        let again = |parser: &mut Self| {
            (parser.at, parser.groups, parser.flags) = (from, groups, flags);
            parser.atom()
        };
        for _ in 0..least {
            again(self)?;
        }
        match most {
            None => self.star(greed, again)?,
            Some(most) => self.optional(greed, most.saturating_sub(least), again)?,
        }
        if let Some(at) = atomic {
            self.emit(Op::Done)?;
            self.code[at] = Op::Atomic { end: self.code.len() };
        }
        (self.at, self.groups, self.flags) = behind;
        Ok(())
    }

    fn star(&mut self, greed: Greed, atom: impl Fn(&mut Self) -> Parsed) -> Parsed {
        let round = self.loops;
        self.loops += 1;
        let split = self.emit(Op::Done)?;
        self.emit(Op::Round(round))?;
        atom(self)?;
        self.emit(Op::Progress(round))?;
        self.emit(Op::Jump(split))?;
        self.code[split] = branch(greed, split + 1, self.code.len());
        Ok(())
    }

    fn optional(
        &mut self,
        greed: Greed,
        count: usize,
        atom: impl Fn(&mut Self) -> Parsed,
    ) -> Parsed {
        let mut splits = Vec::new();
        for _ in 0..count {
            splits.push(self.emit(Op::Done)?);
            atom(self)?;
        }
        for split in splits {
            self.code[split] = branch(greed, split + 1, self.code.len());
        }
        Ok(())
    }

    /// The least and most times; no most for no bound. Nothing where there is no quantifier.
    fn quantifier(&mut self) -> Parsed<Option<(usize, Option<usize>)>> {
        Ok(Some(match self.peek() {
            Some('*') => self.quantified((0, None)),
            Some('+') => self.quantified((1, None)),
            Some('?') => self.quantified((0, Some(1))),
            Some('{') => {
                self.at += 1;
                let least = self.number()?;
                let most = match self.next()? {
                    '}' => Some(least),
                    ',' if self.take('}') => None,
                    ',' => {
                        let most = self.number()?;
                        self.closing('}')?;
                        Some(most)
                    }
                    _ => return Err(self.error("a repetition that does not end")),
                };
                if most.is_some_and(|most| most < least) {
                    return Err(self.error("a repetition of less than its least"));
                }
                (least, most)
            }
            _ => return Ok(None),
        }))
    }

    fn quantified(&mut self, times: (usize, Option<usize>)) -> (usize, Option<usize>) {
        self.at += 1;
        times
    }

    fn number(&mut self) -> Parsed<usize> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.pattern[start..self.at].iter().collect();
        digits.parse().map_err(|_| self.error("no number in a repetition"))
    }

    fn closing(&mut self, wanted: char) -> Parsed {
        if self.take(wanted) {
            return Ok(());
        }
        Err(self.error(&format!("no `{wanted}`")))
    }

    fn atom(&mut self) -> Parsed {
        match self.next()? {
            '(' => self.group(),
            '[' => {
                let class = self.class()?;
                self.emit_class(class)
            }
            '.' => self.emit_class(Class::Any { lines: self.flags.has(Flags::LINES) }),
            '^' => self.assert(if self.flags.has(Flags::MULTI) {
                Assertion::LineStart
            } else {
                Assertion::Start
            }),
            '$' => self.assert(if self.flags.has(Flags::MULTI) {
                Assertion::LineEnd
            } else {
                Assertion::End
            }),
            '\\' => self.escape(),
            '*' | '+' | '?' => Err(self.error("a repetition of nothing")),
            c => self.character(c),
        }
    }

    fn emit_class(&mut self, class: Class) -> Parsed {
        self.emit(Op::Class(Box::new(class))).map(drop)
    }

    fn assert(&mut self, assertion: Assertion) -> Parsed {
        self.emit(Op::Assert(assertion)).map(drop)
    }

    fn character(&mut self, c: char) -> Parsed {
        let fold = self.flags.has(Flags::FOLD) && c.is_ascii_alphabetic();
        self.emit(if fold { Op::Fold(c) } else { Op::Char(c) }).map(drop)
    }

    fn group(&mut self) -> Parsed {
        let flags = self.flags;
        if self.take('?') {
            self.special_group(flags)
        } else {
            self.capture()?;
            self.flags = flags;
            Ok(())
        }
    }

    fn capture(&mut self) -> Parsed {
        let group = self.groups;
        self.groups += 1;
        self.emit(Op::Save(group * 2))?;
        self.alternatives()?;
        self.closing(')')?;
        self.emit(Op::Save(group * 2 + 1)).map(drop)
    }

    fn special_group(&mut self, flags: Flags) -> Parsed {
        if self.take(':') {
            self.alternatives()?;
            self.closing(')')?;
        } else if self.take('=') {
            self.apart(|end| Op::Ahead { negated: false, end })?;
        } else if self.take('!') {
            self.apart(|end| Op::Ahead { negated: true, end })?;
        } else if self.take('>') {
            self.apart(|end| Op::Atomic { end })?;
        } else if self.take_text("<=") {
            self.apart(|end| Op::Behind { negated: false, end })?;
        } else if self.take_text("<!") {
            self.apart(|end| Op::Behind { negated: true, end })?;
        } else if self.take('<') {
            self.named_group()?;
        } else {
            return self.flag_group(flags);
        }
        self.flags = flags;
        Ok(())
    }

    /// A part that is matched on its own.
    fn apart(&mut self, op: impl Fn(usize) -> Op) -> Parsed {
        let at = self.emit(Op::Done)?;
        self.alternatives()?;
        self.closing(')')?;
        self.emit(Op::Done)?;
        self.code[at] = op(self.code.len());
        Ok(())
    }

    fn named_group(&mut self) -> Parsed {
        let name = self.name('>')?;
        if !self.names.iter().any(|(known, _)| *known == name) {
            self.names.push((name, self.groups));
        }
        self.capture()
    }

    fn name(&mut self, end: char) -> Parsed<String> {
        let mut name = String::new();
        loop {
            match self.next()? {
                c if c == end => return Ok(name),
                c if c.is_ascii_alphanumeric() => name.push(c),
                _ => return Err(self.error("a name that is none")),
            }
        }
    }

    /// `(?i)` for the rest of the group around it, `(?i: … )` for its own.
    fn flag_group(&mut self, before: Flags) -> Parsed {
        let mut on = true;
        loop {
            match self.next()? {
                '-' => on = false,
                'i' => self.flags.set(Flags::FOLD, on),
                's' => self.flags.set(Flags::LINES, on),
                'm' => self.flags.set(Flags::MULTI, on),
                'x' => self.flags.set(Flags::FREE, on),
                'u' | 'U' | 'd' => {}
                ')' => return Ok(()),
                ':' => {
                    self.alternatives()?;
                    self.closing(')')?;
                    self.flags = before;
                    return Ok(());
                }
                _ => return Err(self.error("an unknown flag")),
            }
        }
    }
}

fn branch(greed: Greed, inside: usize, behind: usize) -> Op {
    if greed == Greed::Lazy { Op::Split(behind, inside) } else { Op::Split(inside, behind) }
}
