//! Requests in: from method, path, headers and body to checked parameters.

use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use serde_json::{Map, Value};

use crate::{
    Fault, Operation, Protocol, Service, bindings, form, read,
    table::{Kind, Location, Member, Structure, TimestampFormat},
    validate,
};

/// An operation's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// By the members' names in the model. Nulls and unknown members are gone, timestamps are
    /// seconds since 1970, blobs are base64 text.
    pub params: Map<String, Value>,
    /// The whole body, where the model binds a blob to it; that member is not among `params`.
    pub payload: Option<Bytes>,
}

/// Reads a request for `operation` and checks it against the model's constraints.
///
/// What can't be read is a `SerializationException`, in a form `MalformedInput`; constraints that do not hold are one error
/// of the service's [`Service::validation_code`] that names all of them.
pub fn decode(
    service: &Service,
    operation: &Operation,
    parts: &Parts,
    body: &Bytes,
) -> Result<Input, Fault> {
    let structure = service.structure(operation.input);
    let input = match service.protocol {
        Protocol::Json { .. } => {
            let params = read::members(service, structure, read::parse(body)?)?;
            Input { params, payload: None }
        }
        Protocol::RestJson => rest(service, operation, parts, body)?,
        Protocol::Query { .. } => {
            let params = form::params(service, structure, parts, body)?;
            Input { params, payload: None }
        }
    };
    let payload = structure.payload.zip(input.payload.as_ref().map(Bytes::len));
    validate::check(service, structure, &input.params, payload)?;
    Ok(input)
}

fn rest(
    service: &Service,
    operation: &Operation,
    parts: &Parts,
    body: &Bytes,
) -> Result<Input, Fault> {
    let structure = service.structure(operation.input);
    let (mut params, payload) = rest_body(service, structure, body)?;
    let labels = bindings::labels(operation.uri, parts.uri.path()).unwrap_or_default();
    let query = bindings::query(parts.uri.query().unwrap_or_default())?;
    for member in structure.members {
        let value = match member.location {
            Location::Uri => from_label(service, member, &labels)?,
            Location::Header => from_header(service, member, &parts.headers)?,
            Location::Headers => prefixed(member, &parts.headers),
            Location::Query => from_query(service, member, &query)?,
            Location::Body | Location::StatusCode => None,
        };
        params.extend(value.map(|value| (member.name.to_owned(), value)));
    }
    Ok(Input { params, payload })
}

/// The members in the body, or the one that is the body.
fn rest_body(
    service: &Service,
    structure: &Structure,
    body: &Bytes,
) -> Result<(Map<String, Value>, Option<Bytes>), Fault> {
    let payload = structure.members.iter().find(|m| Some(m.name) == structure.payload);
    let Some(member) = payload else {
        let reads = structure.members.iter().any(|m| m.location == Location::Body);
        let body = if reads { read::parse(body)? } else { Value::Object(Map::new()) };
        return Ok((read::members(service, structure, body)?, None));
    };
    let value = match service.shape(member.shape).kind {
        Kind::Blob => return Ok((Map::new(), Some(body.clone()))),
        _ if body.is_empty() => return Ok((Map::new(), None)),
        Kind::String => std::str::from_utf8(body)
            .map(Value::from)
            .map_err(|_| Fault::serialization("the body is not UTF-8"))?,
        _ => read::member_value(service, member, read::parse(body)?)?,
    };
    Ok((Map::from_iter([(member.name.to_owned(), value)]), None))
}

fn from_label(
    service: &Service,
    member: &Member,
    labels: &[(&str, String)],
) -> Result<Option<Value>, Fault> {
    let label = labels.iter().find(|(name, _)| *name == member.wire_name);
    let format = TimestampFormat::Iso8601;
    label.map(|(_, text)| bindings::from_text(service, member, text, format)).transpose()
}

fn from_header(
    service: &Service,
    member: &Member,
    headers: &HeaderMap,
) -> Result<Option<Value>, Fault> {
    let mut texts = Vec::new();
    for value in headers.get_all(member.wire_name) {
        texts.push(String::from_utf8_lossy(value.as_bytes()));
    }
    if texts.is_empty() {
        return Ok(None);
    }
    bindings::list_from_header(service, member, &texts.join(", ")).map(Some)
}

/// All headers that start with the member's wire name, as a map over the rest of their names.
fn prefixed(member: &Member, headers: &HeaderMap) -> Option<Value> {
    let prefix = member.wire_name.to_ascii_lowercase();
    let entries = headers.iter().filter_map(|(name, value)| {
        let rest = name.as_str().strip_prefix(&prefix)?;
        Some((rest.to_owned(), Value::from(String::from_utf8_lossy(value.as_bytes()))))
    });
    let entries = entries.collect::<Map<_, _>>();
    (!entries.is_empty()).then_some(Value::Object(entries))
}

fn from_query(
    service: &Service,
    member: &Member,
    query: &[(String, String)],
) -> Result<Option<Value>, Fault> {
    if let Kind::Map(_, element) = service.shape(member.shape).kind {
        let lists = matches!(service.shape(element).kind, Kind::List(_));
        return Ok(all_parameters(query, lists));
    }
    let texts = query.iter().filter(|(name, _)| name == member.wire_name);
    let texts = texts.map(|(_, text)| text.as_str()).collect::<Vec<_>>();
    if texts.is_empty() {
        return Ok(None);
    }
    bindings::from_query(service, member, &texts).map(Some)
}

/// A map of all parameters, those that other members are bound to among them.
fn all_parameters(query: &[(String, String)], lists: bool) -> Option<Value> {
    let mut entries = Map::new();
    for (name, text) in query {
        let entry = entries.entry(name.clone());
        match entry.or_insert_with(|| if lists { Value::Array(Vec::new()) } else { Value::Null }) {
            Value::Array(texts) => texts.push(text.as_str().into()),
            single @ Value::Null => *single = text.as_str().into(),
            _ => {}
        }
    }
    (!entries.is_empty()).then_some(Value::Object(entries))
}
