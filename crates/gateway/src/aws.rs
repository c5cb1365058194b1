//! The port to AWS services: what an integration of type `AWS` calls.
//!
//! The gateway says which service, how it is addressed and what is sent. Who fills the port runs
//! the call in process, with the same rules and errors as for a client, and says what came back.

use std::{borrow::Cow, fmt, pin::Pin, time::Instant};

use bytes::Bytes;
use http::Method;
use telemetry::NoRoom;

use crate::headers::Headers;

/// A call of an AWS service.
#[derive(Clone, Debug)]
pub struct AwsRequest<'a> {
    /// As it stands in the address: `runtime.sagemaker`, `s3`, `lambda`.
    pub service: Cow<'a, str>,
    /// The HTTP method.
    pub method: Method,
    /// What is called.
    pub target: AwsTarget<'a>,
    /// The query, decoded.
    pub query: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The headers, those that every call has among them.
    pub headers: Headers<'a>,
    /// The body.
    pub body: Bytes,
    /// The role that calls; the account itself if none.
    pub role: Option<Cow<'a, str>>,
    /// When it was made.
    pub made: Instant,
}

impl AwsRequest<'_> {
    /// The same call, for a task that outlives the caller's.
    #[must_use]
    pub fn into_owned(self) -> AwsRequest<'static> {
        AwsRequest {
            service: owned(self.service),
            method: self.method,
            target: self.target.into_owned(),
            query: owned_pairs(self.query),
            headers: self.headers.into_owned(),
            body: self.body,
            role: self.role.map(owned),
            made: self.made,
        }
    }
}

/// The same text, for who outlives what it was borrowed from.
pub(crate) fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    text.into_owned().into()
}

/// As [`owned`], of names and values.
pub(crate) fn owned_pairs(
    pairs: Vec<(Cow<'_, str>, Cow<'_, str>)>,
) -> Vec<(Cow<'static, str>, Cow<'static, str>)> {
    pairs.into_iter().map(|(name, value)| (owned(name), owned(value))).collect()
}

/// What of a service is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsTarget<'a> {
    /// A path with a leading slash, escaped as on the wire.
    Path(Cow<'a, str>),
    /// The name of an operation.
    Action(Cow<'a, str>),
}

impl AwsTarget<'_> {
    /// The same, for who outlives the address.
    #[must_use]
    pub fn into_owned(self) -> AwsTarget<'static> {
        match self {
            Self::Path(path) => AwsTarget::Path(owned(path)),
            Self::Action(action) => AwsTarget::Action(owned(action)),
        }
    }

    /// The same, as long as this lives.
    #[must_use]
    pub fn borrowed(&self) -> AwsTarget<'_> {
        match self {
            Self::Path(path) => AwsTarget::Path((&**path).into()),
            Self::Action(action) => AwsTarget::Action((&**action).into()),
        }
    }
}

/// What a service answered, its errors among the answers.
#[derive(Clone, Debug, Default)]
pub struct AwsAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers<'static>,
    /// The body.
    pub body: Bytes,
}

/// An answer that is here already, or will come.
pub enum AwsAnswering<'a> {
    /// It was worked out on the calling thread.
    Ready(Result<AwsAnswer, NoRoom>),
    /// On its way.
    Pending(Pin<Box<dyn Future<Output = Result<AwsAnswer, NoRoom>> + Send + 'a>>),
}

impl fmt::Debug for AwsAnswering<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(answer) => f.debug_tuple("Ready").field(answer).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

/// Calls AWS services in process.
pub trait AwsCall: fmt::Debug + Send + Sync {
    /// Makes one call. Its answer is charged to the account of all bodies, if there is room for it.
    fn call<'a>(&'a self, request: AwsRequest<'a>) -> AwsAnswering<'a>;
}
