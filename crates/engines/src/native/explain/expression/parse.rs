//! From text to expressions, by recursive descent. Whoever takes expressions from callers bounds
//! their length, and so the depth.

use serde_json::Value;

use super::{Comparison, Expression, functions::Function};

pub(super) fn read(text: &str) -> Result<Expression, String> {
    let mut parser = Parser { text, at: 0 };
    let expression = parser.pipe()?;
    parser.space();
    match parser.rest().chars().next() {
        None => Ok(expression),
        Some(found) => Err(parser.wrong(parser.at, &format!("`{found}` is not expected"))),
    }
}

const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

struct Parser<'a> {
    text: &'a str,
    /// Bytes that were read.
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn wrong(&self, at: usize, what: &str) -> String {
        format!("{what}, at character {}", self.text[..at].chars().count() + 1)
    }

    /// Reads `token` if it is next.
    fn take(&mut self, token: &str) -> bool {
        self.space();
        let is_next = self.rest().starts_with(token);
        self.at += if is_next { token.len() } else { 0 };
        is_next
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(self.instead_of(&format!("`{token}`"))) }
    }

    fn instead_of(&self, wanted: &str) -> String {
        match self.rest().chars().next() {
            None => self.wrong(self.at, &format!("it ends where {wanted} should stand")),
            Some(found) => self.wrong(self.at, &format!("`{found}` stands where {wanted} should")),
        }
    }

    fn pipe(&mut self) -> Result<Expression, String> {
        let mut left = self.or()?;
        while !self.next_is("||") && self.take("|") {
            left = Expression::Then(Box::new([left, self.or()?]));
        }
        Ok(left)
    }

    fn next_is(&mut self, token: &str) -> bool {
        self.space();
        self.rest().starts_with(token)
    }

    fn or(&mut self) -> Result<Expression, String> {
        let mut left = self.and()?;
        while self.take("||") {
            left = Expression::Or(Box::new([left, self.and()?]));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut left = self.comparison()?;
        while self.take("&&") {
            left = Expression::And(Box::new([left, self.comparison()?]));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        let mut left = self.unary()?;
        while let Some((_, how)) = COMPARISONS.into_iter().find(|(token, _)| self.take(token)) {
            left = Expression::Compare(how, Box::new([left, self.unary()?]));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, String> {
        if !self.next_is("!=") && self.take("!") {
            return Ok(Expression::Not(Box::new(self.unary()?)));
        }
        let mut left = self.primary()?;
        loop {
            let next = if self.take(".") {
                let name = self.name()?.ok_or_else(|| self.instead_of("a name"))?;
                self.named(name)?
            } else if self.next_is("[") {
                self.bracket()?
            } else {
                return Ok(left);
            };
            left = Expression::Then(Box::new([left, next]));
        }
    }

    fn primary(&mut self) -> Result<Expression, String> {
        self.space();
        if self.take("@") {
            return Ok(Expression::Current);
        }
        if self.take("(") {
            let inner = self.pipe()?;
            self.expect(")")?;
            return Ok(inner);
        }
        for token in ["*", "{"] {
            if self.rest().starts_with(token) {
                return Err(self.many(token));
            }
        }
        match self.rest().chars().next() {
            Some('[') => self.bracket(),
            Some('`') => self.quoted('`').map(|text| Expression::Literal(literal(&text))),
            Some('\'') => self.quoted('\'').map(|text| Expression::Literal(text.into())),
            None => Err(self.wrong(self.at, "it ends where an expression should begin")),
            Some(found) => match self.name()? {
                Some(name) => self.named(name),
                None => Err(self.wrong(self.at, &format!("`{found}` is not expected"))),
            },
        }
    }

    fn many(&self, token: &str) -> String {
        let what = format!("`{token}` makes a list of many values, which is not served");
        self.wrong(self.at, &what)
    }

    /// A field, or a call of a function.
    fn named(&mut self, (start, name): (usize, String)) -> Result<Expression, String> {
        if !self.take("(") {
            return Ok(Expression::Field(name));
        }
        let function = Function::named(&name)
            .ok_or_else(|| self.wrong(start, &format!("there is no function `{name}`")))?;
        let mut arguments = Vec::new();
        while !self.take(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.pipe()?);
        }
        match function.arity {
            Some(arity) if arity != arguments.len() => {
                let plural = if arity == 1 { "" } else { "s" };
                let count = arguments.len();
                let what = format!("`{name}` takes {arity} argument{plural}, and here are {count}");
                Err(self.wrong(start, &what))
            }
            _ => Ok(Expression::Call(function, arguments)),
        }
    }

    /// A name and where it begins, if one is next.
    fn name(&mut self) -> Result<Option<(usize, String)>, String> {
        self.space();
        let start = self.at;
        if self.rest().starts_with('"') {
            let inner = self.quoted('"')?;
            let text = serde_json::from_str(&format!("\"{inner}\""));
            let unread = |_| self.wrong(start, "a name in quotes with an escape that is none");
            return Ok(Some((start, text.map_err(unread)?)));
        }
        let part = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let length = self.rest().find(|character| !part(character)).unwrap_or(self.rest().len());
        let name = &self.rest()[..length];
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            return Ok(None);
        }
        self.at += length;
        Ok(Some((start, name.to_owned())))
    }

    /// What stands between two of `quote`. Before such a one a backslash is taken away, but in
    /// names, whose escapes are JSON's.
    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.text[start + 1..].char_indices();
        while let Some((offset, character)) = characters.next() {
            if character == quote {
                self.at = start + 1 + offset + 1;
                return Ok(text);
            }
            if character == '\\' {
                let Some((_, escaped)) = characters.next() else { break };
                if escaped != quote || quote == '"' {
                    text.push('\\');
                }
                text.push(escaped);
            } else {
                text.push(character);
            }
        }
        Err(self.wrong(start, "it ends inside of a literal"))
    }

    /// An index or a slice.
    fn bracket(&mut self) -> Result<Expression, String> {
        for token in ["[*]", "[?", "[]"] {
            if self.rest().starts_with(token) {
                return Err(self.many(token));
            }
        }
        self.expect("[")?;
        let inside = self.at;
        let mut parts = [self.whole()?, None, None];
        let mut colons = 0;
        while colons < 2 && self.take(":") {
            colons += 1;
            parts[colons] = self.whole()?;
        }
        let read = match (colons, parts[0]) {
            (0, Some(index)) => Expression::Index(index),
            (0, None) => return Err(self.instead_of("an index")),
            _ if parts[2] == Some(0) => return Err(self.wrong(inside, "a step of 0")),
            _ => Expression::Slice(parts),
        };
        self.expect("]").map(|()| read)
    }

    /// A whole number, if one is next.
    fn whole(&mut self) -> Result<Option<i64>, String> {
        self.space();
        let rest = self.rest();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let sign = rest.len() - digits.len();
        let length = digits.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(digits.len());
        if length == 0 {
            return Ok(None);
        }
        let number = rest[..sign + length].parse();
        let number = number.map_err(|_| self.wrong(self.at, "a number that is too long"))?;
        self.at += sign + length;
        Ok(Some(number))
    }
}

/// JSON, or what is none as text, which older expressions rely on.
fn literal(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|_| text.trim().into())
}
