//! Values in headers, queries and paths: text in and out. Bodies are `read`'s and `encode`'s.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::Uri;
use percent_encoding::percent_decode_str;
use serde_json::{Number, Value};

use crate::{
    Fault, Service,
    read::is_special,
    table::{Kind, Member, Shape, TimestampFormat},
    timestamps,
};

/// Takes a path apart by its template: `/a/{Name}/{Rest+}`. Nothing if it does not fit.
pub(crate) fn labels<'t>(template: &'t str, path: &str) -> Option<Vec<(&'t str, String)>> {
    let template = template.split_once('?').map_or(template, |(path, _)| path);
    let segments = path.split('/').collect::<Vec<_>>();
    let parts = template.split('/').collect::<Vec<_>>();
    let greedy = parts.iter().position(|part| part.ends_with("+}")).unwrap_or(parts.len());
    let tail = parts.len().saturating_sub(greedy + 1);
    if segments.len() < parts.len()
        || (tail == 0 && greedy == parts.len() && segments.len() > parts.len())
    {
        return None;
    }
    let end = segments.len() - tail;
    let mut labels = Vec::new();
    let head = parts[..greedy].iter().zip(&segments[..greedy]);
    let rest = parts[parts.len() - tail..].iter().zip(&segments[end..]);
    for (part, segment) in head.chain(rest) {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => labels.push((name, decoded(segment).filter(|text| !text.is_empty())?)),
            None if part == segment => {}
            None => return None,
        }
    }
    if let Some(name) = parts.get(greedy) {
        let name = name.trim_start_matches('{').trim_end_matches("+}");
        labels.push((name, decoded(&segments[greedy..end].join("/"))?));
    }
    Some(labels)
}

/// Whether a URI is one of `template`: its path, and the pairs of the query that the template fixes.
pub(crate) fn fits(template: &str, uri: &Uri) -> bool {
    let fixed = template.split_once('?').map_or("", |(_, query)| query);
    let given = uri.query().unwrap_or_default();
    let has = |pair: &str| given.split('&').any(|other| other == pair);
    labels(template, uri.path()).is_some()
        && fixed.split('&').filter(|pair| !pair.is_empty()).all(has)
}

/// A query's parameters, decoded. A plus stays a plus, as signatures have it.
pub(crate) fn query(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let read = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decoded(name)?, decoded(value)?))
    });
    read.collect::<Option<_>>().ok_or_else(|| Fault::serialization("the query is not UTF-8"))
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Reads one value; `format` is what a timestamp has if neither member nor shape says.
pub(crate) fn from_text(
    service: &Service,
    member: &Member,
    text: &str,
    format: TimestampFormat,
) -> Result<Value, Fault> {
    if member.json_text {
        let json = BASE64_STANDARD.decode(text).ok().and_then(|json| String::from_utf8(json).ok());
        return json.map(Value::from).ok_or_else(|| refused(member, text));
    }
    simple(service.shape(member.shape), member.timestamp, text, format)
        .ok_or_else(|| refused(member, text))
}

/// Reads a header that holds a list: `a, "b, c"`; dates keep the comma that is theirs.
pub(crate) fn list_from_header(
    service: &Service,
    member: &Member,
    text: &str,
) -> Result<Value, Fault> {
    let Kind::List(element) = service.shape(member.shape).kind else {
        return from_text(service, member, text, TimestampFormat::HttpDate);
    };
    let shape = service.shape(element);
    let dates = matches!(shape.kind, Kind::Timestamp(None | Some(TimestampFormat::HttpDate)));
    let items = if dates { paired(text) } else { unquoted(text) };
    let read =
        items.iter().map(|item| simple(shape, member.timestamp, item, TimestampFormat::HttpDate));
    read.collect::<Option<_>>().map(Value::Array).ok_or_else(|| refused(member, text))
}

/// Reads every query parameter of one name: all of them for a list, else the first.
pub(crate) fn from_query(
    service: &Service,
    member: &Member,
    texts: &[&str],
) -> Result<Value, Fault> {
    let format = TimestampFormat::Iso8601;
    let Kind::List(element) = service.shape(member.shape).kind else {
        return from_text(service, member, texts.first().copied().unwrap_or_default(), format);
    };
    let shape = service.shape(element);
    let read = texts.iter().map(|text| simple(shape, member.timestamp, text, format));
    let list = read.collect::<Option<_>>().map(Value::Array);
    list.ok_or_else(|| refused(member, &texts.join(",")))
}

fn refused(member: &Member, text: &str) -> Fault {
    Fault::serialization(format!("`{text}` is not a value of `{}`", member.wire_name))
}

/// Reads a value that is one text. The format of a timestamp is `own`, else the shape's, else
/// `format`.
pub(crate) fn simple(
    shape: &Shape,
    own: Option<TimestampFormat>,
    text: &str,
    format: TimestampFormat,
) -> Option<Value> {
    match shape.kind {
        Kind::Integer => text.parse::<i32>().ok().map(Value::from),
        Kind::Long => text.parse::<i64>().ok().map(Value::from),
        Kind::Float | Kind::Double if is_special(text) => Some(text.into()),
        Kind::Float | Kind::Double => text.parse().ok().and_then(Number::from_f64).map(Value::from),
        Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
        Kind::Timestamp(of_shape) => {
            let format = own.or(of_shape).unwrap_or(format);
            timestamps::from_text(text, format).map(timestamps::number)
        }
        Kind::String | Kind::Blob => Some(text.into()),
        _ => None,
    }
}

/// `a, "b, c", d` without the quotes.
fn unquoted(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (item, after) = next_item(rest);
        items.push(item);
        rest = after.trim_start().strip_prefix(',').unwrap_or(after).trim_start();
    }
    items
}

fn next_item(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut item = String::new();
    let mut chars = quoted.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return (item, &quoted[i + 1..]),
            '\\' => item.extend(chars.next().map(|(_, c)| c)),
            c => item.push(c),
        }
    }
    (item, "")
}

/// Items that each hold one comma.
fn paired(text: &str) -> Vec<String> {
    let halves = text.split(',').map(str::trim).collect::<Vec<_>>();
    halves.chunks(2).map(|pair| pair.join(", ")).collect()
}

/// Writes one value for a header.
pub(crate) fn to_text(service: &Service, member: &Member, value: &Value) -> Option<String> {
    if member.json_text {
        return value.as_str().map(|json| BASE64_STANDARD.encode(json));
    }
    let shape = service.shape(member.shape);
    match (&shape.kind, value) {
        (Kind::List(element), Value::Array(items)) => {
            let shape = service.shape(*element);
            let texts =
                items.iter().map(|item| simple_text(shape, member, item).map(|t| quoted(shape, t)));
            texts.collect::<Option<Vec<_>>>().map(|texts| texts.join(", "))
        }
        (_, value) => simple_text(shape, member, value),
    }
}

fn simple_text(shape: &Shape, member: &Member, value: &Value) -> Option<String> {
    match (&shape.kind, value) {
        (Kind::Timestamp(own), value) => {
            let format = member.timestamp.or(*own).unwrap_or(TimestampFormat::HttpDate);
            timestamps::to_text(value.as_f64()?, format)
        }
        (_, Value::String(text)) => Some(text.clone()),
        (_, value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
        _ => None,
    }
}

/// Quotes an element whose text would end it early.
fn quoted(shape: &Shape, text: String) -> String {
    if matches!(shape.kind, Kind::String) && text.contains([',', '"']) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text
    }
}
