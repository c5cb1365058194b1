//! Errors as clients see them: code, message, status, body. Which error it is, is the caller's.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value};

use crate::{Protocol, Service, encode::encode_error, xml};

/// An AWS error: a code from the service's model or from those that all services share.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    code: Cow<'static, str>,
    message: String,
    members: Map<String, Value>,
}

impl Fault {
    /// An error such as `ValidationException`, with the text for the client.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), members: Map::new() }
    }

    /// The error for a request that can't be read.
    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// Adds a member beside the message, such as `OriginalStatusCode`.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The text for the client.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The HTTP status: as the service's model says, else as all services have it.
    pub fn status(&self, service: &Service) -> StatusCode {
        let modelled = service.error(&self.code).and_then(|error| error.error_status);
        let status = modelled.unwrap_or_else(|| shared_status(&self.code, service.protocol));
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The code and text for a signature that does not hold, as the service's protocol has them.
    pub fn of_signature(error: &sigv4::Error, service: &Service) -> Self {
        match service.protocol {
            Protocol::Query { .. } => Self::new(query_signature_code(error), error.to_string()),
            Protocol::Json { .. } | Protocol::RestJson => Self::from(error),
        }
    }

    /// The whole reply.
    pub fn response(&self, service: &Service, request_id: &str) -> Response<Bytes> {
        match service.protocol {
            Protocol::Query { namespace, .. } => {
                self.xml(service, xml::Envelope { namespace, request_id })
            }
            Protocol::Json { .. } | Protocol::RestJson => self.json(service, request_id),
        }
    }

    fn xml(&self, service: &Service, envelope: xml::Envelope<'_>) -> Response<Bytes> {
        let status = self.status(service);
        let told = xml::Told {
            blame: if status.is_server_error() { "Receiver" } else { "Sender" },
            code: &self.code,
            message: &self.message,
        };
        let members = &self.members;
        let body = xml::error(service, service.error(&self.code), told, members, envelope);
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type(service.protocol));
        set_header(headers, "x-amzn-requestid", envelope.request_id);
        response
    }

    fn json(&self, service: &Service, request_id: &str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        let mut body = match service.error(&self.code) {
            Some(model) => encode_error(service, model, &self.members, response.headers_mut()),
            None => self.members.clone(),
        };
        body.insert(message_member(service, &self.code).to_owned(), self.message.as_str().into());
        if matches!(service.protocol, Protocol::Json { .. }) {
            body.insert("__type".to_owned(), self.code.as_ref().into());
        }
        *response.body_mut() = Bytes::from(Value::Object(body).to_string());
        *response.status_mut() = self.status(service);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type(service.protocol));
        set_header(headers, "x-amzn-errortype", &self.code);
        set_header(headers, "x-amzn-requestid", request_id);
        response
    }
}

/// The code and text for a signature that does not hold, as the JSON protocols have them.
impl From<&sigv4::Error> for Fault {
    fn from(error: &sigv4::Error) -> Self {
        use sigv4::Error as E;
        let code = match error {
            E::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            E::UnsupportedAlgorithm(_)
            | E::NotKeyValue(_)
            | E::Incomplete(_)
            | E::MalformedCredential(_)
            | E::MalformedDate(_)
            | E::TwoSignatures
            | E::QueryIncomplete(_)
            | E::Expires(_) => "IncompleteSignatureException",
            E::UnknownKey | E::InvalidToken => "UnrecognizedClientException",
            E::ExpiredToken => "ExpiredTokenException",
            _ => "InvalidSignatureException",
        };
        Self::new(code, error.to_string())
    }
}

/// As AWS's common errors of the query services are called.
fn query_signature_code(error: &sigv4::Error) -> &'static str {
    use sigv4::Error as E;
    match error {
        E::MissingAuthenticationToken => "MissingAuthenticationToken",
        E::UnsupportedAlgorithm(_)
        | E::NotKeyValue(_)
        | E::Incomplete(_)
        | E::MalformedCredential(_)
        | E::MalformedDate(_)
        | E::TwoSignatures
        | E::QueryIncomplete(_)
        | E::Expires(_) => "IncompleteSignature",
        E::UnknownKey | E::InvalidToken => "InvalidClientTokenId",
        E::ExpiredToken => "ExpiredToken",
        E::QueryExpired(_) => "RequestExpired",
        _ => "SignatureDoesNotMatch",
    }
}

/// Codes that are in no model. The JSON protocol answers with 400 even where access is denied.
fn shared_status(code: &str, protocol: Protocol) -> u16 {
    let rest = protocol == Protocol::RestJson;
    match code {
        "AccessDenied"
        | "ExpiredToken"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "SignatureDoesNotMatch" => 403,
        "InternalFailure" | "InternalServerError" | "InternalServerException" => 500,
        "ServiceUnavailable" | "ServiceUnavailableException" => 503,
        "RequestTimeout" => 408,
        "RequestEntityTooLargeException" => 413,
        "NotImplemented" => 501,
        "ThrottlingException" if rest => 429,
        "UnknownOperationException" if rest => 404,
        "AccessDeniedException"
        | "ExpiredTokenException"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "UnrecognizedClientException"
            if rest =>
        {
            403
        }
        _ => 400,
    }
}

/// `message`, unless the model of the error writes `Message`.
fn message_member(service: &Service, code: &str) -> &'static str {
    let members = service.error(code).map(|error| error.members).unwrap_or_default();
    let modelled = members.iter().map(|member| member.wire_name);
    modelled.into_iter().find(|name| name.eq_ignore_ascii_case("message")).unwrap_or("message")
}

/// The content type of every body in the protocol's own form.
pub(crate) fn content_type(protocol: Protocol) -> HeaderValue {
    HeaderValue::from_static(match protocol {
        Protocol::Json { version: "1.0", .. } => "application/x-amz-json-1.0",
        Protocol::Json { .. } => "application/x-amz-json-1.1",
        Protocol::RestJson => "application/json",
        Protocol::Query { .. } => "text/xml",
    })
}

/// Sets a header; a value that no header can carry is left out.
pub(crate) fn set_header(headers: &mut http::HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
