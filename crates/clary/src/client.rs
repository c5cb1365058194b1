//! A small signed client of AWS's protocols, for the commands that talk to a running server.
//!
//! It knows how to say a call and how to read a refusal. Which server and whose key is decided
//! in `cli::connect`, what to call and what to print in each command.

mod rest_apis;

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use http::{Method, Request, Response, StatusCode, header::AUTHORIZATION};
use identity::{AccessKey, Secret};
use resources::Clock;
use serde_json::Value;
use sigv4::{Settings, Signer};
use ureq::{
    Agent, Body,
    tls::{PemItem, RootCerts, TlsConfig},
};

use crate::tls;

/// Beyond this a server does not answer any more. The longest call is an invocation (60 s).
const CALL_TIMEOUT: Duration = Duration::from_secs(90);
/// An upload may take longer than a call.
const UPLOAD_TIMEOUT: Duration = Duration::from_hours(1);
/// Replies are kept in memory; this is beyond what any served operation answers.
const REPLY_BYTES_MAX: u64 = 64 << 20;

/// A server, and who we are to it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Such as `http://127.0.0.1:8600`, without a slash at the end.
    pub(crate) url: String,
    pub(crate) key: AccessKey,
    pub(crate) session_token: Option<Secret>,
    pub(crate) region: String,
    pub(crate) account: String,
    /// A PEM file with the certificates to trust instead of the well-known ones.
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Opens the server's own pages from another machine.
    pub(crate) admin_token: Option<Secret>,
}

/// A service that speaks awsJson1.1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonService {
    signing_name: &'static str,
    target_prefix: &'static str,
}

/// SageMaker's control plane.
pub(crate) const SAGEMAKER: JsonService =
    JsonService { signing_name: "sagemaker", target_prefix: "SageMaker" };
/// CloudWatch Logs.
pub(crate) const LOGS: JsonService =
    JsonService { signing_name: "logs", target_prefix: "Logs_20140328" };

/// What a service said instead of doing it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct AwsError {
    pub(crate) status: u16,
    /// Such as `ValidationException`.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    /// The whole JSON body; null for other bodies.
    pub(crate) body: Value,
}

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Nobody listens there.
    #[error("no clary server answers at {url}; start one with `clary serve`")]
    Unreachable { url: String },
    /// The connection failed halfway.
    #[error("the call to {url} broke off")]
    Broken { url: String, source: Box<ureq::Error> },
    /// The service refused.
    #[error(transparent)]
    Refused(#[from] Box<AwsError>),
    /// What came back is not what the protocol says, or we can't say what we want in it.
    #[error("{0}")]
    Protocol(String),
}

impl CallError {
    /// The refusal, if it is one.
    pub(crate) fn refusal(&self) -> Option<&AwsError> {
        match self {
            Self::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the service says that the thing is not there. SageMaker says so with a
    /// `ValidationException` whose text begins so; there is no other mark.
    pub(crate) fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|error| {
            error.code.contains("NotFound")
                || error.message.starts_with("Could not find")
                || error.code == "NoSuchKey"
                || error.code == "NoSuchBucket"
        })
    }

    /// Whether the service says that the name is taken.
    pub(crate) fn is_already_there(&self) -> bool {
        self.refusal().is_some_and(|error| {
            error.code.starts_with("BucketAlready")
                || error.message.starts_with("Cannot create already existing")
        })
    }
}

/// A file to be stored as an object, from where it stands to its end.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) file: File,
    /// Of its bytes; the server refuses others.
    pub(crate) sha256: [u8; 32],
}

/// One prediction asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invocation<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) content_type: &'a str,
    pub(crate) accept: Option<&'a str>,
    pub(crate) target_variant: Option<&'a str>,
    pub(crate) enable_explanations: Option<&'a str>,
}

/// One prediction.
#[derive(Clone, Debug)]
pub(crate) struct Prediction {
    pub(crate) body: Vec<u8>,
    pub(crate) content_type: String,
    pub(crate) variant: String,
}

/// Signs and sends.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    target: Target,
    clock: Clock,
}

impl Client {
    /// Fails if the target's certificates can't be read.
    pub(crate) fn new(target: Target) -> anyhow::Result<Self> {
        let config = Agent::config_builder()
            .tls_config(
                TlsConfig::builder().root_certs(roots(target.ca_bundle.as_deref())?).build(),
            )
            .http_status_as_error(false)
            .max_redirects(0)
            // The server is on this machine or in this network: a proxy for the internet is wrong.
            .proxy(None)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_global(Some(CALL_TIMEOUT))
            .build();
        Ok(Self { agent: config.new_agent(), target, clock: Clock::new() })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// One operation of a JSON service.
    pub(crate) fn json(
        &self,
        service: JsonService,
        operation: &str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let request = self
            .request(Method::POST, "/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{}.{operation}", service.target_prefix));
        let request = build(request, input.to_string().into_bytes())?;
        let reply = self.call(service.signing_name, &Settings::SERVICE, request)?;
        let body = reply.into_body();
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body)
            .map_err(|_| CallError::Protocol(format!("the reply to `{operation}` is not JSON")))
    }

    /// Asks an endpoint for a prediction.
    pub(crate) fn invoke(&self, call: Invocation<'_>) -> Result<Prediction, CallError> {
        let request = self.invocation(call)?;
        let reply = self.call("sagemaker", &Settings::SERVICE, request)?;
        Ok(Prediction {
            content_type: header(&reply, "content-type").unwrap_or_default(),
            variant: header(&reply, "x-amzn-invoked-production-variant").unwrap_or_default(),
            body: reply.into_body(),
        })
    }

    /// The request of an invocation with all its headers, signed: for who sends it otherwise.
    pub(crate) fn signed_invocation(
        &self,
        call: Invocation<'_>,
    ) -> Result<Request<Vec<u8>>, CallError> {
        self.sign("sagemaker", &Settings::SERVICE, self.invocation(call)?)
    }

    /// Makes a bucket; whether it is new.
    pub(crate) fn create_bucket(&self, bucket: &str) -> Result<bool, CallError> {
        match self.s3(Method::PUT, &format!("/{bucket}"), Vec::new()) {
            Ok(_) => Ok(true),
            Err(error) if error.is_already_there() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether an object exists.
    pub(crate) fn has_object(&self, path: &str) -> Result<bool, CallError> {
        match self.s3(Method::HEAD, path, Vec::new()) {
            Ok(_) => Ok(true),
            Err(error) if error.refusal().is_some_and(|refusal| refusal.status == 404) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Stores an object under `/bucket/key`. It is sent as it is read, and never all in memory.
    pub(crate) fn put_object(&self, path: &str, upload: Upload) -> Result<(), CallError> {
        let (mut parts, _) = build(self.request(Method::PUT, path), Vec::new())?.into_parts();
        let now = self.clock.now().epoch_seconds();
        self.signer("s3", &Settings::S3)
            .sign_declared(&mut parts, &upload.sha256, now)
            .map_err(|error| CallError::Protocol(error.to_string()))?;
        let request = Request::from_parts(parts, upload.file);
        let configured =
            self.agent.configure_request(request).timeout_global(Some(UPLOAD_TIMEOUT)).build();
        self.received(self.agent.run(configured)).and_then(accepted).map(drop)
    }

    /// Deletes an object.
    pub(crate) fn delete_object(&self, path: &str) -> Result<(), CallError> {
        self.s3(Method::DELETE, path, Vec::new()).map(drop)
    }

    /// One of the server's own pages, unsigned.
    pub(crate) fn page(&self, path: &str) -> Result<String, CallError> {
        let mut request = self.request(Method::GET, path);
        if let Some(token) = &self.target.admin_token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let request = build(request, Vec::new())?;
        let reply = accepted(self.send(request)?)?;
        String::from_utf8(reply.into_body())
            .map_err(|_| CallError::Protocol(format!("the reply to `{path}` is not text")))
    }

    fn s3(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response<Vec<u8>>, CallError> {
        self.call("s3", &Settings::S3, build(self.request(method, path), body)?)
    }

    fn invocation(&self, call: Invocation<'_>) -> Result<Request<Vec<u8>>, CallError> {
        let path = format!("/endpoints/{}/invocations", call.endpoint);
        let optional = [
            ("accept", call.accept),
            ("x-amzn-sagemaker-target-variant", call.target_variant),
            ("x-amzn-sagemaker-enable-explanations", call.enable_explanations),
        ];
        let mut request =
            self.request(Method::POST, &path).header("content-type", call.content_type);
        for (name, value) in optional {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        build(request, call.body.to_vec())
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(format!("{}{path}", self.target.url))
    }

    fn call(
        &self,
        service: &str,
        settings: &Settings,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, CallError> {
        accepted(self.send(self.sign(service, settings, request)?)?)
    }

    fn sign(
        &self,
        service: &str,
        settings: &Settings,
        request: Request<Vec<u8>>,
    ) -> Result<Request<Vec<u8>>, CallError> {
        let (mut parts, body) = request.into_parts();
        self.signer(service, settings)
            .sign(&mut parts, &body, self.clock.now().epoch_seconds())
            .map_err(|error| CallError::Protocol(error.to_string()))?;
        Ok(Request::from_parts(parts, body))
    }

    fn signer<'a>(&'a self, service: &'a str, settings: &'a Settings) -> Signer<'a> {
        Signer {
            access_key_id: &self.target.key.id,
            secret: sigv4::Secret::new(self.target.key.secret.expose()),
            session_token: self.target.session_token.as_ref().map(Secret::expose),
            region: &self.target.region,
            service,
            settings,
        }
    }

    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, CallError> {
        let (parts, body) = request.into_parts();
        let has_body = parts.method == Method::PUT || parts.method == Method::POST;
        self.received(if has_body {
            self.agent.run(Request::from_parts(parts, body))
        } else {
            self.agent.run(Request::from_parts(parts, ()))
        })
    }

    fn received(
        &self,
        reply: Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Vec<u8>>, CallError> {
        let (parts, mut body) = reply.map_err(|error| self.explain(error))?.into_parts();
        let body = body
            .with_config()
            .limit(REPLY_BYTES_MAX)
            .read_to_vec()
            .map_err(|error| self.explain(error))?;
        Ok(Response::from_parts(parts, body))
    }

    fn explain(&self, error: ureq::Error) -> CallError {
        let url = self.target.url.clone();
        let unreachable = match &error {
            ureq::Error::Io(io) => io.kind() == std::io::ErrorKind::ConnectionRefused,
            ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
            _ => false,
        };
        if unreachable {
            return CallError::Unreachable { url };
        }
        CallError::Broken { url, source: Box::new(error) }
    }
}

fn roots(ca_bundle: Option<&Path>) -> anyhow::Result<RootCerts> {
    let Some(path) = ca_bundle else { return Ok(RootCerts::WebPki) };
    let pem = tls::read_certificates(path)?;
    let certificates = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("`{}` holds no certificates", path.display()))?;
    Ok(RootCerts::new_with_certs(&certificates))
}

fn build(request: http::request::Builder, body: Vec<u8>) -> Result<Request<Vec<u8>>, CallError> {
    request
        .body(body)
        .map_err(|error| CallError::Protocol(format!("the call can't be said in HTTP: {error}")))
}

/// The reply, if its status says that the call was done.
fn accepted(reply: Response<Vec<u8>>) -> Result<Response<Vec<u8>>, CallError> {
    if reply.status().is_success() {
        return Ok(reply);
    }
    Err(CallError::Refused(Box::new(refusal(&reply))))
}

/// Reads a refusal in any of the forms that the services use.
fn refusal(reply: &Response<Vec<u8>>) -> AwsError {
    let body: Value = serde_json::from_slice(reply.body()).unwrap_or_default();
    let text = String::from_utf8_lossy(reply.body());
    let member = |names: &[&str]| {
        names.iter().find_map(|name| body.get(name)).and_then(Value::as_str).map(str::to_owned)
    };
    let code = header(reply, "x-amzn-errortype")
        .or_else(|| member(&["__type", "code"]))
        .or_else(|| xml_element(&text, "Code"))
        .map(|code| bare_code(&code).to_owned());
    let message = member(&["message", "Message"]).or_else(|| xml_element(&text, "Message"));
    AwsError {
        status: reply.status().as_u16(),
        message: message.unwrap_or_else(|| status_text(reply.status())),
        code: code.unwrap_or_default(),
        request_id: header(reply, "x-amzn-requestid").or_else(|| header(reply, "x-amz-request-id")),
        body,
    }
}

fn status_text(status: StatusCode) -> String {
    format!("the server answered {status} without saying why")
}

/// `com.amazonaws.x#ValidationException:http://…` is a `ValidationException`.
fn bare_code(code: &str) -> &str {
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
    code.split_once(':').map_or(code, |(code, _)| code)
}

/// The text of the first element of that name; S3's error documents are flat.
fn xml_element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    let unescape = |text: String, (entity, plain): (&str, &str)| text.replace(entity, plain);
    Some(entities.into_iter().fold(inner.to_owned(), unescape))
}

fn header<T>(reply: &Response<T>, name: &str) -> Option<String> {
    reply.headers().get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
pub(crate) mod scripted;

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use sha2::{Digest as _, Sha256};

    use super::{
        scripted::{Answer, Scripted},
        *,
    };

    fn reply(status: u16, error_type: Option<&str>, body: &str) -> Response<Vec<u8>> {
        let mut reply = Response::builder().status(status).header("x-amzn-requestid", "r-1");
        if let Some(error_type) = error_type {
            reply = reply.header("x-amzn-errortype", error_type);
        }
        reply.body(body.as_bytes().to_vec()).expect("a reply")
    }

    #[test]
    fn every_form_of_refusal_is_read() {
        let check = |error_type, body, code: &str, message: &str| {
            let error = refusal(&reply(400, error_type, body));
            assert_eq!((&*error.code, &*error.message), (code, message));
            assert_eq!(error.request_id.as_deref(), Some("r-1"));
        };
        let json = r#"{"__type":"com.amazon#ValidationException","message":"no"}"#;
        check(None, json, "ValidationException", "no");
        check(Some("ModelError:http://x/"), r#"{"Message":"bad"}"#, "ModelError", "bad");
        let xml = "<Error><Code>NoSuchKey</Code><Message>a &lt;b&gt; &amp;lt;</Message></Error>";
        check(None, xml, "NoSuchKey", "a <b> &lt;");
        check(None, "", "", "the server answered 400 Bad Request without saying why");
    }

    #[test]
    fn what_is_missing_or_taken_is_told_from_the_text() {
        let refused = |code: &str, message: &str| {
            let body = serde_json::json!({"__type": code, "message": message}).to_string();
            CallError::from(Box::new(refusal(&reply(400, None, &body))))
        };
        assert!(refused("ValidationException", "Could not find endpoint \"x\".").is_not_found());
        assert!(refused("ResourceNotFoundException", "no").is_not_found());
        assert!(!refused("ValidationException", "1 validation error").is_not_found());
        let taken = "Cannot create already existing model \"x\".";
        assert!(refused("ValidationException", taken).is_already_there());
        assert!(refused("BucketAlreadyOwnedByYou", "yours").is_already_there());
    }

    #[test]
    fn nobody_there_is_said_with_what_to_do() {
        // A port of the system's choice that nobody listens on any more.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let url = format!("http://127.0.0.1:{port}");
        let client = Client::new(Target {
            url: url.clone(),
            key: AccessKey::new("AKIDEXAMPLE", "secret").expect("a key"),
            session_token: None,
            region: "us-east-1".into(),
            account: "000000000000".into(),
            ca_bundle: None,
            admin_token: None,
        })
        .expect("a client without certificates");
        let error = client.json(SAGEMAKER, "ListEndpoints", &Value::Null).expect_err("no server");
        let expect = format!("no clary server answers at {url}; start one with `clary serve`");
        assert_eq!(error.to_string(), expect);
    }

    fn upload(bytes: &[u8]) -> Upload {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).and_then(|()| file.rewind()).expect("it is written");
        Upload { file, sha256: Sha256::digest(bytes).into() }
    }

    #[test]
    fn calls_are_signed_for_their_service() {
        let (server, client) = Scripted::start(vec![
            Answer::json(&serde_json::json!({ "Endpoints": [] })),
            Answer::json(&serde_json::json!({ "events": [] })),
            Answer::refusal("BucketAlreadyOwnedByYou", "yours"),
            Answer::empty(404),
            Answer::empty(200),
            Answer::empty(204),
            Answer(200, "", "clary_up 1".to_owned()),
        ]);
        client.json(SAGEMAKER, "ListEndpoints", &serde_json::json!({})).expect("listed");
        client.json(LOGS, "FilterLogEvents", &serde_json::json!({})).expect("filtered");
        assert!(!client.create_bucket("models").expect("it is there"));
        assert!(!client.has_object("/models/none").expect("it is not there"));
        client.put_object("/models/a/~b+c", upload(b"bytes")).expect("stored");
        client.delete_object("/models/a").expect("deleted");
        assert_eq!(client.page("/_clary/metrics").expect("a page"), "clary_up 1");
        let asked = server.asked();
        let services: Vec<&str> = asked.iter().map(|asked| &*asked.service).collect();
        assert_eq!(services, ["sagemaker", "logs", "s3", "s3", "s3", "s3", ""]);
        assert_eq!(asked[1].call(), "Logs_20140328.FilterLogEvents");
        assert_eq!(asked[4].body, b"bytes");
    }

    #[test]
    fn an_invocation_carries_what_was_asked_for() {
        let headers = "content-type: text/csv\r\nx-Amzn-Invoked-Production-Variant: Blue\r\n";
        let refused = r#"{"ErrorCode": "CLIENT_ERROR_FROM_MODEL", "Message": "no"}"#;
        let (server, client) = Scripted::start(vec![
            Answer(200, headers, "0.5".to_owned()),
            Answer(424, "x-amzn-ErrorType: ModelError\r\n", refused.to_owned()),
        ]);
        let call = Invocation {
            endpoint: "covtype",
            body: b"1,2",
            content_type: "text/csv",
            accept: Some("application/json"),
            target_variant: Some("Blue"),
            enable_explanations: Some("`true`"),
        };
        let prediction = client.invoke(call).expect("a prediction");
        assert_eq!((&*prediction.variant, &*prediction.content_type), ("Blue", "text/csv"));
        assert_eq!(prediction.body, b"0.5");
        let error = client.invoke(call).expect_err("refused");
        let refusal = error.refusal().expect("a refusal");
        assert_eq!((refusal.status, &*refusal.code, &*refusal.message), (424, "ModelError", "no"));
        let asked = &server.asked()[0];
        assert_eq!(asked.call(), "POST /endpoints/covtype/invocations");
        assert_eq!(asked.parts.headers["accept"], "application/json");
        assert_eq!(asked.parts.headers["x-amzn-sagemaker-target-variant"], "Blue");
        assert_eq!(asked.parts.headers["x-amzn-sagemaker-enable-explanations"], "`true`");
        assert_eq!((&*asked.body, &*asked.service), (&b"1,2"[..], "sagemaker"));
    }
}
