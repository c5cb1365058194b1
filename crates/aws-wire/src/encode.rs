//! Replies out: from a value with the members' names to status, headers and body.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value};

use crate::{
    Operation, Protocol, Service, ShapeId, bindings,
    fault::{content_type, set_header},
    table::{Kind, Location, Member, Structure, TimestampFormat},
    timestamps, xml,
};

/// What an operation answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// By the members' names in the model; an object, or null for nothing. Timestamps are
    /// seconds since 1970, blobs are base64 text; nulls are left out.
    pub members: Value,
    /// The whole body, where the model binds a blob to it.
    pub payload: Option<Bytes>,
}

/// A reply that does not have the form that the model gives it: a bug of the operation's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reply of `{operation}` is not of its shape at `{at}`: {problem}")]
pub struct EncodeError {
    operation: &'static str,
    at: String,
    problem: &'static str,
}

/// Writes the reply of `operation`.
///
/// Members that the model does not have are an error in debug builds, so that tests find them,
/// and are left out in release builds. A value of the wrong type is always an error.
pub fn encode(
    service: &Service,
    operation: &Operation,
    output: Output,
    request_id: &str,
) -> Result<Response<Bytes>, EncodeError> {
    let structure = service.structure(operation.output);
    let members = match output.members {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let failed = |problem: Problem| EncodeError {
        operation: operation.name,
        at: problem.at,
        problem: problem.what,
    };
    known(structure, &members).map_err(failed)?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(operation.status).unwrap_or_default();
    let writer = Writer { service };
    writer.bound(structure, &members, &mut response).map_err(failed)?;
    let body = match (output.payload, service.protocol) {
        (Some(payload), _) => payload,
        (None, Protocol::Query { namespace, .. }) => {
            let envelope = xml::Envelope { namespace, request_id };
            Bytes::from(xml::reply(service, operation, &members, envelope).map_err(failed)?)
        }
        (None, _) => writer.body(operation, structure, &members).map_err(failed)?,
    };
    let headers = response.headers_mut();
    if let Some(value) = body_type(service, operation, &body)
        && !headers.contains_key(header::CONTENT_TYPE)
    {
        headers.insert(header::CONTENT_TYPE, value);
    }
    set_header(headers, "x-amzn-requestid", request_id);
    *response.body_mut() = body;
    Ok(response)
}

/// The content type of a reply whose model does not bind one.
fn body_type(service: &Service, operation: &Operation, body: &Bytes) -> Option<HeaderValue> {
    let structure = service.structure(operation.output);
    let payload = structure.members.iter().find(|m| Some(m.name) == structure.payload);
    let kind = payload.map(|member| &service.shape(member.shape).kind);
    match (service.protocol, kind) {
        (Protocol::RestJson, _) if body.is_empty() => None,
        (Protocol::RestJson, Some(Kind::Blob)) => {
            Some(HeaderValue::from_static("application/octet-stream"))
        }
        (Protocol::RestJson, Some(Kind::String)) => Some(HeaderValue::from_static("text/plain")),
        (protocol, _) => Some(content_type(protocol)),
    }
}

/// Writes an error's members where its model has them. What the model does not have, or has in
/// another form, stays in the body as it is: an error must reach the client in any case.
pub(crate) fn encode_error(
    service: &Service,
    structure: &Structure,
    members: &Map<String, Value>,
    headers: &mut HeaderMap,
) -> Map<String, Value> {
    let writer = Writer { service };
    let mut body = Map::new();
    for (name, value) in members {
        let member = structure.members.iter().find(|member| member.name == name);
        let written = match member {
            Some(member) if member.location == Location::Header => {
                writer.header(member, value, headers).map(|()| None)
            }
            Some(member) => writer
                .value(member.shape, member.timestamp, value, name)
                .map(|value| Some((member.wire_name.to_owned(), value))),
            None => Ok(Some((name.clone(), value.clone()))),
        };
        body.extend(written.unwrap_or_else(|_| Some((name.clone(), value.clone()))));
    }
    body
}

/// What is wrong, and in which member.
pub(crate) struct Problem {
    at: String,
    what: &'static str,
}

impl Problem {
    pub(crate) fn new(at: &str, what: &'static str) -> Self {
        Self { at: at.to_owned(), what }
    }

    /// The same, seen from the member `at` that holds it.
    pub(crate) fn inside(self, at: &str) -> Self {
        Self { at: format!("{at}.{}", self.at), ..self }
    }
}

#[derive(Clone, Copy)]
struct Writer<'a> {
    service: &'a Service,
}

impl Writer<'_> {
    /// Writes the members that stand outside of the body.
    fn bound(
        self,
        structure: &Structure,
        members: &Map<String, Value>,
        response: &mut Response<Bytes>,
    ) -> Result<(), Problem> {
        for (member, value) in present(structure, members) {
            match member.location {
                Location::Header => self.header(member, value, response.headers_mut())?,
                Location::Headers => prefixed(member, value, response.headers_mut())?,
                Location::StatusCode => *response.status_mut() = status(member, value)?,
                Location::Body | Location::Query | Location::Uri => {}
            }
        }
        Ok(())
    }

    fn header(
        self,
        member: &Member,
        value: &Value,
        headers: &mut HeaderMap,
    ) -> Result<(), Problem> {
        let problem = || Problem::new(member.name, "it has no form that a header can carry");
        let text = bindings::to_text(self.service, member, value).ok_or_else(problem)?;
        put(headers, member.wire_name, &text).ok_or_else(problem)
    }

    /// The body: the payload member, the other members as an object, or nothing at all.
    fn body(
        self,
        operation: &Operation,
        structure: &Structure,
        members: &Map<String, Value>,
    ) -> Result<Bytes, Problem> {
        let json = matches!(self.service.protocol, Protocol::Json { .. });
        if operation.output.is_none() {
            return Ok(Bytes::new());
        }
        let Some(name) = structure.payload.filter(|_| !json) else {
            let body = self.object(structure, members)?;
            return Ok(Bytes::from(Value::Object(body).to_string()));
        };
        let member = structure.members.iter().find(|member| member.name == name);
        let Some((member, value)) = member.zip(members.get(name)) else {
            return Ok(Bytes::new());
        };
        let value = self.value(member.shape, member.timestamp, value, name)?;
        Ok(match (&self.service.shape(member.shape).kind, value) {
            (Kind::String, Value::String(text)) => Bytes::from(text),
            (_, value) => Bytes::from(value.to_string()),
        })
    }

    /// The members that stand in the body, under their wire names.
    fn object(
        self,
        structure: &Structure,
        members: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Problem> {
        let mut object = Map::new();
        for (member, value) in present(structure, members) {
            if member.location == Location::Body {
                object.insert(
                    member.wire_name.to_owned(),
                    self.value(member.shape, member.timestamp, value, member.name)?,
                );
            }
        }
        Ok(object)
    }

    fn value(
        self,
        id: ShapeId,
        timestamp: Option<TimestampFormat>,
        value: &Value,
        at: &str,
    ) -> Result<Value, Problem> {
        let kind = &self.service.shape(id).kind;
        match (kind, value) {
            (Kind::Structure(structure), Value::Object(members)) => {
                let inside = |problem: Problem| problem.inside(at);
                known(structure, members).map_err(inside)?;
                self.object(structure, members).map(Value::Object).map_err(inside)
            }
            (Kind::List(element), Value::Array(items)) => {
                items.iter().map(|item| self.value(*element, None, item, at)).collect()
            }
            (Kind::Map(_, element), Value::Object(entries)) => {
                let entries = entries.iter().filter(|(_, value)| !value.is_null());
                let written = entries
                    .map(|(key, value)| Ok((key.clone(), self.value(*element, None, value, at)?)));
                written.collect::<Result<_, _>>().map(Value::Object)
            }
            (Kind::Timestamp(own), value) => {
                let format = timestamp.or(*own).unwrap_or(TimestampFormat::EpochSeconds);
                let written =
                    value.as_f64().and_then(|seconds| timestamps::to_json(seconds, format));
                written.ok_or_else(|| Problem::new(at, "it must be seconds since 1970"))
            }
            (kind, value) if fits(kind, value) => Ok(value.clone()),
            _ => Err(Problem::new(at, "it is of another type")),
        }
    }
}

/// Refuses, in debug builds, members that the model does not have and gaps where it has some.
pub(crate) fn known(structure: &Structure, members: &Map<String, Value>) -> Result<(), Problem> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    let has = |name: &str| structure.members.iter().any(|member| member.name == name);
    if let Some(name) = members.keys().find(|name| !has(name)) {
        return Err(Problem::new(name, "the model has no such member"));
    }
    let given = |m: &Member| members.get(m.name).is_some_and(|value| !value.is_null());
    let needed = |m: &&Member| m.required && Some(m.name) != structure.payload;
    match structure.members.iter().filter(needed).find(|member| !given(member)) {
        Some(member) => Err(Problem::new(member.name, "the model requires it")),
        None => Ok(()),
    }
}

/// The members that have a value, with it.
pub(crate) fn present<'m>(
    structure: &'m Structure,
    members: &'m Map<String, Value>,
) -> impl Iterator<Item = (&'m Member, &'m Value)> {
    structure.members.iter().filter_map(|member| {
        members.get(member.name).filter(|value| !value.is_null()).map(|value| (member, value))
    })
}

pub(crate) fn fits(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::String | Kind::Blob => value.is_string(),
        Kind::Integer | Kind::Long => value.is_i64(),
        Kind::Float | Kind::Double => {
            value.is_number() || value.as_str().is_some_and(crate::read::is_special)
        }
        Kind::Boolean => value.is_boolean(),
        Kind::Document => true,
        Kind::Structure(_) | Kind::List(_) | Kind::Map(..) | Kind::Timestamp(_) => false,
    }
}

fn prefixed(member: &Member, value: &Value, headers: &mut HeaderMap) -> Result<(), Problem> {
    let problem = || Problem::new(member.name, "it must be a map of texts for headers");
    for (name, value) in value.as_object().ok_or_else(problem)? {
        let name = format!("{}{name}", member.wire_name);
        put(headers, &name, value.as_str().ok_or_else(problem)?).ok_or_else(problem)?;
    }
    Ok(())
}

fn put(headers: &mut HeaderMap, name: &str, text: &str) -> Option<()> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    headers.insert(name, HeaderValue::from_str(text).ok()?);
    Some(())
}

fn status(member: &Member, value: &Value) -> Result<StatusCode, Problem> {
    let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    status.ok_or_else(|| Problem::new(member.name, "it must be an HTTP status"))
}
