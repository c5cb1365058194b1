//! Owns what may stand among arguments: literals, lists, maps, ranges and references. Operators
//! stand only in expressions.

use super::Parser;
use crate::error::Fault;
use crate::lexer::{Kind, Token};
use crate::program::{Constant, Expr, ExprId, Operand};

impl Parser<'_, '_, '_> {
    /// Whether a token of `kind` begins a parameter.
    pub(super) fn is_parameter(kind: Kind) -> bool {
        matches!(
            kind,
            Kind::Str
                | Kind::Integer
                | Kind::Float
                | Kind::ListOpen
                | Kind::MapOpen
                | Kind::True
                | Kind::False
                | Kind::Identifier
                | Kind::CurlyOpen
        )
    }

    /// A parameter with blanks around it.
    pub(super) fn parameter(&mut self) -> Result<Operand, Fault> {
        self.space()?;
        let operand = self.primary_value()?;
        self.space()?;
        Ok(operand)
    }

    /// What may stand between brackets behind a reference.
    pub(super) fn index(&mut self) -> Result<ExprId, Fault> {
        self.space()?;
        let kind = self.kind()?;
        if matches!(kind, Kind::Float | Kind::ListOpen | Kind::MapOpen) {
            return Err(self.unexpected("a number, a string or a reference")?);
        }
        let index = self.primary_value()?.value;
        self.space()?;
        Ok(index)
    }

    /// A literal, list, map, range or reference, with its text.
    pub(super) fn primary_value(&mut self) -> Result<Operand, Fault> {
        let token = self.peek(0)?;
        let value = match token.kind {
            Kind::Str => self.string()?,
            Kind::Integer | Kind::Float | Kind::True | Kind::False => self.constant()?,
            Kind::ListOpen => self.nested(Self::list_or_range)?,
            Kind::MapOpen => self.nested(Self::map)?,
            Kind::Identifier | Kind::CurlyOpen => self.reference_value()?,
            _ => return Err(self.unexpected("a value")?),
        };
        Ok(self.operand(value, &token))
    }

    fn operand(&self, value: ExprId, first: &Token) -> Operand {
        let literal = match self.shared.builder.expr_of(value) {
            Expr::Reference(id) => self.shared.builder.reference_of(*id).literal,
            _ => self.span(first.start, self.parsed_to()),
        };
        Operand { value, literal }
    }

    fn constant(&mut self) -> Result<ExprId, Fault> {
        let token = self.advance()?;
        let image = token.image(self.source);
        let constant = match token.kind {
            Kind::True => Constant::Bool(true),
            Kind::False => Constant::Bool(false),
            Kind::Float => Constant::Double(image.parse().unwrap_or(f64::NAN)),
            _ => integer(image),
        };
        Ok(self.shared.builder.expr(Expr::Constant(constant)))
    }

    fn list_or_range(&mut self) -> Result<ExprId, Fault> {
        let open = self.advance()?;
        let at = self.offset(&open);
        let mut items = Vec::new();
        if self.kind()? == Kind::Space && self.peek(1)?.kind == Kind::ListClose {
            return Err(self.unexpected("a value or `]` without a blank in front")?);
        }
        if self.kind()? != Kind::ListClose {
            items.push(self.parameter()?.value);
            if self.kind()? == Kind::Range {
                return self.range(items[0], at);
            }
            while self.take(Kind::Comma)?.is_some() {
                items.push(self.parameter()?.value);
            }
        }
        self.expect(Kind::ListClose)?;
        Ok(self.shared.builder.expr(Expr::List(items.into())))
    }

    fn range(&mut self, from: ExprId, at: u32) -> Result<ExprId, Fault> {
        if !self.is_bound(from) {
            return Err(self.unexpected("`,` or `]`")?);
        }
        self.expect(Kind::Range)?;
        let to = self.parameter()?.value;
        if !self.is_bound(to) {
            return Err(self.unexpected("a number or a reference")?);
        }
        self.expect(Kind::ListClose)?;
        Ok(self.shared.builder.expr(Expr::Range { from, to, at }))
    }

    fn is_bound(&self, id: ExprId) -> bool {
        matches!(
            self.shared.builder.expr_of(id),
            Expr::Reference(_)
                | Expr::Constant(Constant::Int(_) | Constant::Long(_) | Constant::Big(_))
        )
    }

    fn map(&mut self) -> Result<ExprId, Fault> {
        self.advance()?;
        let mut entries = Vec::new();
        let blank = usize::from(self.kind()? == Kind::Space);
        let first = self.peek(blank)?.kind;
        if matches!(first, Kind::MapClose | Kind::CurlyClose) {
            self.space()?;
        } else {
            loop {
                let key = self.parameter()?.value;
                self.expect(Kind::Colon)?;
                entries.push((key, self.parameter()?.value));
                if self.take(Kind::Comma)?.is_none() {
                    break;
                }
            }
        }
        if self.take(Kind::CurlyClose)?.is_none() {
            self.expect(Kind::MapClose)?;
        }
        Ok(self.shared.builder.expr(Expr::Map(entries.into())))
    }
}

/// An integer as Java reads it: the smallest of int, long and big that holds it.
fn integer(image: &str) -> Constant {
    if let Ok(int) = image.parse() {
        return Constant::Int(int);
    }
    if let Ok(long) = image.parse() {
        return Constant::Long(long);
    }
    Constant::Big(std::sync::Arc::new(image.parse().unwrap_or_default()))
}
