//! Owns expressions: their values, and what counts as true. Arithmetic itself is `java`'s.

use std::rc::Rc;
use std::sync::Arc;

use super::{Outcome, Renderer};
use crate::java;
use crate::program::{Constant, Expr, ExprId, Link, Operand, Operator, Program, Span};
use crate::value::{Budget, List, ListKind, Map, Value, equal};

impl<'d> Renderer<'_, 'd> {
    /// An expression's value.
    pub(super) fn value(&mut self, program: &Arc<Program>, id: ExprId) -> Outcome<Value<'d>> {
        match program.expr(id) {
            Expr::Constant(constant) => Ok(constant_value(constant)),
            Expr::Reference(reference) => self
                .deeper(program.reference(*reference).at, |renderer| {
                    renderer.reference(program, *reference)
                }),
            Expr::Interpolated { body, chop } => {
                let text = self.deeper(0, |renderer| {
                    renderer.captured(0, |renderer| renderer.block(program, *body))
                })?;
                Ok(chopped(text, *chop).into())
            }
            Expr::Range { from, to, at } => self.range(program, *from, *to, *at),
            Expr::List(items) => self.deeper(0, |renderer| renderer.list(program, items)),
            Expr::Map(entries) => self.deeper(0, |renderer| renderer.map(program, entries)),
            Expr::Not(_) | Expr::And(_) | Expr::Or(_) => self.holds(program, id).map(Value::Bool),
            Expr::Chain { first, rest } => self.chain(program, first, rest),
            Expr::Word => Ok(Value::Null),
        }
    }

    /// Whether an expression is true. Of literals and sums only `true` is, in Velocity.
    pub(super) fn holds(&mut self, program: &Arc<Program>, id: ExprId) -> Outcome<bool> {
        match program.expr(id) {
            // As most conditions are, and these go no deeper.
            Expr::Reference(reference) => self.reference_holds(program, *reference),
            _ => self.deeper(0, |renderer| renderer.holds_at(program, id)),
        }
    }

    fn holds_at(&mut self, program: &Arc<Program>, id: ExprId) -> Outcome<bool> {
        match program.expr(id) {
            Expr::Constant(Constant::Bool(value)) => Ok(*value),
            Expr::Not(operand) => Ok(!self.holds(program, *operand)?),
            Expr::And(operands) => {
                for operand in operands {
                    if !self.holds(program, *operand)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Expr::Or(operands) => {
                for operand in operands {
                    if self.holds(program, *operand)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Expr::Reference(reference) => self.reference_holds(program, *reference),
            // Velocity does not even calculate a sum that it is asked the truth of.
            Expr::Chain { rest, .. } if rest.iter().all(|link| link.operator.compares()) => {
                Ok(matches!(self.value(program, id)?, Value::Bool(true)))
            }
            _ => Ok(false),
        }
    }

    fn list(&mut self, program: &Arc<Program>, items: &[ExprId]) -> Outcome<Value<'d>> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.push(self.value(program, *item)?);
        }
        self.made(values.len(), 0)?;
        Ok(Value::List(Rc::new(List::new(ListKind::List, values))))
    }

    fn map(&mut self, program: &Arc<Program>, entries: &[(ExprId, ExprId)]) -> Outcome<Value<'d>> {
        let map = Map::default();
        for (key, value) in entries {
            let key = self.value(program, *key)?;
            let value = self.value(program, *value)?;
            self.made(2 + map.len() / 8, 0)?;
            map.insert(key, value);
        }
        Ok(Value::Map(Rc::new(map)))
    }

    fn range(
        &mut self,
        program: &Arc<Program>,
        from: ExprId,
        to: ExprId,
        at: u32,
    ) -> Outcome<Value<'d>> {
        let from = self.value(program, from)?;
        let to = self.value(program, to)?;
        let (Some(from), Some(to)) = (java::int_value(&from), java::int_value(&to)) else {
            return Ok(Value::Null);
        };
        let count = (i64::from(from) - i64::from(to)).unsigned_abs() as usize + 1;
        self.made(count, at)?;
        let items = if from < to {
            (from..=to).map(Value::Int).collect()
        } else {
            (to..=from).rev().map(Value::Int).collect()
        };
        Ok(Value::List(Rc::new(List::new(ListKind::List, items))))
    }

    /// Counts the items of what an expression made.
    fn made(&mut self, items: usize, at: u32) -> Outcome {
        match self.heap.build_items(items) {
            Ok(()) => Ok(()),
            Err(refusal) => Err(self.refused(refusal, at)),
        }
    }

    fn chain(
        &mut self,
        program: &Arc<Program>,
        first: &Operand,
        rest: &[Link],
    ) -> Outcome<Value<'d>> {
        let mut left = self.deeper(0, |renderer| renderer.value(program, first.value))?;
        let mut literal = first.literal;
        for link in rest {
            self.step(0)?;
            let right = self.deeper(0, |renderer| renderer.value(program, link.operand.value))?;
            let texts = (literal, link.operand.literal);
            left = self.operate(program, link.operator, (left, right), texts)?;
            literal = link.spaced;
        }
        Ok(left)
    }

    fn operate(
        &mut self,
        program: &Arc<Program>,
        operator: Operator,
        (left, right): (Value<'d>, Value<'d>),
        texts: (Span, Span),
    ) -> Outcome<Value<'d>> {
        let text = matches!(left, Value::Text(_)) || matches!(right, Value::Text(_));
        match operator {
            Operator::Add if text => self.joined(program, (left, right), texts),
            Operator::Equal => self.same(&left, &right).map(Value::Bool),
            Operator::NotEqual => self.same(&left, &right).map(|same| Value::Bool(!same)),
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Modulo => match java::arithmetic(&mut self.heap, operator, &left, &right) {
                Ok(value) => Ok(value),
                Err(refusal) => Err(self.refused(refusal, 0)),
            },
            _ => {
                let order = java::compare(&left, &right);
                Ok(Value::Bool(order.is_some_and(|order| ordered(operator, order))))
            }
        }
    }

    /// Two texts as one; a null is written as it stands in the template.
    fn joined(
        &mut self,
        program: &Arc<Program>,
        (left, right): (Value<'d>, Value<'d>),
        texts: (Span, Span),
    ) -> Outcome<Value<'d>> {
        let mut text = match &left {
            Value::Null => program.text(texts.0).to_owned(),
            left => self.text_of(left, 0)?,
        };
        match &right {
            Value::Null => text.push_str(program.text(texts.1)),
            Value::Text(right) => text.push_str(right.as_str()),
            right => text.push_str(&self.text_of(right, 0)?),
        }
        match self.heap.build(text.len()) {
            Ok(()) => Ok(text.into()),
            Err(refusal) => Err(self.refused(refusal, 0)),
        }
    }

    /// `==`: numbers by value, what has the same class by `equals`, anything else by its text.
    fn same(&mut self, left: &Value<'d>, right: &Value<'d>) -> Outcome<bool> {
        if left.is_number() && right.is_number() {
            return Ok(java::compare(left, right) == Some(std::cmp::Ordering::Equal));
        }
        match (left, right) {
            (Value::Null, Value::Null) => return Ok(true),
            (Value::Null, _) | (_, Value::Null) => return Ok(false),
            (Value::Text(left), Value::Text(right)) => return Ok(left == right),
            (Value::Bool(left), Value::Bool(right)) => return Ok(left == right),
            _ => {}
        }
        if java::same_class(left, right) {
            let mut budget = Budget::default();
            let before = budget.left;
            let same = equal(left, right, &mut budget);
            let spent = self.heap.spend(u64::from(before - budget.left));
            return spent.map(|()| same).map_err(|refusal| self.refused(refusal, 0));
        }
        Ok(self.text_of(left, 0)? == self.text_of(right, 0)?)
    }
}

fn ordered(operator: Operator, order: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// A literal's value.
pub(super) fn constant_value<'d>(constant: &Constant) -> Value<'d> {
    match constant {
        Constant::Bool(value) => Value::Bool(*value),
        Constant::Int(value) => Value::Int(*value),
        Constant::Long(value) => Value::Long(*value),
        Constant::Big(value) => Value::Big(Rc::new((**value).clone())),
        Constant::Double(value) => Value::Double(*value),
        Constant::Text(text) => Value::Text(Arc::clone(text).into()),
    }
}

fn chopped(mut text: String, chop: bool) -> String {
    if chop {
        text.pop();
    }
    text
}
