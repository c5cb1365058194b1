//! Expressions in `JMESPath` (<https://jmespath.org/specification.html>), as far as they speak of one
//! prediction: fields, indexes, slices, literals, comparisons, logic, pipes and functions. What makes
//! lists of many values (wildcards, filters, flattening, multi-selects) is refused by name.
//!
//! `parse` reads expressions, `functions` are what they can call; here is what they mean.

mod functions;
mod parse;

use std::cmp::Ordering;

use serde_json::Value;

use functions::Function;

/// An expression that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// `@`: what the expression is evaluated of.
    Current,
    Literal(Value),
    Field(String),
    /// Counted from the end where it is negative.
    Index(i64),
    /// First, end and step, as in Python.
    Slice([Option<i64>; 3]),
    /// The second of what the first is.
    Then(Box<[Self; 2]>),
    Not(Box<Self>),
    And(Box<[Self; 2]>),
    Or(Box<[Self; 2]>),
    Compare(Comparison, Box<[Self; 2]>),
    Call(&'static Function, Vec<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Expression {
    /// Reads an expression; the error says what is wrong and where.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        parse::read(text)
    }

    /// What the expression is of a value. Only functions can fail.
    pub(super) fn of(&self, value: &Value) -> Result<Value, String> {
        Ok(match self {
            Self::Current => value.clone(),
            Self::Literal(literal) => literal.clone(),
            Self::Field(name) => value.get(name).cloned().unwrap_or_default(),
            Self::Index(index) => at(value, *index),
            Self::Slice(parts) => slice(value, *parts),
            Self::Then(parts) => parts[1].of(&parts[0].of(value)?)?,
            Self::Not(inner) => Value::Bool(!is_true(&inner.of(value)?)),
            Self::And(parts) => match parts[0].of(value)? {
                left if is_true(&left) => parts[1].of(value)?,
                left => left,
            },
            Self::Or(parts) => match parts[0].of(value)? {
                left if is_true(&left) => left,
                _ => parts[1].of(value)?,
            },
            Self::Compare(how, parts) => how.of(&parts[0].of(value)?, &parts[1].of(value)?),
            Self::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| argument.of(value));
                function.call(&arguments.collect::<Result<Vec<_>, _>>()?)?
            }
        })
    }
}

impl Comparison {
    /// Only numbers have an order; of anything else it is null.
    fn of(self, left: &Value, right: &Value) -> Value {
        let numbers = left.as_f64().zip(right.as_f64());
        let same = is_same(left, right);
        match (self, numbers) {
            (Self::Equal, _) => same.into(),
            (Self::Unequal, _) => (!same).into(),
            (_, None) => Value::Null,
            (Self::Less, Some((left, right))) => (left < right).into(),
            (Self::LessOrEqual, Some((left, right))) => (left <= right).into(),
            (Self::Greater, Some((left, right))) => (left > right).into(),
            (Self::GreaterOrEqual, Some((left, right))) => (left >= right).into(),
        }
    }
}

/// Whether two values are equal; numbers are, however they are written.
fn is_same(left: &Value, right: &Value) -> bool {
    match left.as_f64().zip(right.as_f64()) {
        Some((left, right)) => left.partial_cmp(&right) == Some(Ordering::Equal),
        None => left == right,
    }
}

/// Whether a value counts as true: not null, false or empty.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

fn at(value: &Value, index: i64) -> Value {
    let Some(items) = value.as_array() else { return Value::Null };
    let index = if index < 0 { index.saturating_add(items.len() as i64) } else { index };
    usize::try_from(index).ok().and_then(|index| items.get(index)).cloned().unwrap_or_default()
}

/// As in Python; steps of 0 were refused when the expression was read.
fn slice(value: &Value, [first, end, step]: [Option<i64>; 3]) -> Value {
    let Some(items) = value.as_array() else { return Value::Null };
    let (count, step) = (items.len() as i64, step.unwrap_or(1));
    let (lowest, highest) = if step > 0 { (0, count) } else { (-1, count - 1) };
    let bound = |given: Option<i64>, default: i64| {
        let from_start = |given: i64| if given < 0 { given.saturating_add(count) } else { given };
        given.map_or(default, |given| from_start(given).clamp(lowest, highest))
    };
    let (default_first, default_end) = if step > 0 { (lowest, highest) } else { (highest, lowest) };
    let (mut place, end) = (bound(first, default_first), bound(end, default_end));
    let mut chosen = Vec::new();
    while if step > 0 { place < end } else { place > end } {
        chosen.extend(usize::try_from(place).ok().and_then(|place| items.get(place)).cloned());
        place = place.saturating_add(step);
    }
    chosen.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What expressions are of one value; the expected values are those of jmespath.py.
    #[test]
    fn expressions_mean_what_the_specification_says() {
        let value: Value = serde_json::from_str(
            r#"{"a": {"b": [1, 2.5, -3]}, "c d": "text", "zero": 0, "none": null, "list": []}"#,
        )
        .expect("JSON");
        for (expression, expect) in [
            ("a.b[0]", "1"),
            ("a.b[-1]", "-3"),
            ("a.b[3]", "null"),
            ("a.b[1:]", "[2.5,-3]"),
            ("a.b[:-1]", "[1,2.5]"),
            ("a.b[::-1]", "[-3,2.5,1]"),
            ("a.b[::2]", "[1,-3]"),
            ("a.b[5:-9:-1]", "[-3,2.5,1]"),
            ("\"c d\"", "\"text\""),
            ("nope.nope", "null"),
            ("@.zero", "0"),
            ("a | b | [0]", "1"),
            ("a.b[0] == `1.0`", "true"),
            ("a.b[0] != `1`", "false"),
            ("a.b[1] >= `2.5` && a.b[1] <= `2.5`", "true"),
            ("'text' == \"c d\"", "true"),
            ("'text' < 'u'", "null"),
            ("zero || `5`", "0"),
            ("none || list || `5`", "5"),
            ("none && `5`", "null"),
            ("!none", "true"),
            ("!(zero == `0`)", "false"),
            ("!list && `true`", "true"),
            ("max(a.b)", "2.5"),
            ("min(a.b) < `-2`", "true"),
            ("sum(a.b)", "0.5"),
            ("avg(list)", "null"),
            ("length(a.b)", "3"),
            ("length('größe')", "5"),
            ("abs(a.b[2])", "3.0"),
            ("ceil(a.b[1]) == `3` && floor(a.b[1]) == `2`", "true"),
            ("contains(a.b, `2.5`)", "true"),
            ("contains('haystack', 'st')", "true"),
            ("starts_with('ab', 'a') && ends_with('ab', 'b')", "true"),
            ("not_null(none, zero)", "0"),
            ("to_number('2.5')", "2.5"),
            ("type(a)", "\"object\""),
            ("`{\"x\": [1]}`.x[0]", "1"),
        ] {
            let found = Expression::read(expression).and_then(|read| read.of(&value));
            let expect: Value = serde_json::from_str(expect).expect("JSON");
            assert_eq!(found, Ok(expect), "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_named_with_its_place() {
        for (expression, expect) in [
            ("", "it ends where an expression should begin, at character 1"),
            ("a ==", "it ends where an expression should begin, at character 5"),
            ("a b", "`b` is not expected, at character 3"),
            ("a.", "it ends where a name should stand, at character 3"),
            ("[0", "it ends where `]` should stand, at character 3"),
            ("[x]", "`x` stands where an index should, at character 2"),
            ("[::0]", "a step of 0, at character 2"),
            ("(a", "it ends where `)` should stand, at character 3"),
            ("`1", "it ends inside of a literal, at character 1"),
            ("'a", "it ends inside of a literal, at character 1"),
            ("nope(a)", "there is no function `nope`, at character 1"),
            ("max()", "`max` takes 1 argument, and here are 0, at character 1"),
            ("a = b", "`=` is not expected, at character 3"),
            ("[*]", "`[*]` makes a list of many values, which is not served, at character 1"),
            ("a[?b]", "`[?` makes a list of many values, which is not served, at character 2"),
            ("a[]", "`[]` makes a list of many values, which is not served, at character 2"),
            ("*", "`*` makes a list of many values, which is not served, at character 1"),
            ("{a: b}", "`{` makes a list of many values, which is not served, at character 1"),
        ] {
            assert_eq!(Expression::read(expression), Err(expect.to_owned()), "{expression}");
        }
    }

    #[test]
    fn functions_refuse_what_they_can_not_take() {
        let value = serde_json::json!({"text": "a", "list": [1, "b"]});
        for (expression, expect) in [
            ("abs(text)", "`abs` takes a number, not a string"),
            ("max(list)", "`max` takes a list of numbers, not a list of others"),
            ("contains(`1`, `1`)", "`contains` takes a list or a text, not a number"),
            ("length(`1`)", "`length` takes a list, an object or a text, not a number"),
        ] {
            let found = Expression::read(expression).and_then(|read| read.of(&value));
            assert_eq!(found, Err(expect.to_owned()), "{expression}");
        }
    }
}
