//! HTTP backends: which hosts integrations may reach, and calls of them over kept connections.

mod hosts;
mod pool;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;
use hyper::{body::Incoming as IncomingBody, client::conn::http1};
use hyper_util::rt::TokioIo;
use telemetry::Charge;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

use super::{
    bodies::{self, BodyProblem},
    integrate::Incoming,
};
pub use hosts::HostRules;
use pool::{Pool, Sender};

/// HTTP servers that integrations reach. Clones share one set of connections.
#[derive(Clone, Debug)]
pub struct HttpBackends {
    rules: HostRules,
    tls: Arc<ClientConfig>,
    pool: Arc<Pool>,
}

/// A call of a backend.
#[derive(Debug)]
pub(crate) struct HttpCall {
    pub(crate) method: Method,
    pub(crate) address: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) answer_bytes_max: usize,
}

/// Why a backend did not answer.
#[derive(Debug)]
pub(crate) enum HttpFailure {
    /// There is no such place, or nobody may go there.
    Address(String),
    /// It could not be reached, or broke off.
    Network(String),
    /// Its answer is too long.
    TooLong,
    /// There is no room for its answer beside the other bodies.
    NoRoom,
}

impl From<BodyProblem> for HttpFailure {
    fn from(problem: BodyProblem) -> Self {
        match problem {
            BodyProblem::TooLong => Self::TooLong,
            BodyProblem::NoRoom => Self::NoRoom,
            BodyProblem::Broken(why) => Self::Network(format!("the answer broke off: {why}")),
        }
    }
}

/// Where a backend is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl HttpBackends {
    /// Backends on hosts that the rules allow.
    pub fn new(rules: HostRules) -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3: this is a bug")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { rules, tls: Arc::new(tls), pool: Arc::default() }
    }

    /// Makes one call. A connection that was kept and has gone stale is replaced by a new one.
    pub(crate) async fn call(
        &self,
        call: HttpCall,
        charge: Charge,
    ) -> Result<Incoming, HttpFailure> {
        let uri: Uri = call
            .address
            .parse()
            .map_err(|error| HttpFailure::Address(format!("`{}`: {error}", call.address)))?;
        let origin = Origin::of(&uri).ok_or_else(|| {
            HttpFailure::Address(format!("`{}` names no HTTP server", call.address))
        })?;
        let mut request = request(&call, &uri)?;
        if let Some(mut kept) = self.pool.take(&origin) {
            match kept.try_send_request(request).await {
                Ok(response) => return self.read(response, origin, kept, (&call, charge)).await,
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(network(failed.error())),
                },
            }
        }
        let mut fresh = self.connect(&origin).await?;
        let response = fresh.send_request(request).await.map_err(|error| network(&error))?;
        self.read(response, origin, fresh, (&call, charge)).await
    }

    async fn read(
        &self,
        response: http::Response<IncomingBody>,
        origin: Origin,
        sender: Sender,
        (call, charge): (&HttpCall, Charge),
    ) -> Result<Incoming, HttpFailure> {
        let (head, body) = response.into_parts();
        let body = bodies::read(body, call.answer_bytes_max, charge).await?;
        self.pool.keep(origin, sender);
        Ok(Incoming { status: head.status.as_u16(), headers: head.headers.into(), body })
    }

    async fn connect(&self, origin: &Origin) -> Result<Sender, HttpFailure> {
        let stream = self.reach(origin).await?;
        let _ = stream.set_nodelay(true);
        if !origin.tls {
            return handshake(stream).await;
        }
        let name = ServerName::try_from(origin.host.clone())
            .map_err(|error| HttpFailure::Address(format!("`{}`: {error}", origin.host)))?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(|error| {
            HttpFailure::Network(format!("TLS with `{}`: {error}", origin.host))
        })?;
        handshake(stream).await
    }

    /// A connection to an address that was looked up once and may be reached: what is checked is
    /// what is used.
    async fn reach(&self, origin: &Origin) -> Result<TcpStream, HttpFailure> {
        let place = (origin.host.trim_matches(['[', ']']), origin.port);
        let found = tokio::net::lookup_host(place)
            .await
            .map_err(|error| HttpFailure::Network(format!("`{}`: {error}", origin.host)))?;
        let allowed = self.rules.allowed(&origin.host, origin.port, found);
        let mut last = None;
        for address in allowed.map_err(HttpFailure::Address)? {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(format!("{address}: {error}")),
            }
        }
        Err(HttpFailure::Network(
            last.unwrap_or_else(|| format!("`{}` has no address", origin.host)),
        ))
    }
}

impl Origin {
    fn of(uri: &Uri) -> Option<Self> {
        let tls = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let host = uri.host().filter(|host| !host.is_empty())?.to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Some(Self { tls, host, port })
    }
}

fn request(call: &HttpCall, uri: &Uri) -> Result<Request<Full<Bytes>>, HttpFailure> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::builder()
        .method(call.method.clone())
        .uri(target)
        .body(Full::new(call.body.clone()))
        .map_err(|error| HttpFailure::Address(error.to_string()))?;
    *request.headers_mut() = call.headers.clone();
    if !request.headers().contains_key(header::HOST)
        && let Some(authority) = uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    Ok(request)
}

async fn handshake(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
) -> Result<Sender, HttpFailure> {
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| network(&error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a backend ended early");
        }
    });
    Ok(sender)
}

fn network(error: &hyper::Error) -> HttpFailure {
    HttpFailure::Network(error.to_string())
}
