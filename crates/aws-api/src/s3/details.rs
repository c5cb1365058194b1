//! What S3's replies tell and the S3 library leaves out or writes otherwise: the condition that did
//! not hold, a text where the library found the fault, entity tags without quotes,
//! checksums that it does not know.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_LENGTH};
use s3s::Body;

use super::{carried, documents::MALFORMED};

/// The conditions of requests, in the order in which they are judged.
const CONDITIONS: [(&str, &str); 4] = [
    ("if-match", "If-Match"),
    ("if-unmodified-since", "If-Unmodified-Since"),
    ("if-none-match", "If-None-Match"),
    ("x-amz-copy-source-if-match", "x-amz-copy-source-If-Match"),
];

/// S3's texts for codes that come without one.
const TEXTS: [(&str, &str); 6] = [
    ("IncompleteBody", "The body does not have as many bytes as Content-Length says"),
    ("KeyTooLongError", "The key is too long; at most 1024 bytes of UTF-8 fit."),
    ("MalformedXML", MALFORMED),
    ("MethodNotAllowed", "The specified method is not allowed against this resource."),
    ("MissingContentLength", "You must provide the Content-Length HTTP header."),
    ("MissingRequestBodyError", "Request body is empty."),
];

/// What a request asks, as far as its reply depends on it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    condition: Option<&'static str>,
    attributes: bool,
    has_checksums: bool,
}

impl Asked {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let given = |(header, _): &&(&str, _)| request.headers().contains_key(*header);
        let query = request.uri().query().unwrap_or_default();
        let has = |name| query.split('&').any(|part| part.split('=').next() == Some(name));
        let attributes = has("attributes");
        let is_copy = request.headers().contains_key("x-amz-copy-source");
        Self {
            condition: CONDITIONS.iter().find(given).map(|(_, name)| *name),
            attributes,
            has_checksums: attributes || has("uploadId") || is_copy,
        }
    }

    /// The response with all that S3 says.
    pub(super) fn told(self, response: Response<Body>) -> Response<Body> {
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            return rewritten(response, |xml| self.error(status, xml));
        }
        let response = if self.attributes { rewritten(response, unquoted) } else { response };
        if self.has_checksums { rewritten(response, carried::outward) } else { response }
    }

    fn error(self, status: StatusCode, xml: &str) -> Option<String> {
        let mut more = String::new();
        if !xml.contains("<Message>") {
            let text = TEXTS.iter().find(|(code, _)| has_code(xml, code));
            more.extend(text.map(|(_, text)| format!("<Message>{text}</Message>")));
        }
        let failed = self.condition.filter(|_| status == StatusCode::PRECONDITION_FAILED);
        more.extend(failed.map(|condition| format!("<Condition>{condition}</Condition>")));
        (!more.is_empty()).then(|| xml.replacen("</Code>", &format!("</Code>{more}"), 1))
    }
}

/// The attributes of an object with its entity tag as S3 writes it there alone.
fn unquoted(xml: &str) -> Option<String> {
    let (before, rest) = xml.split_once("<ETag>")?;
    let (etag, after) = rest.split_once("</ETag>")?;
    let etag = etag.replace("&quot;", "").replace('"', "");
    Some(format!("{before}<ETag>{etag}</ETag>{after}"))
}

/// The response with another text, if it has a text and there is another.
fn rewritten(
    mut response: Response<Body>,
    write: impl FnOnce(&str) -> Option<String>,
) -> Response<Body> {
    let body = response.body().bytes();
    let xml = body.as_deref().and_then(|body| str::from_utf8(body).ok()).and_then(write);
    if let Some(xml) = xml {
        response.headers_mut().insert(CONTENT_LENGTH, xml.len().into());
        *response.body_mut() = Body::from(Bytes::from(xml));
    }
    response
}

fn has_code(xml: &str, code: &str) -> bool {
    xml.contains(&format!("<Code>{code}</Code>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, xml: &str, expect: &str) {
        let request = Request::get("/b/k?attributes=").header("if-match", "x").body(());
        let asked = Asked::of(&request.expect("a request"));
        let mut response = Response::new(Body::from(xml.to_owned()));
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        let told = asked.told(response);
        let body = told.body().bytes().expect("it is there");
        assert_eq!(str::from_utf8(&body), Ok(expect));
    }

    #[test]
    fn replies_tell_what_the_library_leaves_out() {
        check(200, "<ETag>&quot;x&quot;</ETag>", "<ETag>x</ETag>");
        check(200, "<Size>1</Size>", "<Size>1</Size>");
        check(404, "<Code>NoSuchKey</Code>", "<Code>NoSuchKey</Code>");
        check(
            412,
            "<Code>PreconditionFailed</Code><Message>m</Message>",
            "<Code>PreconditionFailed</Code><Condition>If-Match</Condition><Message>m</Message>",
        );
        let text = format!("<Code>MalformedXML</Code><Message>{MALFORMED}</Message>");
        check(400, "<Code>MalformedXML</Code>", &text);
        check(400, &text, &text);
    }
}
