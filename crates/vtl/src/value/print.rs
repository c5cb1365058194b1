//! Owns how values are written: as Java's `toString` does, or as JSON where API Gateway does that.
//! What a write may cost is bounded by the length of the text it makes.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::rc::Rc;

use super::{Entry, Inner, Json, List, ListKind, Map, Value};
use crate::options::JsonLists;

/// How deep collections in collections are written; deeper ones hold themselves.
const DEPTH_MAX: u32 = 100;

/// What has become of borrowed JSON that a template changed, by the address of the node.
#[derive(Debug, Default)]
pub(crate) struct Overlay<'d>(HashMap<usize, Value<'d>>);

impl<'d> Overlay<'d> {
    /// The value itself, or what it was changed into.
    pub(crate) fn lift(&self, value: Value<'d>) -> Value<'d> {
        if self.0.is_empty() {
            return value;
        }
        match value {
            Value::Json(json) => self.0.get(&address(json)).cloned().unwrap_or(value),
            value => value,
        }
    }

    /// Whether nothing was changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the value was changed into, if it was.
    pub(crate) fn changed(&self, value: &Value<'d>) -> Option<Value<'d>> {
        match value {
            Value::Json(json) => self.0.get(&address(json)).cloned(),
            _ => None,
        }
    }

    /// A copy of a node that can be changed, and stands for the node from now on.
    pub(crate) fn own(&mut self, json: &'d Json<'d>) -> Value<'d> {
        let copy = match json {
            Json::Array(items) => {
                let items = items.iter().map(Value::json).collect();
                Value::List(Rc::new(List::new(ListKind::Json, items)))
            }
            Json::Object(members) => Value::map(
                members.iter().map(|(name, value)| (Value::text(name), Value::json(value))),
            ),
            _ => Value::json(json),
        };
        self.0.insert(address(json), copy.clone());
        copy
    }
}

fn address(json: &Json<'_>) -> usize {
    std::ptr::from_ref(json).addr()
}

/// Writes values to the end of a string that may not become longer than a limit. A write that would
/// fails with `fmt::Error`.
#[derive(Debug)]
pub(crate) struct Printer<'p, 'd> {
    out: &'p mut String,
    limit: usize,
    lists: JsonLists,
    overlay: &'p Overlay<'d>,
    depth: u32,
}

impl Write for Printer<'_, '_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        append(self.out, self.limit, text)
    }
}

/// Writes text to the end of a string that may not become longer than a limit.
#[inline]
pub(crate) fn append(out: &mut String, limit: usize, text: &str) -> fmt::Result {
    if out.len() + text.len() > limit {
        return Err(fmt::Error);
    }
    out.push_str(text);
    Ok(())
}

impl<'p, 'd> Printer<'p, 'd> {
    pub(crate) fn new(
        out: &'p mut String,
        limit: usize,
        lists: JsonLists,
        overlay: &'p Overlay<'d>,
    ) -> Self {
        Self { out, limit, lists, overlay, depth: 0 }
    }

    /// The value as `toString` writes it.
    pub(crate) fn value(&mut self, value: &Value<'d>) -> fmt::Result {
        match value {
            Value::Null => self.write_str("null"),
            Value::Bool(value) => self.write_str(if *value { "true" } else { "false" }),
            Value::Int(value) => self.write_str(itoa::Buffer::new().format(*value)),
            Value::Long(value) => self.write_str(itoa::Buffer::new().format(*value)),
            Value::Big(value) => write!(self, "{value}"),
            Value::Double(value) => write_double(*value, self),
            Value::Text(text) => self.write_str(text.as_str()),
            Value::Object(object) => object.write(self),
            _ => self.deeper(value),
        }
    }

    fn deeper(&mut self, value: &Value<'d>) -> fmt::Result {
        if self.depth == DEPTH_MAX {
            return Err(fmt::Error);
        }
        self.depth += 1;
        match self.overlay.lift(value.clone()) {
            Value::Json(json) => self.json_node(json),
            Value::List(list) => self.list(&list),
            Value::Map(map) => self.map(&map),
            Value::Inner(inner) => self.inner(&inner),
            _ => Ok(()),
        }?;
        self.depth -= 1;
        Ok(())
    }

    fn inner(&mut self, inner: &Inner<'d>) -> fmt::Result {
        match inner {
            Inner::Loop(scope) => self.map(&scope.storage),
            Inner::Entry(entry) => self.entry(entry),
            Inner::Char(character) => self.write_char(*character),
            Inner::Items(_) | Inner::Block(_) => Ok(()),
        }
    }

    fn entry(&mut self, entry: &Entry<'d>) -> fmt::Result {
        self.value(&entry.key)?;
        self.write_char('=')?;
        self.value(&entry.value())
    }

    fn list(&mut self, list: &Rc<List<'d>>) -> fmt::Result {
        if list.kind == ListKind::Json && self.lists == JsonLists::Json {
            return self.json_list(list.borrow().iter());
        }
        self.write_char('[')?;
        for (at, item) in list.borrow().iter().enumerate() {
            self.separator(at)?;
            match item {
                Value::List(inner) if Rc::ptr_eq(inner, list) => {
                    self.write_str("(this Collection)")?;
                }
                item => self.value(item)?,
            }
        }
        self.write_char(']')
    }

    fn map(&mut self, map: &Map<'d>) -> fmt::Result {
        self.write_char('{')?;
        for (at, (key, value)) in map.borrow().iter().enumerate() {
            self.separator(at)?;
            self.value(key)?;
            self.write_char('=')?;
            match value {
                Value::Map(inner) if std::ptr::eq(&raw const **inner, map) => {
                    self.write_str("(this Map)")?;
                }
                value => self.value(value)?,
            }
        }
        self.write_char('}')
    }

    fn separator(&mut self, at: usize) -> fmt::Result {
        if at > 0 { self.write_str(", ") } else { Ok(()) }
    }

    fn json_node(&mut self, json: &'d Json<'d>) -> fmt::Result {
        match json {
            Json::Array(items) if self.lists == JsonLists::Json => self.json_array(items),
            Json::Array(items) => {
                self.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    self.separator(at)?;
                    self.json(item)?;
                }
                self.write_char(']')
            }
            Json::Object(members) => {
                self.write_char('{')?;
                for (at, (name, value)) in members.iter().enumerate() {
                    self.separator(at)?;
                    self.write_str(name)?;
                    self.write_char('=')?;
                    self.json(value)?;
                }
                self.write_char('}')
            }
            scalar => self.json(scalar),
        }
    }

    /// A node of parsed JSON as `toString` writes it.
    #[inline]
    pub(crate) fn json(&mut self, json: &'d Json<'d>) -> fmt::Result {
        match json {
            Json::Null => self.write_str("null"),
            Json::Bool(value) => self.write_str(if *value { "true" } else { "false" }),
            Json::Int(value) => self.write_str(itoa::Buffer::new().format(*value)),
            Json::Big(value) => write!(self, "{value}"),
            Json::Double(value) => write_double(*value, self),
            Json::Text(text) => self.write_str(text),
            Json::Array(_) | Json::Object(_) => self.deeper(&Value::Json(json)),
        }
    }

    fn json_array(&mut self, items: &'d [Json<'d>]) -> fmt::Result {
        self.write_char('[')?;
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.write_char(',')?;
            }
            self.as_json(&Value::json(item))?;
        }
        self.write_char(']')
    }

    fn json_list<'v>(&mut self, items: impl Iterator<Item = &'v Value<'d>>) -> fmt::Result
    where
        'd: 'v,
    {
        self.write_char('[')?;
        for (at, item) in items.enumerate() {
            if at > 0 {
                self.write_char(',')?;
            }
            self.as_json(item)?;
        }
        self.write_char(']')
    }

    /// The value as JSON.
    pub(crate) fn as_json(&mut self, value: &Value<'d>) -> fmt::Result {
        if self.depth == DEPTH_MAX {
            return Err(fmt::Error);
        }
        self.depth += 1;
        match self.overlay.lift(value.clone()) {
            Value::Text(text) => super::json::write_string(text.as_str(), self),
            Value::Inner(Inner::Char(character)) => {
                super::json::write_string(character.encode_utf8(&mut [0; 4]), self)
            }
            Value::List(list) => self.json_list(list.borrow().iter()),
            Value::Map(map) => self.json_map(&map),
            Value::Json(Json::Array(items)) => self.json_array(items),
            Value::Json(Json::Object(members)) => {
                let entries =
                    members.iter().map(|(name, value)| (Value::text(name), Value::json(value)));
                self.json_map(&entries_of(entries))
            }
            scalar => self.value(&scalar),
        }?;
        self.depth -= 1;
        Ok(())
    }

    fn json_map(&mut self, map: &Map<'d>) -> fmt::Result {
        self.write_char('{')?;
        for (at, (key, value)) in map.borrow().iter().enumerate() {
            if at > 0 {
                self.write_char(',')?;
            }
            let mut name = String::new();
            Printer::new(&mut name, self.limit, self.lists, self.overlay).value(key)?;
            super::json::write_string(&name, self)?;
            self.write_char(':')?;
            self.as_json(value)?;
        }
        self.write_char('}')
    }
}

fn entries_of<'d>(entries: impl Iterator<Item = (Value<'d>, Value<'d>)>) -> Map<'d> {
    let map = Map::default();
    for (key, value) in entries {
        map.insert(key, value);
    }
    map
}

/// Writes a double as `Double.toString` does: the fewest digits that read back the same, with a
/// decimal point between 0.001 and ten million, else with one digit in front and an `E`.
pub(super) fn write_double(value: f64, out: &mut impl Write) -> fmt::Result {
    let plain = value == 0.0 || (1e-3..1e7).contains(&value.abs());
    if plain {
        // In this range the digits come with their decimal point, `1.0` too.
        return out.write_str(zmij::Buffer::new().format_finite(value));
    }
    if value.is_nan() {
        return out.write_str("NaN");
    }
    if value.is_infinite() {
        return out.write_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    write!(out, "{digits}{point}E{exponent}")
}
