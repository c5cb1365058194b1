//! The functions that an expression can call.

use serde_json::Value;

use super::is_same;

/// A function of `JMESPath`.
#[derive(Debug)]
pub(in crate::native::explain) struct Function {
    pub(super) name: &'static str,
    /// How many arguments it takes; none where it takes any number.
    pub(super) arity: Option<usize>,
    work: fn(&'static str, &[Value]) -> Result<Value, String>,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Function {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }

    pub(super) fn call(&self, arguments: &[Value]) -> Result<Value, String> {
        (self.work)(self.name, arguments)
    }
}

static FUNCTIONS: [Function; 14] = [
    Function { name: "abs", arity: Some(1), work: |name, of| number(name, of, f64::abs) },
    Function { name: "avg", arity: Some(1), work: average },
    Function { name: "ceil", arity: Some(1), work: |name, of| number(name, of, f64::ceil) },
    Function { name: "contains", arity: Some(2), work: contains },
    Function {
        name: "ends_with",
        arity: Some(2),
        work: |name, of| text(name, of, |text, end| text.ends_with(end)),
    },
    Function { name: "floor", arity: Some(1), work: |name, of| number(name, of, f64::floor) },
    Function { name: "length", arity: Some(1), work: length },
    Function { name: "max", arity: Some(1), work: |name, of| best(name, of, f64::max) },
    Function { name: "min", arity: Some(1), work: |name, of| best(name, of, f64::min) },
    Function { name: "not_null", arity: None, work: |_, of| Ok(not_null(of)) },
    Function {
        name: "starts_with",
        arity: Some(2),
        work: |name, of| text(name, of, |text, start| text.starts_with(start)),
    },
    Function {
        name: "sum",
        arity: Some(1),
        work: |name, of| Ok(numbers(name, of)?.iter().sum::<f64>().into()),
    },
    Function { name: "to_number", arity: Some(1), work: |_, of| Ok(to_number(&of[0])) },
    Function { name: "type", arity: Some(1), work: |_, of| Ok(kind(&of[0]).into()) },
];

fn number(name: &str, of: &[Value], work: fn(f64) -> f64) -> Result<Value, String> {
    let number = of[0].as_f64().ok_or_else(|| wrong(name, "a number", &of[0]))?;
    Ok(work(number).into())
}

fn text(name: &str, of: &[Value], work: fn(&str, &str) -> bool) -> Result<Value, String> {
    let read = |value: &'_ Value| match value {
        Value::String(text) => Ok(text.clone()),
        other => Err(wrong(name, "a text", other)),
    };
    Ok(work(&read(&of[0])?, &read(&of[1])?).into())
}

fn numbers(name: &str, of: &[Value]) -> Result<Vec<f64>, String> {
    let items = of[0].as_array().ok_or_else(|| wrong(name, "a list of numbers", &of[0]))?;
    let numbers: Option<Vec<f64>> = items.iter().map(Value::as_f64).collect();
    numbers.ok_or_else(|| format!("`{name}` takes a list of numbers, not a list of others"))
}

/// Null of an empty list.
fn best(name: &str, of: &[Value], better: fn(f64, f64) -> f64) -> Result<Value, String> {
    Ok(numbers(name, of)?.into_iter().reduce(better).map_or(Value::Null, Value::from))
}

fn average(name: &'static str, of: &[Value]) -> Result<Value, String> {
    let numbers = numbers(name, of)?;
    let count = numbers.len() as f64;
    Ok(if numbers.is_empty() { Value::Null } else { (numbers.iter().sum::<f64>() / count).into() })
}

fn contains(name: &'static str, of: &[Value]) -> Result<Value, String> {
    match &of[0] {
        Value::Array(items) => Ok(items.iter().any(|item| is_same(item, &of[1])).into()),
        Value::String(text) => Ok(of[1].as_str().is_some_and(|part| text.contains(part)).into()),
        other => Err(wrong(name, "a list or a text", other)),
    }
}

fn length(name: &'static str, of: &[Value]) -> Result<Value, String> {
    match &of[0] {
        Value::Array(items) => Ok(items.len().into()),
        Value::Object(members) => Ok(members.len().into()),
        Value::String(text) => Ok(text.chars().count().into()),
        other => Err(wrong(name, "a list, an object or a text", other)),
    }
}

fn not_null(of: &[Value]) -> Value {
    of.iter().find(|value| !value.is_null()).cloned().unwrap_or_default()
}

fn to_number(of: &Value) -> Value {
    match of {
        Value::Number(_) => of.clone(),
        Value::String(text) => text.parse::<f64>().map_or(Value::Null, Value::from),
        _ => Value::Null,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn wrong(name: &str, takes: &str, found: &Value) -> String {
    let found = kind(found);
    let article = if found == "null" {
        ""
    } else if matches!(found, "array" | "object") {
        "an "
    } else {
        "a "
    };
    format!("`{name}` takes {takes}, not {article}{found}")
}
