//! Tables built at run time from a botocore case. They live as long as the test process.

use aws_wire::{
    Operation, Protocol, Service, ShapeId,
    table::{Elements, Kind, Location, Member, Shape, Structure, TimestampFormat},
};
use serde_json::Value;

fn leaked<T>(items: Vec<T>) -> &'static [T] {
    items.leak()
}

fn text(value: &Value) -> Option<&'static str> {
    value.as_str().map(|text| &*String::leak(text.to_owned()))
}

/// The service of a test suite, with the one operation of a case.
pub(crate) fn service(suite: &Value, given: &Value) -> Service {
    let shapes = suite["shapes"].as_object().cloned().unwrap_or_default();
    let names = shapes.keys().cloned().collect::<Vec<_>>();
    let id = |name: &Value| -> Option<ShapeId> {
        let at = names.iter().position(|known| Some(known.as_str()) == name.as_str())?;
        ShapeId::try_from(at).ok()
    };
    let http = &given["http"];
    let operation = Operation {
        name: text(&given["name"]).expect("a name"),
        method: text(&http["method"]).expect("a method"),
        uri: text(&http["requestUri"]).expect("a uri"),
        status: http["responseCode"].as_u64().map_or(200, |status| status as u16),
        input: id(&given["input"]["shape"]),
        output: id(&given["output"]["shape"]),
        errors: &[],
    };
    let metadata = &suite["metadata"];
    let protocol = match metadata["protocol"].as_str() {
        Some("json") => Protocol::Json {
            version: text(&metadata["jsonVersion"]).expect("a version"),
            target_prefix: text(&metadata["targetPrefix"]).expect("a prefix"),
        },
        Some("query") => Protocol::Query {
            version: text(&metadata["apiVersion"]).expect("a version"),
            namespace: "https://example.com/",
        },
        _ => Protocol::RestJson,
    };
    let shapes = shapes.iter().map(|(name, json)| shape(name, json, &id)).collect();
    Service {
        name: "suite",
        signing_name: "suite",
        protocol,
        validation_code: "ValidationException",
        operations: leaked(vec![operation]),
        known: &[],
        shapes: leaked(shapes),
    }
}

fn shape(name: &str, json: &Value, id: &impl Fn(&Value) -> Option<ShapeId>) -> Shape {
    let element = |role: &str| id(&json[role]["shape"]).expect("an element");
    let kind = match json["type"].as_str().expect("a type") {
        "structure" if json["document"] == true => Kind::Document,
        "structure" => Kind::Structure(structure(json, id)),
        "list" => Kind::List(element("member")),
        "map" => Kind::Map(element("key"), element("value")),
        "string" => Kind::String,
        "integer" => Kind::Integer,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "boolean" => Kind::Boolean,
        "timestamp" => Kind::Timestamp(format(json)),
        "blob" => Kind::Blob,
        other => panic!("no such type: {other}"),
    };
    Shape {
        elements: elements(json),
        code: text(&json["error"]["code"]),
        ..Shape::new(String::leak(name.to_owned()), kind)
    }
}

fn elements(json: &Value) -> Elements {
    let named = |role: &str| text(&json[role]["locationName"]);
    Elements {
        item: named("member"),
        key: named("key").unwrap_or("key"),
        value: named("value").unwrap_or("value"),
    }
}

fn structure(json: &Value, id: &impl Fn(&Value) -> Option<ShapeId>) -> Structure {
    let members = json["members"].as_object().cloned().unwrap_or_default();
    let error = &json["error"]["httpStatusCode"];
    let fault = if json["fault"] == true { 500 } else { 400 };
    Structure {
        members: leaked(members.iter().map(|(name, traits)| member(name, traits, id)).collect()),
        payload: text(&json["payload"]),
        error_status: (json["exception"] == true)
            .then(|| error.as_u64().map_or(fault, |status| status as u16)),
    }
}

fn member(name: &str, traits: &Value, id: &impl Fn(&Value) -> Option<ShapeId>) -> Member {
    let name = String::leak(name.to_owned());
    let shape = id(&traits["shape"]).expect("a shape");
    let location = match traits["location"].as_str() {
        None => Location::Body,
        Some("header") => Location::Header,
        Some("headers") => Location::Headers,
        Some("querystring") => Location::Query,
        Some("uri") => Location::Uri,
        Some("statusCode") => Location::StatusCode,
        Some(other) => panic!("no such location: {other}"),
    };
    Member {
        timestamp: format(traits),
        json_text: traits["jsonvalue"] == true,
        flattened: traits["flattened"] == true,
        ..Member::new(name, shape)
            .wire_name(text(&traits["locationName"]).unwrap_or(name))
            .at(location)
    }
}

fn format(traits: &Value) -> Option<TimestampFormat> {
    match traits["timestampFormat"].as_str()? {
        "iso8601" => Some(TimestampFormat::Iso8601),
        "rfc822" => Some(TimestampFormat::HttpDate),
        "unixTimestamp" => Some(TimestampFormat::EpochSeconds),
        other => panic!("no such format: {other}"),
    }
}
