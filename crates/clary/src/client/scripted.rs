//! For tests: a server that gives its answers from a list and remembers what it was asked. It
//! checks every signature as the real one does.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

use http::{Request, request::Parts};
use identity::AccessKey;
use resources::Clock;
use sigv4::{Payload, Secret, Settings, Verifier};

use super::{Client, Target};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A status, headers as `name: value` lines, and a body.
pub(crate) struct Answer(pub(crate) u16, pub(crate) &'static str, pub(crate) String);

impl Answer {
    pub(crate) fn json(body: &serde_json::Value) -> Self {
        Self(200, "", body.to_string())
    }

    pub(crate) fn refusal(code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "__type": code, "message": message });
        Self(400, "", body.to_string())
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self(status, "", String::new())
    }
}

/// A request as the server saw it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) parts: Parts,
    pub(crate) body: Vec<u8>,
    /// The service that it was signed for; empty for a request without a signature.
    pub(crate) service: String,
}

impl Asked {
    /// `SageMaker.CreateModel`, or method and path.
    pub(crate) fn call(&self) -> String {
        match self.parts.headers.get("x-amz-target") {
            Some(target) => target.to_str().expect("ASCII").to_owned(),
            None => format!("{} {}", self.parts.method, self.parts.uri),
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

/// The server's thread.
pub(crate) struct Scripted(JoinHandle<Vec<Asked>>);

impl Scripted {
    /// A server that ends when it has given all its answers, and a client of it.
    pub(crate) fn start(answers: Vec<Answer>) -> (Self, Client) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let serve = move || answers.iter().map(|answer| serve_one(&listener, answer)).collect();
        let client = Client::new(Target {
            url,
            key: AccessKey::new("AKIDEXAMPLE", SECRET).expect("a key"),
            session_token: None,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            ca_bundle: None,
            admin_token: None,
        })
        .expect("a client without certificates");
        (Self(thread::spawn(serve)), client)
    }

    /// Everything that was asked, once all answers were given.
    pub(crate) fn asked(self) -> Vec<Asked> {
        self.0.join().expect("the server did not fail")
    }
}

fn serve_one(listener: &TcpListener, answer: &Answer) -> Asked {
    let (mut connection, _) = listener.accept().expect("a connection");
    let (parts, body) = read(&connection);
    let service = verify(&parts, &body);
    let Answer(status, headers, text) = answer;
    let length = text.len();
    let text = if parts.method == http::Method::HEAD { "" } else { text };
    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n");
    write!(connection, "{head}connection: close\r\n\r\n{text}").expect("the client reads");
    Asked { parts, body, service }
}

fn read(connection: &TcpStream) -> (Parts, Vec<u8>) {
    let mut reader = BufReader::new(connection);
    let mut lines = reader.by_ref().lines().map(|line| line.expect("a line"));
    let first = lines.next().expect("a request line");
    let mut words = first.split(' ');
    let mut next = || words.next().expect("a word");
    let mut request = Request::builder().method(next()).uri(next());
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").expect("a header");
        request = request.header(name, value);
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let length = parts.headers.get("content-length").map_or(0, |length| {
        length.to_str().ok().and_then(|text| text.parse().ok()).expect("a length")
    });
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the whole body");
    (parts, body)
}

fn verify(parts: &Parts, body: &[u8]) -> String {
    if !parts.headers.contains_key("authorization") {
        return String::new();
    }
    let claim = sigv4::Claim::of(parts.into()).expect("a claim");
    let settings = if claim.service == "s3" { Settings::S3 } else { Settings::SERVICE };
    let now = Clock::new().now().epoch_seconds();
    let secret_of = |_: &sigv4::Claim<'_>| Ok(Secret::new(SECRET));
    Verifier::new(settings)
        .verify(parts.into(), Payload::Body(body), now, secret_of)
        .expect("the signature holds");
    claim.service.into_owned()
}
