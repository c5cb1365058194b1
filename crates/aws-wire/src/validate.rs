//! Holds parameters to their shapes' constraints and says every violation in AWS's words.

use serde_json::{Map, Value};

use crate::{
    Fault, Service, ShapeId, patterns,
    table::{Kind, Shape, Structure},
};

/// More violations than this are not counted: a list can hold very many.
const VIOLATIONS_MAX: usize = 100;
/// How much of a value an error repeats, in characters.
const SHOWN_CHARS_MAX: usize = 1024;

/// Checks the members of `structure`; `payload` is the length of a body that is a blob, and the
/// member that it is.
pub(crate) fn check(
    service: &Service,
    structure: &Structure,
    params: &Map<String, Value>,
    payload: Option<(&str, usize)>,
) -> Result<(), Fault> {
    let mut violations = Violations { service, found: Vec::new(), payload };
    violations.structure(structure, params, "");
    let found = violations.found;
    if found.is_empty() {
        return Ok(());
    }
    let count = found.len();
    let errors = if count == 1 { "error" } else { "errors" };
    let text = format!("{count} validation {errors} detected: {}", found.join("; "));
    Err(Fault::new(service.validation_code, text))
}

struct Violations<'a> {
    service: &'a Service,
    found: Vec<String>,
    payload: Option<(&'a str, usize)>,
}

impl Violations<'_> {
    fn structure(&mut self, structure: &Structure, params: &Map<String, Value>, path: &str) {
        for member in structure.members {
            let path = joined(path, &lower_first(member.name));
            match (params.get(member.name), self.payload) {
                (Some(value), _) => self.value(member.shape, value, &path),
                (None, Some((name, len))) if name == member.name => {
                    self.blob(member.shape, len, &path);
                }
                (None, _) if member.required => {
                    self.add(&format!("Value null at '{path}'"), "Member must not be null");
                }
                (None, _) => {}
            }
        }
    }

    fn value(&mut self, id: ShapeId, value: &Value, path: &str) {
        let shape = self.service.shape(id);
        for violation in broken(shape, value) {
            self.add(&format!("Value '{}' at '{path}'", shown(value)), &violation);
        }
        match (&shape.kind, value) {
            (Kind::Structure(structure), Value::Object(params)) => {
                self.structure(structure, params, path);
            }
            (Kind::List(element), Value::Array(items)) => self.list(*element, items, path),
            (Kind::Map(key, element), Value::Object(entries)) => {
                self.map(*key, *element, entries, path);
            }
            _ => {}
        }
    }

    /// Structures are named one by one; of simple elements the list as a whole is refused.
    fn list(&mut self, element: ShapeId, items: &[Value], path: &str) {
        let shape = self.service.shape(element);
        if is_compound(shape) {
            for (i, item) in items.iter().enumerate().take(self.room(items.len())) {
                self.value(element, item, &format!("{path}.{}.member", i + 1));
            }
        } else if items.iter().any(|item| !broken(shape, item).is_empty()) {
            let text = format!("Member must satisfy constraint: [{}]", all_of(shape));
            self.add(&format!("Value '{}' at '{path}'", shown_list(items)), &text);
        }
    }

    fn map(&mut self, key: ShapeId, element: ShapeId, entries: &Map<String, Value>, path: &str) {
        let (key, shape) = (self.service.shape(key), self.service.shape(element));
        let subject = || format!("Value '{}' at '{path}'", shown_map(entries));
        if entries.keys().any(|text| !broken(key, &Value::String(text.clone())).is_empty()) {
            self.add(&subject(), &format!("Map keys must satisfy constraint: [{}]", all_of(key)));
        }
        if is_compound(shape) {
            for (name, value) in entries.iter().take(self.room(entries.len())) {
                self.value(element, value, &format!("{path}.{name}.member"));
            }
        } else if entries.values().any(|value| !broken(shape, value).is_empty()) {
            self.add(
                &subject(),
                &format!("Map value must satisfy constraint: [{}]", all_of(shape)),
            );
        }
    }

    fn blob(&mut self, id: ShapeId, len: usize, path: &str) {
        for violation in broken_length(self.service.shape(id), len) {
            let subject = format!("java.nio.HeapByteBuffer[pos=0 lim={len} cap={len}]");
            self.add(&format!("Value '{subject}' at '{path}'"), &violation);
        }
    }

    fn add(&mut self, subject: &str, constraint: &str) {
        if self.found.len() < VIOLATIONS_MAX {
            self.found.push(format!("{subject} failed to satisfy constraint: {constraint}"));
        }
    }

    /// How many elements are still worth a look.
    fn room(&self, wanted: usize) -> usize {
        if self.found.len() < VIOLATIONS_MAX { wanted } else { 0 }
    }
}

fn is_compound(shape: &Shape) -> bool {
    matches!(shape.kind, Kind::Structure(_) | Kind::List(_) | Kind::Map(..))
}

/// Which of the shape's own constraints the value breaks.
fn broken(shape: &Shape, value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => broken_text(shape, text),
        Value::Number(number) => broken_range(shape, number.as_f64().unwrap_or(f64::NAN)),
        Value::Array(items) => broken_length(shape, items.len()),
        Value::Object(entries) if matches!(shape.kind, Kind::Map(..)) => {
            broken_length(shape, entries.len())
        }
        _ => Vec::new(),
    }
}

fn broken_text(shape: &Shape, text: &str) -> Vec<String> {
    if matches!(shape.kind, Kind::Blob) {
        return broken_length(shape, base64_len(text));
    }
    if !matches!(shape.kind, Kind::String) {
        return Vec::new();
    }
    let pattern = shape.pattern.filter(|pattern| !patterns::satisfies(text, pattern));
    let mut broken = pattern.map(pattern_text).into_iter().collect::<Vec<_>>();
    broken.extend(broken_length(shape, text.chars().count()));
    if !shape.values.is_empty() && !shape.values.contains(&text) {
        broken.push(values_text(shape.values));
    }
    broken
}

fn broken_length(shape: &Shape, len: usize) -> Vec<String> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let low = shape.min.filter(|min| len < *min).map(min_length_text);
    let high = shape.max.filter(|max| len > *max).map(max_length_text);
    low.into_iter().chain(high).collect()
}

fn broken_range(shape: &Shape, value: f64) -> Vec<String> {
    if matches!(shape.kind, Kind::Timestamp(_)) {
        return Vec::new();
    }
    let low = shape.min.filter(|min| value < *min as f64).map(min_value_text);
    let high = shape.max.filter(|max| value > *max as f64).map(max_value_text);
    low.into_iter().chain(high).collect()
}

fn pattern_text(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

fn values_text(values: &[&str]) -> String {
    format!("Member must satisfy enum value set: [{}]", values.join(", "))
}

fn min_length_text(min: i64) -> String {
    format!("Member must have length greater than or equal to {min}")
}

fn max_length_text(max: i64) -> String {
    format!("Member must have length less than or equal to {max}")
}

fn min_value_text(min: i64) -> String {
    format!("Member must have value greater than or equal to {min}")
}

fn max_value_text(max: i64) -> String {
    format!("Member must have value less than or equal to {max}")
}

/// All constraints of a simple shape, in AWS's order.
fn all_of(shape: &Shape) -> String {
    let by_length = matches!(shape.kind, Kind::String | Kind::Blob);
    let max = |max| if by_length { max_length_text(max) } else { max_value_text(max) };
    let min = |min| if by_length { min_length_text(min) } else { min_value_text(min) };
    let values = (!shape.values.is_empty()).then(|| values_text(shape.values));
    let parts = [shape.max.map(max), shape.min.map(min), values, shape.pattern.map(pattern_text)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// How many bytes padded base64 stands for.
fn base64_len(text: &str) -> usize {
    let padding = text.bytes().rev().take_while(|b| *b == b'=').count();
    (text.len() / 4 * 3).saturating_sub(padding)
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| {
        let mut text = first.to_ascii_lowercase().to_string();
        text.push_str(chars.as_str());
        text
    })
}

/// A value as Java prints it, cut where it gets long.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => cut(text),
        Value::Array(items) => shown_list(items),
        Value::Object(entries) => shown_map(entries),
        other => other.to_string(),
    }
}

fn shown_list(items: &[Value]) -> String {
    let shown = items.iter().take(SHOWN_CHARS_MAX).map(shown).collect::<Vec<_>>();
    cut(&format!("[{}]", shown.join(", ")))
}

fn shown_map(entries: &Map<String, Value>) -> String {
    let entries = entries.iter().take(SHOWN_CHARS_MAX);
    let shown = entries.map(|(key, value)| format!("{key}={}", shown(value))).collect::<Vec<_>>();
    cut(&format!("{{{}}}", shown.join(", ")))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
