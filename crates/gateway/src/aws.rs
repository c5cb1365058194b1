//! The port to AWS services: what an integration of type `AWS` calls.
//!
//! The gateway says which service, how it is addressed and what is sent. Who fills the port runs
//! the call in process, with the same rules and errors as for a client, and says what came back.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};

/// A call of an AWS service.
#[derive(Clone, Debug)]
pub struct AwsRequest {
    /// As it stands in the address: `runtime.sagemaker`, `s3`, `lambda`.
    pub service: String,
    /// The HTTP method.
    pub method: Method,
    /// What is called.
    pub target: AwsTarget,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// The headers, those that every call has among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The role that calls; the account itself if none.
    pub role: Option<String>,
}

/// What of a service is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsTarget {
    /// A path with a leading slash, escaped as on the wire.
    Path(String),
    /// The name of an operation.
    Action(String),
}

/// What a service answered, its errors among the answers.
#[derive(Clone, Debug, Default)]
pub struct AwsAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Calls AWS services in process.
#[async_trait]
pub trait AwsCall: std::fmt::Debug + Send + Sync {
    /// Makes one call.
    async fn call(&self, request: AwsRequest) -> AwsAnswer;
}
