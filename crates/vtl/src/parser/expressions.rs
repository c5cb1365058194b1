//! Owns expressions: operators and their precedence, as they stand in `#if` and `#set`.

use super::Parser;
use crate::error::Fault;
use crate::lexer::Kind;
use crate::program::{Expr, ExprId, Link, Operand, Operator};

/// Operators from the loosest to the tightest.
const PRECEDENCE: [&[(Kind, Operator)]; 4] = [
    &[(Kind::Equal, Operator::Equal), (Kind::NotEqual, Operator::NotEqual)],
    &[
        (Kind::Less, Operator::Less),
        (Kind::Greater, Operator::Greater),
        (Kind::LessEqual, Operator::LessEqual),
        (Kind::GreaterEqual, Operator::GreaterEqual),
    ],
    &[(Kind::Plus, Operator::Add), (Kind::Minus, Operator::Subtract)],
    &[
        (Kind::Multiply, Operator::Multiply),
        (Kind::Divide, Operator::Divide),
        (Kind::Modulo, Operator::Modulo),
    ],
];

impl Parser<'_, '_, '_> {
    /// A whole expression.
    pub(super) fn expression(&mut self) -> Result<Operand, Fault> {
        self.nested(|parser| {
            let first = parser.conjunction()?;
            parser.joined(first, Kind::Or, Self::conjunction, Expr::Or)
        })
    }

    fn conjunction(&mut self) -> Result<Operand, Fault> {
        let first = self.chain(0)?;
        self.joined(first, Kind::And, |parser| parser.chain(0), Expr::And)
    }

    /// Operands joined by `&&` or `||`.
    fn joined(
        &mut self,
        first: Operand,
        kind: Kind,
        operand: impl Fn(&mut Self) -> Result<Operand, Fault>,
        join: impl Fn(Box<[ExprId]>) -> Expr,
    ) -> Result<Operand, Fault> {
        if self.kind()? != kind {
            return Ok(first);
        }
        let mut all = vec![first.value];
        let mut literal = first.literal;
        while self.take(kind)?.is_some() {
            let next = operand(self)?;
            all.push(next.value);
            literal = next.literal;
        }
        let value = self.shared.builder.expr(join(all.into()));
        Ok(Operand { value, literal })
    }

    /// Operands joined by the operators of one precedence.
    fn chain(&mut self, level: usize) -> Result<Operand, Fault> {
        let first = self.unary()?;
        self.chain_from(first, level)
    }

    /// What `first` begins. Most operands stand alone, which is seen before anything is tried.
    fn chain_from(&mut self, first: Operand, level: usize) -> Result<Operand, Fault> {
        let kind = self.kind()?;
        if level == PRECEDENCE.len() || !is_operator(kind) {
            return Ok(first);
        }
        let first = self.chain_from(first, level + 1)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.operator(PRECEDENCE[level])? {
            let start = self.peek(0)?.start;
            let operand = self.chain(level + 1)?;
            rest.push(Link { operator, operand, spaced: self.span(start, self.parsed_to()) });
        }
        let Some(last) = rest.last() else {
            return Ok(first);
        };
        let literal = last.spaced;
        let rest = rest.into_boxed_slice();
        let value = self.shared.builder.expr(Expr::Chain { first, rest });
        Ok(Operand { value, literal })
    }

    fn operator(&mut self, operators: &[(Kind, Operator)]) -> Result<Option<Operator>, Fault> {
        let kind = self.kind()?;
        let found = operators.iter().find(|(token, _)| *token == kind);
        if found.is_some() {
            self.advance()?;
        }
        Ok(found.map(|(_, operator)| *operator))
    }

    fn unary(&mut self) -> Result<Operand, Fault> {
        let blank = usize::from(self.kind()? == Kind::Space);
        if self.peek(blank)?.kind != Kind::Not {
            return self.primary();
        }
        self.space()?;
        self.advance()?;
        let operand = self.nested(Self::unary)?;
        let value = self.shared.builder.expr(Expr::Not(operand.value));
        Ok(Operand { value, ..operand })
    }

    fn primary(&mut self) -> Result<Operand, Fault> {
        self.space()?;
        let operand = if self.take(Kind::ParenOpen)?.is_some() {
            let start = self.peek(0)?.start;
            let inner = self.expression()?;
            let literal = self.span(start, self.parsed_to());
            self.expect(Kind::ParenClose)?;
            Operand { literal, ..inner }
        } else {
            self.primary_value()?
        };
        self.space()?;
        Ok(operand)
    }
}

fn is_operator(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Equal
            | Kind::NotEqual
            | Kind::Less
            | Kind::Greater
            | Kind::LessEqual
            | Kind::GreaterEqual
            | Kind::Plus
            | Kind::Minus
            | Kind::Multiply
            | Kind::Divide
            | Kind::Modulo
    )
}
