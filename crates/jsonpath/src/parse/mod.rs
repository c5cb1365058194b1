//! Owns reading paths: their steps and functions. Filters are in `filters`.

mod filters;

use crate::error::{Error, ErrorKind};
use crate::options::{Options, Subset};
use crate::path::{Function, FunctionName, Path, Step, Term};

/// Reads a whole path.
pub(crate) fn path(text: &str, options: &Options) -> Result<Path, Error> {
    if text.len() > options.path_bytes {
        let message =
            format!("the path has {} bytes and may have {}", text.len(), options.path_bytes);
        return Err(Error::new(ErrorKind::Limit, 0, message));
    }
    let mut parser = Parser { text, at: 0, options, nesting: 0 };
    parser.blanks();
    let path = parser.whole()?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(parser.error("more text behind the path"));
    }
    Ok(path)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    options: &'t Options,
    nesting: usize,
}

impl<'t> Parser<'t> {
    fn error(&self, what: &str) -> Error {
        Error::new(ErrorKind::Syntax, self.at, format!("found {what}"))
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), Error> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(self.error(&format!("no `{wanted}`")))
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Reads one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.nesting == self.options.nesting {
            let message = format!("nested more than {} levels deep", self.nesting);
            return Err(Error::new(ErrorKind::Limit, self.at, message));
        }
        self.nesting += 1;
        let read = read(self);
        self.nesting -= 1;
        read
    }

    /// Text that the subset does not have.
    fn full_only(&self, what: &str) -> Result<(), Error> {
        if self.options.subset == Subset::Full {
            return Ok(());
        }
        let message = format!("{what} is not supported here: write names and indexes");
        Err(Error::new(ErrorKind::Unsupported, self.at, message))
    }

    fn whole(&mut self) -> Result<Path, Error> {
        let mut steps = Vec::new();
        let mut function = None;
        let rooted = self.take("$") || self.take("@");
        if !rooted && !self.rest().starts_with('[') {
            (steps, function) = self.named(steps)?;
        }
        while function.is_none() {
            match self.peek() {
                Some('.') if self.take("..") => steps.push(self.deep()?),
                Some('.') => {
                    self.at += 1;
                    (steps, function) = self.named(steps)?;
                }
                Some('[') => steps.push(self.bracketed()?),
                _ => break,
            }
        }
        Ok(Path::new(steps, function, self.options.visits))
    }

    /// What stands behind a dot: a name, `*` or a function.
    fn named(&mut self, mut steps: Vec<Step>) -> Result<(Vec<Step>, Option<Function>), Error> {
        if self.peek() == Some('[') {
            steps.push(self.bracketed()?);
            return Ok((steps, None));
        }
        let start = self.at;
        if self.peek() == Some('*') {
            self.full_only("`*`")?;
            self.at += 1;
            steps.push(Step::All);
            return Ok((steps, None));
        }
        let name = self.name()?;
        if self.take("(") {
            let function = self.nested(|parser| parser.function(name, start))?;
            return Ok((steps, Some(function)));
        }
        steps.push(Step::Member(name.to_owned()));
        Ok((steps, None))
    }

    fn name(&mut self) -> Result<&'t str, Error> {
        let ends = |c: char| c.is_whitespace() || ".[](),=!<>&|'\"?*~+/\\".contains(c);
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.error("no name"));
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn function(&mut self, name: &str, offset: usize) -> Result<Function, Error> {
        let known = FunctionName::of(name);
        let Some(name) = known else {
            let message = format!("the function `{name}` is not known");
            return Err(Error::new(ErrorKind::Unsupported, offset, message));
        };
        self.full_only("a function")?;
        let mut arguments: Vec<Term> = Vec::new();
        self.blanks();
        while !self.take(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
                self.blanks();
            }
            arguments.push(self.term()?);
            self.blanks();
        }
        Ok(Function { name, arguments, offset })
    }

    /// The step behind `..`.
    fn deep(&mut self) -> Result<Step, Error> {
        self.full_only("`..`")?;
        let step = match self.peek() {
            Some('[') => self.bracketed()?,
            Some('*') => {
                self.at += 1;
                Step::All
            }
            _ => Step::Member(self.name()?.to_owned()),
        };
        Ok(Step::Deep(Box::new(step)))
    }

    /// What stands in brackets.
    fn bracketed(&mut self) -> Result<Step, Error> {
        self.expect("[")?;
        self.blanks();
        let step = match self.peek() {
            Some('\'' | '"') => self.names()?,
            Some('*') => {
                self.full_only("`*`")?;
                self.at += 1;
                Step::All
            }
            Some('?') => {
                self.full_only("a filter")?;
                self.at += 1;
                self.blanks();
                self.expect("(")?;
                let filter = self.nested(Self::filter)?;
                self.expect(")")?;
                Step::Filter(filter)
            }
            _ => self.numbers()?,
        };
        self.blanks();
        self.expect("]")?;
        Ok(step)
    }

    fn names(&mut self) -> Result<Step, Error> {
        let mut names = vec![self.quoted()?];
        self.blanks();
        while self.take(",") {
            self.full_only("several names")?;
            self.blanks();
            names.push(self.quoted()?);
            self.blanks();
        }
        Ok(match names.len() {
            1 => Step::Member(names.remove(0)),
            _ => Step::Members(names),
        })
    }

    /// A string in single or double quotes.
    fn quoted(&mut self) -> Result<String, Error> {
        let Some(quote @ ('\'' | '"')) = self.peek() else {
            return Err(self.error("no quote"));
        };
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            match c {
                '\\' => out.push(self.escape()?),
                c if c == quote => return Ok(out),
                c => out.push(c),
            }
        }
        self.at = start;
        Err(self.error("a string that does not end"))
    }

    fn escape(&mut self) -> Result<char, Error> {
        let Some(c) = self.peek() else {
            return Err(self.error("a string that does not end"));
        };
        self.at += c.len_utf8();
        Ok(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let code =
                    self.rest().get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let Some(code) = code else {
                    return Err(self.error("no four hexadecimal digits"));
                };
                self.at += 4;
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            c => c,
        })
    }

    /// An index, several, or a slice.
    fn numbers(&mut self) -> Result<Step, Error> {
        let first = self.number()?;
        self.blanks();
        if self.take(":") {
            self.full_only("a slice")?;
            self.blanks();
            let to = self.number()?;
            return Ok(Step::Slice { from: first, to });
        }
        let mut items = vec![first.ok_or_else(|| self.error("no name, number, `*` or filter"))?];
        while self.take(",") {
            self.full_only("several indexes")?;
            self.blanks();
            items.push(self.number()?.ok_or_else(|| self.error("no number"))?);
            self.blanks();
        }
        Ok(match items.as_slice() {
            [one] => Step::Item(*one),
            _ => Step::Items(items),
        })
    }

    fn number(&mut self) -> Result<Option<i64>, Error> {
        let rest = self.rest();
        let minus = usize::from(rest.starts_with('-'));
        let digits = rest[minus..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return if minus == 0 { Ok(None) } else { Err(self.error("no number behind the `-`")) };
        }
        let number =
            rest[..minus + digits].parse().map_err(|_| self.error("a number that is too large"))?;
        self.at += minus + digits;
        Ok(Some(number))
    }
}
