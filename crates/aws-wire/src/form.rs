//! Forms in: the fields of the query protocol become parameters by their shapes.
//!
//! A field's name is a path: `Tags.member.1.Key`. Fields are kept sorted by their paths, so that
//! what lies below a member is always one slice of them: nothing is built that a request could
//! blow up. Constraints are `validate`'s.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::{
    Fault, Service, ShapeId, bindings,
    table::{Elements, Kind, Member, Shape, Structure, TimestampFormat},
};

/// Fields that lie deeper than this are refused: shapes can hold themselves.
const DEPTH_MAX: usize = 64;

type Field = (String, String);

/// The fields of the query and of a body that is a form, in the order in which they came.
pub(crate) fn fields(parts: &Parts, body: &[u8]) -> Result<Vec<Field>, Fault> {
    let body = std::str::from_utf8(body).map_err(|_| malformed("the form is not UTF-8"))?;
    let texts = [parts.uri.query().unwrap_or_default(), body.trim_ascii()];
    let pairs = texts.into_iter().flat_map(|text| text.split('&')).filter(|pair| !pair.is_empty());
    let read = pairs.map(|pair| {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decoded(name)?, decoded(text)?))
    });
    read.collect::<Option<_>>().ok_or_else(|| malformed("the form is not UTF-8"))
}

/// In forms, a plus is a space.
fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

/// Reads the members of `structure`. Fields that it does not have are dropped; of two with the
/// same name the first counts.
pub(crate) fn params(
    service: &Service,
    structure: &Structure,
    parts: &Parts,
    body: &[u8],
) -> Result<Map<String, Value>, Fault> {
    let mut fields = fields(parts, body)?;
    if fields.iter().any(|(name, _)| name.matches('.').count() > DEPTH_MAX) {
        let text = format!("a field lies deeper than {DEPTH_MAX} levels; send a flatter form");
        return Err(malformed(text));
    }
    fields.sort_by(|a, b| a.0.split('.').cmp(b.0.split('.')));
    Reader { service }.members(structure, Below { fields: &fields, at: 0 })
}

fn malformed(text: impl Into<String>) -> Fault {
    Fault::new("MalformedInput", text)
}

/// The fields whose names start with the same path, sorted, and where the rest of them starts.
#[derive(Clone, Copy)]
struct Below<'a> {
    fields: &'a [Field],
    at: usize,
}

impl<'a> Below<'a> {
    /// The next part of a field's path; none if the path ends here.
    fn part(field: &Field, at: usize) -> Option<&str> {
        field.0.get(at..).and_then(|rest| rest.split('.').next())
    }

    /// What lies below `part`, if anything does.
    fn child(self, part: &str) -> Option<Self> {
        let start = self.fields.partition_point(|field| Self::part(field, self.at) < Some(part));
        let rest = &self.fields[start..];
        let len = rest.partition_point(|field| Self::part(field, self.at) <= Some(part));
        (len > 0).then(|| Self { fields: &rest[..len], at: self.at + part.len() + 1 })
    }

    /// The text of the field that ends here.
    fn text(self) -> Option<&'a str> {
        let first = self.fields.first()?;
        Self::part(first, self.at).is_none().then_some(first.1.as_str())
    }

    /// What lies below numbers, in their order.
    fn numbered(self) -> Result<Vec<Self>, Fault> {
        let same = |a: &Field, b: &Field| Self::part(a, self.at) == Self::part(b, self.at);
        let mut items = Vec::new();
        for fields in self.fields.chunk_by(same) {
            let Some(part) = Self::part(&fields[0], self.at) else {
                return Err(malformed(format!("`{}` is a list or a map", fields[0].0)));
            };
            let number: u32 =
                part.parse().map_err(|_| malformed(format!("`{part}` is no number of a field")))?;
            items.push((number, Self { fields, at: self.at + part.len() + 1 }));
        }
        items.sort_by_key(|(number, _)| *number);
        Ok(items.into_iter().map(|(_, below)| below).collect())
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    service: &'a Service,
}

impl Reader<'_> {
    fn members(self, structure: &Structure, below: Below<'_>) -> Result<Map<String, Value>, Fault> {
        let mut params = Map::new();
        for member in structure.members {
            if let Some(below) = below.child(member.wire_name) {
                let value = self.member(member, below)?;
                params.insert(member.name.to_owned(), value);
            }
        }
        Ok(params)
    }

    fn member(self, member: &Member, below: Below<'_>) -> Result<Value, Fault> {
        let shape = self.service.shape(member.shape);
        match &shape.kind {
            Kind::List(element) if member.flattened => self.list(*element, below),
            Kind::Map(_, element) if member.flattened => self.map(shape, *element, below),
            _ => self.value(member.shape, member.timestamp, below),
        }
    }

    fn value(
        self,
        id: ShapeId,
        timestamp: Option<TimestampFormat>,
        below: Below<'_>,
    ) -> Result<Value, Fault> {
        let shape = self.service.shape(id);
        match &shape.kind {
            Kind::Structure(structure) => self.members(structure, below).map(Value::Object),
            Kind::List(element) => {
                self.list(*element, holder(shape.elements.item.unwrap_or("member"), below)?)
            }
            Kind::Map(_, element) => self.map(shape, *element, holder("entry", below)?),
            _ => scalar(shape, timestamp, below),
        }
    }

    /// The elements of a list by the numbers that `below` starts with.
    fn list(self, element: ShapeId, below: Below<'_>) -> Result<Value, Fault> {
        below.numbered()?.into_iter().map(|below| self.value(element, None, below)).collect()
    }

    /// The entries of a map by the numbers that `below` starts with.
    fn map(self, shape: &Shape, element: ShapeId, below: Below<'_>) -> Result<Value, Fault> {
        let Elements { key, value, .. } = shape.elements;
        let mut entries = Map::new();
        for entry in below.numbered()? {
            let key = entry.child(key).and_then(Below::text);
            let (Some(key), Some(below)) = (key, entry.child(value)) else {
                return Err(malformed("an entry of a map needs a key and a value"));
            };
            entries.insert(key.to_owned(), self.value(element, None, below)?);
        }
        Ok(Value::Object(entries))
    }
}

/// Where the numbers of the elements stand. `List=` is how clients write a list without any.
fn holder<'a>(name: &str, below: Below<'a>) -> Result<Below<'a>, Fault> {
    match (below.child(name), below.text()) {
        (Some(elements), _) => Ok(elements),
        (None, Some("")) => Ok(Below { fields: &[], at: 0 }),
        _ => Err(malformed(format!("`{}` is a list or a map", below.fields[0].0))),
    }
}

fn scalar(
    shape: &Shape,
    timestamp: Option<TimestampFormat>,
    below: Below<'_>,
) -> Result<Value, Fault> {
    let refused = |text: &str| malformed(format!("`{text}` is not a value of `{}`", shape.name));
    let text = below.text().ok_or_else(|| {
        malformed(format!("`{}` is one value, without fields below it", below.fields[0].0))
    })?;
    if matches!(shape.kind, Kind::Blob) && BASE64_STANDARD.decode(text).is_err() {
        return Err(malformed("a blob must be base64 with padding"));
    }
    bindings::simple(shape, timestamp, text, TimestampFormat::Iso8601).ok_or_else(|| refused(text))
}
