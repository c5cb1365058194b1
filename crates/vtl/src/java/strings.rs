//! Owns the methods of `String`: which there are and what they take. How text is cut and searched in
//! Java's units is `texts`' business, patterns are `regex`'s.

use std::rc::Rc;

use super::texts::{self, Units};
use super::{Called, items, null_argument};
use crate::eval::{Heap, Refusal};
use crate::value::{Inner, List, ListKind, Text, Value};

/// Calls a method of text.
pub(super) fn call<'d>(
    heap: &mut Heap<'d>,
    text: &Text<'d>,
    name: &str,
    arguments: &[Value<'d>],
) -> Called<'d> {
    // Most methods look at all of the text once.
    heap.spend(1 + text.as_str().len() as u64 / 64)?;
    match arguments {
        [] => without_arguments(heap, text, name),
        [one] => with_one(heap, text, name, one),
        [Value::Text(from), Value::Text(to)] => with_texts(heap, text, name, (from, to)),
        [Value::Inner(Inner::Char(from)), Value::Inner(Inner::Char(to))] if name == "replace" => {
            built(heap, text.as_str().replace(*from, to.encode_utf8(&mut [0; 4])))
        }
        [one, two] => with_two(heap, text, name, (one, two)),
        [
            Value::Bool(fold),
            Value::Int(at),
            Value::Text(other),
            Value::Int(from),
            Value::Int(count),
        ] if name == "regionMatches" => Ok(Some(Value::Bool(texts::region_matches(
            (text.as_str(), *at),
            (other.as_str(), *from),
            *count,
            *fold,
        )))),
        _ => Ok(None),
    }
}

fn built<'d>(heap: &mut Heap<'d>, text: String) -> Called<'d> {
    heap.build(text.len())?;
    Ok(Some(text.into()))
}

fn part<'d>(text: &Text<'d>, of: &str) -> Value<'d> {
    let start = of.as_ptr().addr() - text.as_str().as_ptr().addr();
    Value::Text(text.part(start..start + of.len()))
}

fn without_arguments<'d>(heap: &mut Heap<'d>, text: &Text<'d>, name: &str) -> Called<'d> {
    let s = text.as_str();
    Ok(Some(match name {
        "length" => Value::Int(Units::of(s).length()),
        "isEmpty" => Value::Bool(s.is_empty()),
        "isBlank" => Value::Bool(s.trim().is_empty()),
        "trim" => part(text, s.trim_matches(|c| c <= ' ')),
        "strip" => part(text, s.trim()),
        "stripLeading" => part(text, s.trim_start()),
        "stripTrailing" => part(text, s.trim_end()),
        "intern" => Value::Text(text.clone()),
        "toLowerCase" => return built(heap, s.to_lowercase()),
        "toUpperCase" => return built(heap, s.to_uppercase()),
        "toCharArray" => {
            let characters: Vec<_> =
                s.char_indices().map(|(at, c)| part(text, &s[at..at + c.len_utf8()])).collect();
            heap.build_items(characters.len())?;
            Value::List(Rc::new(List::new(ListKind::Array, characters)))
        }
        _ => return Ok(None),
    }))
}

/// The methods that take one text, and refuse null.
const TAKE_TEXT: [&str; 12] = [
    "contains",
    "startsWith",
    "endsWith",
    "contentEquals",
    "equalsIgnoreCase",
    "compareTo",
    "compareToIgnoreCase",
    "indexOf",
    "lastIndexOf",
    "concat",
    "matches",
    "split",
];

fn with_one<'d>(
    heap: &mut Heap<'d>,
    text: &Text<'d>,
    name: &str,
    argument: &Value<'d>,
) -> Called<'d> {
    if let Value::Int(number) = argument {
        return with_int(heap, text, name, *number);
    }
    if name == "valueOf" && !argument.is_null() {
        return heap.text(argument).map(|text| Some(text.into()));
    }
    if name == "equalsIgnoreCase" && argument.is_null() {
        return Ok(Some(Value::Bool(false)));
    }
    let Value::Text(other) = argument else {
        let refused = argument.is_null() && TAKE_TEXT.contains(&name);
        return if refused { Err(null_argument()) } else { Ok(None) };
    };
    let (s, other) = (text.as_str(), other.as_str());
    Ok(Some(match name {
        "contains" => Value::Bool(s.contains(other)),
        "startsWith" => Value::Bool(s.starts_with(other)),
        "endsWith" => Value::Bool(s.ends_with(other)),
        "contentEquals" => Value::Bool(s == other),
        "equalsIgnoreCase" => Value::Bool(s.to_lowercase() == other.to_lowercase()),
        "compareTo" => Value::Int(texts::compare(s, other)),
        "compareToIgnoreCase" => {
            Value::Int(texts::compare(&s.to_lowercase(), &other.to_lowercase()))
        }
        "indexOf" => Value::Int(Units::of(s).index(s.find(other))),
        "lastIndexOf" => Value::Int(Units::of(s).index(s.rfind(other))),
        "concat" => return built(heap, format!("{s}{other}")),
        "matches" => Value::Bool(heap.pattern(other)?.matches(s, heap)?),
        "split" => split(heap, text, other, 0)?,
        _ => return Ok(None),
    }))
}

fn with_int<'d>(heap: &mut Heap<'d>, text: &Text<'d>, name: &str, number: i32) -> Called<'d> {
    let s = text.as_str();
    let units = Units::of(s);
    Ok(Some(match name {
        "substring" => part(text, &s[units.range(number, units.length())?]),
        "charAt" => {
            let range = units.character(number)?;
            s[range].chars().next().map_or(Value::Null, |found| Value::Inner(Inner::Char(found)))
        }
        "codePointAt" => {
            let range = units.character(number)?;
            Value::Int(s[range].chars().next().map_or(0, |c| c as i32))
        }
        "indexOf" => Value::Int(units.index(texts::code_point(number).and_then(|c| s.find(c)))),
        "lastIndexOf" => {
            Value::Int(units.index(texts::code_point(number).and_then(|c| s.rfind(c))))
        }
        "repeat" => return repeated(heap, s, number),
        "valueOf" => number.to_string().into(),
        _ => return Ok(None),
    }))
}

fn repeated<'d>(heap: &mut Heap<'d>, text: &str, count: i32) -> Called<'d> {
    let Ok(count) = usize::try_from(count) else {
        return Err(Refusal::method(format!("the count {count} is negative")));
    };
    heap.build(text.len().saturating_mul(count))?;
    Ok(Some(text.repeat(count).into()))
}

fn with_texts<'d>(
    heap: &mut Heap<'d>,
    text: &Text<'d>,
    name: &str,
    (from, to): (&Text<'d>, &Text<'d>),
) -> Called<'d> {
    let (s, from, to) = (text.as_str(), from.as_str(), to.as_str());
    match name {
        "replace" => {
            // Between any two characters at worst, each of which is counted before it is copied.
            let times = if to.len() > from.len() { s.matches(from).count() } else { 0 };
            heap.build(s.len().saturating_add(times.saturating_mul(to.len())))?;
            Ok(Some(s.replace(from, to).into()))
        }
        "replaceAll" => {
            let replaced = heap.pattern(from)?.replace(s, to, usize::MAX, heap)?;
            Ok(Some(replaced.into()))
        }
        "replaceFirst" => {
            let replaced = heap.pattern(from)?.replace(s, to, 1, heap)?;
            Ok(Some(replaced.into()))
        }
        _ => Ok(None),
    }
}

fn with_two<'d>(
    heap: &mut Heap<'d>,
    text: &Text<'d>,
    name: &str,
    arguments: (&Value<'d>, &Value<'d>),
) -> Called<'d> {
    let s = text.as_str();
    let units = Units::of(s);
    Ok(Some(match (name, arguments) {
        ("substring" | "subSequence", (Value::Int(from), Value::Int(to))) => {
            part(text, &s[units.range(*from, *to)?])
        }
        ("split", (Value::Text(pattern), Value::Int(limit))) => {
            split(heap, text, pattern.as_str(), *limit)?
        }
        ("indexOf", (Value::Text(other), Value::Int(from))) => {
            let start = units.clamped(*from);
            Value::Int(units.index(s[start..].find(other.as_str()).map(|at| start + at)))
        }
        ("startsWith", (Value::Text(other), Value::Int(from))) => {
            let inside = (0..=units.length()).contains(from);
            Value::Bool(inside && s[units.clamped(*from)..].starts_with(other.as_str()))
        }
        ("join", (Value::Text(separator), list)) => return joined(heap, separator.as_str(), list),
        ("replaceAll", (Value::Text(pattern), Value::Null)) => {
            // Java does not look at the replacement before there is something to replace.
            match heap.pattern(pattern.as_str())?.find(s, 0, heap)? {
                Some(_) => return Err(null_argument()),
                None => Value::Text(text.clone()),
            }
        }
        (
            "replace" | "replaceAll" | "replaceFirst",
            (Value::Null, Value::Null | Value::Text(_)) | (Value::Text(_), Value::Null),
        ) => return Err(null_argument()),
        _ => return Ok(None),
    }))
}

fn joined<'d>(heap: &mut Heap<'d>, separator: &str, list: &Value<'d>) -> Called<'d> {
    let Some(parts) = items(list.clone()) else { return Ok(None) };
    let mut out = String::new();
    for (at, item) in parts.enumerate() {
        let item = match &item {
            Value::Null => "null",
            Value::Text(text) => text.as_str(),
            _ => return Err(Refusal::method("only texts can be joined")),
        };
        let separator = if at > 0 { separator } else { "" };
        heap.build(separator.len() + item.len())?;
        out.push_str(separator);
        out.push_str(item);
    }
    Ok(Some(out.into()))
}

/// Java's `split`: a limit above 0 ends it early, 0 drops empty parts at the end, below 0 keeps all.
fn split<'d>(
    heap: &mut Heap<'d>,
    text: &Text<'d>,
    pattern: &str,
    limit: i32,
) -> Result<Value<'d>, Refusal> {
    let parts_max = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let mut parts = match texts::literal_pattern(pattern).filter(char::is_ascii) {
        Some(separator) => parts_between(text, separator as u8, parts_max),
        None => parts_by_pattern(heap, text, pattern, parts_max)?,
    };
    let empty = |part: &Value<'_>| part.as_text() == Some("");
    while limit == 0 && parts.len() > 1 && parts.last().is_some_and(empty) {
        parts.pop();
    }
    heap.build_items(parts.len())?;
    Ok(Value::List(Rc::new(List::new(ListKind::Array, parts))))
}

/// What is between the separators, an ASCII character.
fn parts_between<'d>(text: &Text<'d>, separator: u8, parts_max: usize) -> Vec<Value<'d>> {
    let bytes = text.as_str().as_bytes();
    let separators = memchr::memchr_iter(separator, bytes);
    let count = (separators.clone().count() + 1).min(parts_max);
    let mut parts = Vec::with_capacity(count.next_power_of_two());
    let mut start = 0;
    for at in separators.take(parts_max - 1) {
        parts.push(Value::Text(text.part(start..at)));
        start = at + 1;
    }
    parts.push(Value::Text(text.part(start..bytes.len())));
    parts
}

fn parts_by_pattern<'d>(
    heap: &mut Heap<'d>,
    text: &Text<'d>,
    pattern: &str,
    parts_max: usize,
) -> Result<Vec<Value<'d>>, Refusal> {
    let s = text.as_str();
    let regex = heap.pattern(pattern)?;
    let mut parts = Vec::new();
    let mut start = 0;
    let mut from = 0;
    while parts.len() + 1 < parts_max {
        let Some((at, end)) = regex.find(s, from, heap)? else { break };
        from = if end == at { texts::next_boundary(s, end) } else { end };
        // A match of nothing at the start makes no empty part, and one at the end none at all.
        if end > 0 && !(end == at && at == s.len()) {
            parts.push(Value::Text(text.part(start..at)));
            start = end;
        }
        if from > s.len() {
            break;
        }
    }
    parts.push(Value::Text(text.part(start..s.len())));
    Ok(parts)
}
