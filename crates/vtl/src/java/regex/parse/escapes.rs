//! Owns escapes and character classes of the pattern syntax.

use super::super::classes::{self, Class};
use super::super::{Assertion, Op};
use super::{DEPTH_MAX, Flags, Parsed, Parser};

impl Parser {
    pub(super) fn escape(&mut self) -> Parsed {
        match self.next()? {
            'b' => self.assert(Assertion::Boundary),
            'B' => self.assert(Assertion::NoBoundary),
            'A' => self.assert(Assertion::Start),
            'Z' => self.assert(Assertion::End),
            'z' => self.assert(Assertion::VeryEnd),
            'Q' => self.quoted(),
            'k' => {
                self.closing('<')?;
                let name = self.name('>')?;
                let group =
                    self.names.iter().find(|(known, _)| *known == name).map(|known| known.1);
                let group = group.ok_or_else(|| self.error("a reference to no group"))?;
                self.reference(group)
            }
            digit @ '1'..='9' => {
                let mut group = digit as usize - '0' as usize;
                while let Some(next) = self.peek().and_then(|c| c.to_digit(10)) {
                    let longer = group * 10 + next as usize;
                    if longer >= self.groups {
                        break;
                    }
                    group = longer;
                    self.at += 1;
                }
                self.reference(group)
            }
            c => {
                if let Some(class) = self.class_escape(c)? {
                    return self.emit_class(class);
                }
                let c = self.literal_escape(c)?;
                self.character(c)
            }
        }
    }

    fn reference(&mut self, group: usize) -> Parsed {
        let fold = self.flags.has(Flags::FOLD);
        self.emit(Op::Reference { group, fold }).map(drop)
    }

    /// `\Q … \E`; as in Java a repetition repeats the last of its characters.
    fn quoted(&mut self) -> Parsed {
        let end = (self.at..self.pattern.len())
            .find(|at| self.pattern[*at..].starts_with(&['\\', 'E']))
            .unwrap_or(self.pattern.len());
        while self.at < end {
            let c = self.next()?;
            self.character(c)?;
        }
        self.take_text("\\E");
        Ok(())
    }

    /// The class of an escape such as `\d`; none where it is a character.
    fn class_escape(&mut self, c: char) -> Parsed<Option<Class>> {
        let class = match c.to_ascii_lowercase() {
            'd' => Class::Digit,
            'w' => Class::Word,
            's' => Class::Space,
            'h' => Class::Horizontal,
            'v' => Class::Vertical,
            'p' => {
                let name =
                    if self.take('{') { self.property_name()? } else { self.next()?.to_string() };
                classes::named(&name)
                    .ok_or_else(|| self.error(&format!("the unknown class `{name}`")))?
            }
            _ => return Ok(None),
        };
        Ok(Some(class.negated(c.is_ascii_uppercase())))
    }

    fn property_name(&mut self) -> Parsed<String> {
        let mut name = String::new();
        loop {
            match self.next()? {
                '}' => return Ok(name),
                c => name.push(c),
            }
        }
    }

    fn literal_escape(&mut self, c: char) -> Parsed<char> {
        Ok(match c {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            'a' => '\u{7}',
            'e' => '\u{1b}',
            'u' => self.code_point(4, 16)?,
            'x' => self.code_point(2, 16)?,
            '0' => self.octal()?,
            c if c.is_ascii_alphanumeric() => return Err(self.error("an unknown escape")),
            c => c,
        })
    }

    fn code_point(&mut self, digits: usize, base: u32) -> Parsed<char> {
        let text: String = self.pattern[self.at..].iter().take(digits).collect();
        let code = u32::from_str_radix(&text, base).ok().and_then(char::from_u32);
        let code = code.filter(|_| text.chars().count() == digits);
        self.at += digits.min(self.pattern.len() - self.at);
        code.ok_or_else(|| self.error("an escape that is no character"))
    }

    fn octal(&mut self) -> Parsed<char> {
        let digits = self.pattern[self.at..].iter().take(3).take_while(|c| c.is_digit(8)).count();
        self.code_point(digits, 8)
    }

    /// A class, its `[` read.
    pub(super) fn class(&mut self) -> Parsed<Class> {
        if self.depth == DEPTH_MAX {
            return Err(self.error("classes nested too deeply"));
        }
        self.depth += 1;
        let negated = self.take('^');
        let mut parts = Vec::new();
        let mut whole: Option<Class> = None;
        let mut first = true;
        loop {
            match self.next()? {
                ']' if !first => break,
                '[' => parts.push(self.class()?),
                '&' if self.take('&') => {
                    let left = Class::OneOf(std::mem::take(&mut parts));
                    whole = Some(both(whole, left));
                }
                c => parts.push(self.class_part(c)?),
            }
            first = false;
        }
        self.depth -= 1;
        let last = Class::OneOf(parts);
        let class = if whole.is_some() { both(whole, last) } else { last };
        Ok(class.negated(negated))
    }

    fn class_part(&mut self, c: char) -> Parsed<Class> {
        let from = if c == '\\' {
            let escaped = self.next()?;
            if let Some(class) = self.class_escape(escaped)? {
                return Ok(class);
            }
            self.literal_escape(escaped)?
        } else {
            c
        };
        let fold = self.flags.has(Flags::FOLD);
        let ranged = self.peek() == Some('-')
            && !matches!(self.pattern.get(self.at + 1), None | Some(']' | '['));
        if !ranged {
            return Ok(Class::Range { from, to: from, fold });
        }
        self.at += 1;
        let to = match self.next()? {
            '\\' => {
                let escaped = self.next()?;
                self.literal_escape(escaped)?
            }
            c => c,
        };
        if to < from {
            return Err(self.error("a range that ends before it begins"));
        }
        Ok(Class::Range { from, to, fold })
    }
}

fn both(left: Option<Class>, right: Class) -> Class {
    match left {
        Some(left) => Class::Both(Box::new(left), Box::new(right)),
        None => right,
    }
}
