//! Owns reading filters: conditions, comparisons and what they compare.

use regex_lite::RegexBuilder;

use super::Parser;
use crate::error::{Error, ErrorKind};
use crate::path::{Filter, Literal, Operator, Term};

/// Operators, the longer of those that begin alike first.
const OPERATORS: [(&str, Operator); 17] = [
    ("===", Operator::Same),
    ("!==", Operator::NotSame),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("=~", Operator::Matches),
    ("<=", Operator::LessEqual),
    (">=", Operator::GreaterEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("contains", Operator::Contains),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
];

impl Parser<'_> {
    /// A condition, up to what does not belong to it.
    pub(super) fn filter(&mut self) -> Result<Filter, Error> {
        let mut parts = vec![self.conjunction()?];
        while self.take("||") {
            parts.push(self.conjunction()?);
        }
        Ok(one_or(parts, Filter::Or))
    }

    fn conjunction(&mut self) -> Result<Filter, Error> {
        let mut parts = vec![self.condition()?];
        while self.take("&&") {
            parts.push(self.condition()?);
        }
        Ok(one_or(parts, Filter::And))
    }

    fn condition(&mut self) -> Result<Filter, Error> {
        self.blanks();
        let condition = if self.take("!") {
            Filter::Not(Box::new(self.nested(Self::condition)?))
        } else if self.take("(") {
            let inner = self.nested(Self::filter)?;
            self.expect(")")?;
            inner
        } else {
            self.comparison()?
        };
        self.blanks();
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Filter, Error> {
        let left = self.term()?;
        self.blanks();
        let Some(operator) = self.operator() else {
            return Ok(Filter::Exists(left));
        };
        self.blanks();
        let right = self.term()?;
        Ok(Filter::Compare { left, operator, right })
    }

    fn operator(&mut self) -> Option<Operator> {
        for (text, operator) in OPERATORS {
            let word = text.starts_with(|c: char| c.is_ascii_alphabetic());
            let rest = self.rest();
            let length = text.len();
            let matches = rest.len() >= length
                && rest.is_char_boundary(length)
                && rest[..length].eq_ignore_ascii_case(text)
                && !(word && rest[length..].starts_with(|c: char| c.is_ascii_alphanumeric()));
            if matches {
                self.at += length;
                return Some(operator);
            }
        }
        None
    }

    /// A path, a literal or a pattern.
    pub(super) fn term(&mut self) -> Result<Term, Error> {
        match self.peek() {
            Some('@') => self.nested(Self::whole).map(Term::Current),
            Some('$') => self.nested(Self::whole).map(Term::Root),
            Some('/') => self.pattern(),
            _ => self.nested(Self::literal).map(Term::Literal),
        }
    }

    fn literal(&mut self) -> Result<Literal, Error> {
        match self.peek() {
            Some('\'' | '"') => self.quoted().map(Literal::Text),
            Some('[') => self.list(),
            Some('-' | '0'..='9') => self.number_literal(),
            _ => {
                for (word, literal) in [
                    ("null", Literal::Null),
                    ("true", Literal::Bool(true)),
                    ("false", Literal::Bool(false)),
                ] {
                    if self.take(word) {
                        return Ok(literal);
                    }
                }
                Err(self.error("no path, string, number, list, pattern or word"))
            }
        }
    }

    fn list(&mut self) -> Result<Literal, Error> {
        self.expect("[")?;
        let mut items = Vec::new();
        self.blanks();
        while !self.take("]") {
            if !items.is_empty() {
                self.expect(",")?;
                self.blanks();
            }
            items.push(self.nested(Self::literal)?);
            self.blanks();
        }
        Ok(Literal::List(items))
    }

    fn number_literal(&mut self) -> Result<Literal, Error> {
        let rest = self.rest();
        let part =
            |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let text = &rest[..rest.bytes().take_while(part).count()];
        let literal = match (text.parse(), text.parse()) {
            (Ok(int), _) => Literal::Int(int),
            (_, Ok(double)) => Literal::Double(double),
            _ => return Err(self.error("no number")),
        };
        self.at += text.len();
        Ok(literal)
    }

    /// `/pattern/flags`, of which `i` is read.
    fn pattern(&mut self) -> Result<Term, Error> {
        let start = self.at;
        self.at += 1;
        let mut pattern = String::new();
        loop {
            match self.peek() {
                Some('/') => break,
                Some('\\') if self.rest().starts_with("\\/") => {
                    self.at += 2;
                    pattern.push('/');
                }
                Some(c) => {
                    self.at += c.len_utf8();
                    pattern.push(c);
                }
                None => {
                    self.at = start;
                    return Err(self.error("a pattern that does not end"));
                }
            }
        }
        self.at += 1;
        let fold = self.take("i");
        let regex = RegexBuilder::new(&format!("^(?:{pattern})$"))
            .case_insensitive(fold)
            .size_limit(1 << 18)
            .build()
            .map_err(|error| {
                Error::new(
                    ErrorKind::Syntax,
                    start,
                    format!("found a pattern that is none: {error}"),
                )
            })?;
        Ok(Term::Pattern(Box::new(regex)))
    }
}

fn one_or(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}
