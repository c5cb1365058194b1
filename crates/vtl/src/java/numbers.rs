//! Owns arithmetic, comparison and the methods of numbers and booleans, with Java's rules for which
//! type comes out: the larger of the two, and a larger one still where it does not fit.

use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::BigInt;

use super::{Called, same_type, text_of};
use crate::eval::{Heap, Refusal};
use crate::program::Operator;
use crate::value::Value;

/// How many bits a big integer may have; squaring one over and over must end.
const BITS_MAX: u64 = 1 << 16;

enum Pair {
    Long { left: i64, right: i64, int: bool },
    Big(BigInt, BigInt),
    Double(f64, f64),
}

/// What two numbers are calculated as; none where one is no number. Big integers and doubles
/// together are calculated as doubles, where Java has its decimals.
fn pair(left: &Value<'_>, right: &Value<'_>) -> Option<Pair> {
    if !left.is_number() || !right.is_number() {
        return None;
    }
    if matches!(left, Value::Double(_)) || matches!(right, Value::Double(_)) {
        return Some(Pair::Double(double(left), double(right)));
    }
    if let (Some(a), Some(b)) = (long(left), long(right)) {
        let int = matches!((left, right), (Value::Int(_), Value::Int(_)));
        return Some(Pair::Long { left: a, right: b, int });
    }
    Some(Pair::Big(big(left), big(right)))
}

fn long(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(value) => Some(i64::from(*value)),
        Value::Long(value) => Some(*value),
        _ => None,
    }
}

fn big(value: &Value<'_>) -> BigInt {
    match value {
        Value::Big(value) => (**value).clone(),
        value => long(value).unwrap_or_default().into(),
    }
}

fn double(value: &Value<'_>) -> f64 {
    match value {
        Value::Double(value) => *value,
        Value::Big(value) => value.to_string().parse().unwrap_or(f64::NAN),
        value => long(value).unwrap_or_default() as f64,
    }
}

/// The number as Java's `intValue` has it: the low bits of an integer, a double cut to the range.
pub(crate) fn int_value(value: &Value<'_>) -> Option<i32> {
    match value {
        Value::Double(value) => Some(*value as i32),
        Value::Big(_) => long_value(value).map(|value| value as i32),
        value => long(value).map(|value| value as i32),
    }
}

fn long_value(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Double(value) => Some(*value as i64),
        Value::Big(value) => {
            let low = value.iter_u64_digits().next().unwrap_or_default() as i64;
            let negative = value.sign() == num_bigint::Sign::Minus;
            Some(if negative { low.wrapping_neg() } else { low })
        }
        value => long(value),
    }
}

/// How two numbers compare; none where one is no number, or not a number.
pub(crate) fn compare(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match pair(left, right)? {
        Pair::Long { left, right, .. } => Some(left.cmp(&right)),
        Pair::Big(left, right) => Some(left.cmp(&right)),
        Pair::Double(left, right) => left.partial_cmp(&right),
    }
}

/// Calculates; null where an operand is no number, or for a division by zero.
pub(crate) fn arithmetic<'d>(
    heap: &mut Heap<'d>,
    operator: Operator,
    left: &Value<'d>,
    right: &Value<'d>,
) -> Result<Value<'d>, Refusal> {
    Ok(match pair(left, right) {
        None => Value::Null,
        Some(Pair::Double(left, right)) => doubles(operator, left, right),
        Some(Pair::Long { right: 0, .. }) if divides(operator) => Value::Null,
        Some(Pair::Long { left, right, int }) => match longs(operator, left, right) {
            Some(value) => fitted(value, int),
            None => bigs(heap, operator, &left.into(), &right.into())?,
        },
        Some(Pair::Big(left, right)) => bigs(heap, operator, &left, &right)?,
    })
}

fn fitted<'d>(value: i64, int: bool) -> Value<'d> {
    match i32::try_from(value) {
        Ok(small) if int => Value::Int(small),
        _ => Value::Long(value),
    }
}

fn divides(operator: Operator) -> bool {
    matches!(operator, Operator::Divide | Operator::Modulo)
}

/// None on overflow. The divisor is not zero.
fn longs(operator: Operator, left: i64, right: i64) -> Option<i64> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => Some(left.wrapping_div(right)),
        _ => Some(left.wrapping_rem(right)),
    }
}

fn doubles<'d>(operator: Operator, left: f64, right: f64) -> Value<'d> {
    Value::Double(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide if right != 0.0 => left / right,
        Operator::Modulo if right != 0.0 => left % right,
        _ => return Value::Null,
    })
}

fn bigs<'d>(
    heap: &mut Heap<'d>,
    operator: Operator,
    left: &BigInt,
    right: &BigInt,
) -> Result<Value<'d>, Refusal> {
    let zero = BigInt::default();
    if left.bits() + right.bits() > BITS_MAX {
        return Err(Refusal::limit(format!("a number has more than {BITS_MAX} bits")));
    }
    heap.spend(1 + (left.bits() * right.bits()) / 65536)?;
    heap.build((left.bits() + right.bits()) as usize / 8)?;
    let value = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide if *right != zero => left / right,
        // Java's `mod` refuses a negative modulus and is never negative itself.
        Operator::Modulo if *right > zero => ((left % right) + right) % right,
        Operator::Modulo if *right < zero => {
            return Err(Refusal::method("the modulus is not positive"));
        }
        _ => return Ok(Value::Null),
    };
    Ok(Value::Big(Rc::new(value)))
}

/// Calls a method of a number.
pub(super) fn call<'d>(
    heap: &mut Heap<'d>,
    number: &Value<'d>,
    name: &str,
    arguments: &[Value<'d>],
) -> Called<'d> {
    Ok(match (name, arguments) {
        ("intValue", []) => int_value(number).map(Value::Int),
        ("longValue", []) => long_value(number).map(Value::Long),
        ("shortValue", []) => int_value(number).map(|value| Value::Int(i32::from(value as i16))),
        ("byteValue", []) => int_value(number).map(|value| Value::Int(i32::from(value as i8))),
        ("doubleValue", []) => Some(Value::Double(double(number))),
        ("floatValue", []) => Some(Value::Double(float(double(number)))),
        ("isNaN", []) => is_double(number, f64::is_nan),
        ("isInfinite", []) => is_double(number, f64::is_infinite),
        ("compareTo", [other]) => compare(number, other).map(|order| Value::Int(order as i32)),
        ("max" | "min" | "sum", [a, b]) => of_two(heap, name, a, b)?,
        ("toHexString" | "toBinaryString" | "toOctalString", [Value::Int(value)]) => {
            Some(in_base(name, *value).into())
        }
        (_, [text]) => return parsed(number, name, text),
        _ => None,
    })
}

/// What a double is when Java keeps it as a float.
fn float(value: f64) -> f64 {
    let short = value as f32;
    short.to_string().parse().unwrap_or(f64::from(short))
}

fn is_double<'d>(number: &Value<'d>, test: fn(f64) -> bool) -> Option<Value<'d>> {
    match number {
        Value::Double(value) => Some(Value::Bool(test(*value))),
        _ => None,
    }
}

fn of_two<'d>(
    heap: &mut Heap<'d>,
    name: &str,
    a: &Value<'d>,
    b: &Value<'d>,
) -> Result<Option<Value<'d>>, Refusal> {
    let Some(order) = compare(a, b) else { return Ok(None) };
    Ok(Some(match name {
        "sum" => arithmetic(heap, Operator::Add, a, b)?,
        "max" if order.is_lt() => b.clone(),
        "min" if order.is_gt() => b.clone(),
        _ => a.clone(),
    }))
}

fn in_base(name: &str, value: i32) -> String {
    match name {
        "toHexString" => format!("{value:x}"),
        "toBinaryString" => format!("{value:b}"),
        _ => format!("{value:o}"),
    }
}

/// The static methods that read a number from text, which templates reach through any number.
fn parsed<'d>(number: &Value<'d>, name: &str, argument: &Value<'d>) -> Called<'d> {
    let read: fn(&str) -> Option<Value<'d>> = match (number, name) {
        (Value::Int(_), "parseInt" | "valueOf") => |text: &str| text.parse().ok().map(Value::Int),
        (Value::Long(_), "parseLong" | "valueOf") => {
            |text: &str| text.parse().ok().map(Value::Long)
        }
        (Value::Double(_), "parseDouble" | "valueOf") => {
            |text: &str| text.trim().parse().ok().map(Value::Double)
        }
        (_, "toString") => {
            let text = argument.is_number().then(|| argument.to_string().into());
            return Ok(text);
        }
        _ => return Ok(None),
    };
    if name == "valueOf" && same_type(number, argument) {
        return Ok(Some(argument.clone()));
    }
    let Some(text) = text_of(argument)? else { return Ok(None) };
    match read(text) {
        Some(value) => Ok(Some(value)),
        None => Err(Refusal::method(format!("`{text}` is no number"))),
    }
}

/// Calls a method of a boolean.
pub(super) fn call_bool<'d>(
    heap: &mut Heap<'d>,
    value: bool,
    name: &str,
    arguments: &[Value<'d>],
) -> Called<'d> {
    heap.spend(1)?;
    Ok(match (name, arguments) {
        ("booleanValue", []) => Some(Value::Bool(value)),
        ("compareTo", [Value::Bool(other)]) => Some(Value::Int(value.cmp(other) as i32)),
        ("parseBoolean" | "valueOf", [Value::Text(text)]) => {
            Some(Value::Bool(text.as_str().eq_ignore_ascii_case("true")))
        }
        ("logicalAnd", [Value::Bool(a), Value::Bool(b)]) => Some(Value::Bool(*a && *b)),
        ("logicalOr", [Value::Bool(a), Value::Bool(b)]) => Some(Value::Bool(*a || *b)),
        ("logicalXor", [Value::Bool(a), Value::Bool(b)]) => Some(Value::Bool(a != b)),
        _ => None,
    })
}
