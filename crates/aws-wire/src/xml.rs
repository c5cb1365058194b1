//! Replies and errors of the query protocol, in XML.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::{
    Operation, Service, ShapeId,
    encode::{Problem, fits, known, present},
    table::{Elements, Kind, Member, Shape, Structure, TimestampFormat},
    timestamps,
};

/// What stands around every reply.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'a> {
    /// The service's.
    pub(crate) namespace: &'static str,
    /// The request's.
    pub(crate) request_id: &'a str,
}

/// What an error tells, beside its members.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    /// `Sender` or `Receiver`.
    pub(crate) blame: &'static str,
    /// The code.
    pub(crate) code: &'a str,
    /// The text for the client.
    pub(crate) message: &'a str,
}

/// The body of a good reply.
pub(crate) fn reply(
    service: &Service,
    operation: &Operation,
    members: &Map<String, Value>,
    envelope: Envelope<'_>,
) -> Result<String, Problem> {
    let mut writer = Writer { service, text: String::new() };
    let name = operation.name;
    let _ = write!(writer.text, "<{name}Response xmlns=\"{}\">", envelope.namespace);
    if operation.output.is_some() {
        let structure = service.structure(operation.output);
        writer.element(&format!("{name}Result"), |writer| writer.members(structure, members))?;
    }
    writer.element("ResponseMetadata", |writer| writer.leaf("RequestId", envelope.request_id))?;
    let _ = writeln!(writer.text, "</{name}Response>");
    Ok(writer.text)
}

/// The body of an error. Members that the model does not have, or has in another form, are left
/// out: an error must reach the client in any case.
pub(crate) fn error(
    service: &Service,
    structure: Option<&Structure>,
    told: Told<'_>,
    members: &Map<String, Value>,
    envelope: Envelope<'_>,
) -> String {
    let mut text = format!("<ErrorResponse xmlns=\"{}\"><Error>", envelope.namespace);
    for (name, content) in [("Type", told.blame), ("Code", told.code), ("Message", told.message)] {
        let _ = write!(text, "<{name}>{}</{name}>", escaped(content));
    }
    for (member, value) in structure.into_iter().flat_map(|s| present(s, members)) {
        let mut writer = Writer { service, text: String::new() };
        if writer.member(member, value).is_ok() {
            text.push_str(&writer.text);
        }
    }
    let _ = writeln!(
        text,
        "</Error><RequestId>{}</RequestId></ErrorResponse>",
        escaped(envelope.request_id)
    );
    text
}

struct Writer<'a> {
    service: &'a Service,
    text: String,
}

impl Writer<'_> {
    fn element(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut Self) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let _ = write!(self.text, "<{name}>");
        content(self)?;
        let _ = write!(self.text, "</{name}>");
        Ok(())
    }

    fn leaf(&mut self, name: &str, content: &str) -> Result<(), Problem> {
        self.element(name, |writer| {
            writer.text.push_str(&escaped(content));
            Ok(())
        })
    }

    fn members(
        &mut self,
        structure: &Structure,
        members: &Map<String, Value>,
    ) -> Result<(), Problem> {
        known(structure, members)?;
        for (member, value) in present(structure, members) {
            self.member(member, value).map_err(|problem| problem.inside(member.name))?;
        }
        Ok(())
    }

    /// A member's element, or of a flattened list or map one element each.
    fn member(&mut self, member: &Member, value: &Value) -> Result<(), Problem> {
        let shape = self.service.shape(member.shape);
        if member.flattened {
            self.elements(shape, member.wire_name, value)
        } else {
            self.value(member.wire_name, member.shape, member.timestamp, value)
        }
    }

    fn value(
        &mut self,
        name: &str,
        id: ShapeId,
        timestamp: Option<TimestampFormat>,
        value: &Value,
    ) -> Result<(), Problem> {
        let shape = self.service.shape(id);
        match (&shape.kind, value) {
            (Kind::Structure(structure), Value::Object(members)) => {
                self.element(name, |writer| writer.members(structure, members))
            }
            (Kind::List(_), _) => {
                let item = shape.elements.item.unwrap_or("member");
                self.element(name, |writer| writer.elements(shape, item, value))
            }
            (Kind::Map(..), _) => {
                self.element(name, |writer| writer.elements(shape, "entry", value))
            }
            _ => match scalar(shape, timestamp, value) {
                Some(text) => self.leaf(name, &text),
                None => Err(Problem::new("", "it is of another type")),
            },
        }
    }

    /// What a list or map holds, in elements called `name`.
    fn elements(&mut self, shape: &Shape, name: &str, value: &Value) -> Result<(), Problem> {
        let Elements { key: key_name, value: value_name, .. } = shape.elements;
        match (&shape.kind, value) {
            (Kind::List(element), Value::Array(items)) => {
                items.iter().try_for_each(|item| self.value(name, *element, None, item))
            }
            (Kind::Map(_, element), Value::Object(entries)) => {
                entries.iter().filter(|(_, value)| !value.is_null()).try_for_each(|(key, value)| {
                    self.element(name, |writer| {
                        writer.leaf(key_name, key)?;
                        writer.value(value_name, *element, None, value)
                    })
                })
            }
            _ => Err(Problem::new("", "it is of another type")),
        }
    }
}

/// A value that is one text.
fn scalar(shape: &Shape, own: Option<TimestampFormat>, value: &Value) -> Option<String> {
    match (&shape.kind, value) {
        (Kind::Timestamp(of_shape), value) => {
            let format = own.or(*of_shape).unwrap_or(TimestampFormat::Iso8601);
            timestamps::to_text(value.as_f64()?, format)
        }
        (kind, value) if !fits(kind, value) => None,
        (_, Value::String(text)) => Some(text.clone()),
        (_, value) => Some(value.to_string()),
    }
}

/// Text as XML carries it. Characters that XML has no form for, which an error's echo of a request
/// can hold, become replacement characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // A reader would turn it into a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' => escaped.push(c),
            c if c.is_ascii_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                escaped.push(char::REPLACEMENT_CHARACTER);
            }
            c => escaped.push(c),
        }
    }
    escaped
}
