//! JSON bodies in: wire names become members' names, and every value takes its shape's form.
//!
//! Types are checked here, constraints in `validate`.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Number, Value};

use crate::{
    Fault, Service, ShapeId,
    table::{Kind, Location, Member, Structure, TimestampFormat},
    timestamps,
};

/// Bodies that nest deeper than this are refused, before anything is built from them.
const DEPTH_MAX: usize = 64;

/// Parses a body; an empty one is an empty object.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Fault> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    if depth(body) > DEPTH_MAX {
        let text = format!("the body nests deeper than {DEPTH_MAX} levels; send a flatter one");
        return Err(Fault::serialization(text));
    }
    serde_json::from_slice(body)
        .map_err(|error| Fault::serialization(format!("the body is not valid JSON: {error}")))
}

/// How deep brackets nest outside of strings.
fn depth(body: &[u8]) -> usize {
    let (mut now, mut most) = (0usize, 0);
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => now += 1,
            b'}' | b']' => now = now.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

/// Reads the members of `structure` that stand in the body. Unknown members and nulls are
/// dropped.
pub(crate) fn members(
    service: &Service,
    structure: &Structure,
    body: Value,
) -> Result<Map<String, Value>, Fault> {
    let Value::Object(mut body) = body else {
        return Err(Fault::serialization(unexpected(&body, "a structure")));
    };
    let mut params = Map::new();
    for member in structure.members.iter().filter(|m| m.location == Location::Body) {
        match body.remove(member.wire_name) {
            None | Some(Value::Null) => {}
            Some(value) => {
                params.insert(member.name.to_owned(), member_value(service, member, value)?);
            }
        }
    }
    Ok(params)
}

/// Reads a member's value.
pub(crate) fn member_value(
    service: &Service,
    member: &Member,
    value: Value,
) -> Result<Value, Fault> {
    shape_value(service, member.shape, member.timestamp, value)
}

fn shape_value(
    service: &Service,
    id: ShapeId,
    timestamp: Option<TimestampFormat>,
    value: Value,
) -> Result<Value, Fault> {
    let kind = &service.shape(id).kind;
    match (kind, value) {
        (Kind::Structure(structure), value @ Value::Object(_)) => {
            members(service, structure, value).map(Value::Object)
        }
        (Kind::List(element), Value::Array(items)) => list(service, *element, items),
        (Kind::Map(_, element), Value::Object(entries)) => map(service, *element, entries),
        (Kind::Timestamp(own), value) => {
            let format = timestamp.or(*own).unwrap_or(TimestampFormat::EpochSeconds);
            let seconds = timestamps::from_json(&value, format);
            seconds.map(timestamps::number).ok_or_else(|| mismatch(kind, &value))
        }
        (Kind::Integer | Kind::Long, Value::Number(number)) => whole(kind, number),
        (Kind::Float | Kind::Double, Value::String(text)) if is_special(&text) => {
            Ok(Value::String(text))
        }
        (Kind::Blob, Value::String(text)) if BASE64_STANDARD.decode(&text).is_err() => {
            Err(Fault::serialization("a blob must be base64 with padding"))
        }
        (Kind::String | Kind::Blob, value @ Value::String(_))
        | (Kind::Float | Kind::Double, value @ Value::Number(_))
        | (Kind::Boolean, value @ Value::Bool(_))
        | (Kind::Document, value) => Ok(value),
        (_, value) => Err(mismatch(kind, &value)),
    }
}

/// The three floats that JSON has no number for.
pub(crate) fn is_special(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

fn list(service: &Service, element: ShapeId, items: Vec<Value>) -> Result<Value, Fault> {
    let items = items.into_iter().filter(|item| !item.is_null());
    items.map(|item| shape_value(service, element, None, item)).collect()
}

fn map(service: &Service, element: ShapeId, entries: Map<String, Value>) -> Result<Value, Fault> {
    let entries = entries.into_iter().filter(|(_, value)| !value.is_null());
    let read = entries.map(|(key, value)| Ok((key, shape_value(service, element, None, value)?)));
    read.collect::<Result<_, _>>().map(Value::Object)
}

fn whole(kind: &Kind, number: Number) -> Result<Value, Fault> {
    let value = number.as_i64().or_else(|| {
        number.as_f64().filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map(|v| v as i64)
    });
    let fits = |v: &i64| matches!(kind, Kind::Long) || i32::try_from(*v).is_ok();
    value.filter(fits).map(Value::from).ok_or_else(|| mismatch(kind, &Value::Number(number)))
}

fn mismatch(kind: &Kind, value: &Value) -> Fault {
    Fault::serialization(unexpected(value, name_of(kind)))
}

fn unexpected(value: &Value, wanted: &str) -> String {
    let token = match value {
        Value::Object(_) => {
            return "Start of structure or map found where not expected.".to_owned();
        }
        Value::Array(_) => return "Start of list found where not expected".to_owned(),
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
    };
    format!("{token} can not be converted to {wanted}")
}

fn name_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Structure(_) => "a structure",
        Kind::List(_) => "a list",
        Kind::Map(..) => "a map",
        Kind::String => "a String",
        Kind::Integer => "an Integer",
        Kind::Long => "a Long",
        Kind::Float => "a Float",
        Kind::Double => "a Double",
        Kind::Boolean => "a Boolean",
        Kind::Timestamp(_) => "milliseconds since epoch",
        Kind::Blob => "a Blob",
        Kind::Document => "a Document",
    }
}
