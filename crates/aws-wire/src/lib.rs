//! AWS wire protocols over shape tables: decode, validate, encode.
//!
//! The crate owns what a request and a reply look like on the wire. It knows no domain: what an
//! operation does, and which error it gives, is the caller's. A call goes through it like this:
//!
//! 1. [`route_target`], [`route_path`] or [`route_action`] find the [`Route`], or say why there is none.
//! 2. [`decode`] reads and checks the parameters ([`Input`]).
//! 3. The caller does the work.
//! 4. [`encode`] writes the reply ([`Output`]), or [`Fault::response`] the error.
//!
//! ```
//! use aws_wire::{Output, decode, encode, route_target};
//! use serde_json::json;
//!
//! let (parts, body) = http::Request::post("/")
//!     .header("x-amz-target", "SageMaker.DescribeEndpoint")
//!     .body(bytes::Bytes::from(r#"{"EndpointName": "not a name"}"#))?
//!     .into_parts();
//! let route = route_target("SageMaker.DescribeEndpoint")?;
//! let fault = decode(route.service, route.operation, &parts, &body).unwrap_err();
//! assert_eq!(fault.code(), "ValidationException");
//! assert_eq!(
//!     fault.message(),
//!     "1 validation error detected: Value 'not a name' at 'endpointName' failed to satisfy \
//!      constraint: Member must satisfy regular expression pattern: \
//!      [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
//! );
//! assert_eq!(fault.response(route.service, "id-1").status(), 400);
//!
//! let route = route_target("SageMaker.CreateModel")?;
//! let output = Output { members: json!({"ModelArn": "arn:aws:sagemaker:…"}), payload: None };
//! let response = encode(route.service, route.operation, output, "id-2")?;
//! assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Everything that differs between operations stands in [`table`]s generated from botocore's
//! models by `cargo xtask shapes`; the code here is the same for all.

mod bindings;
mod decode;
mod encode;
mod fault;
mod foreign_xml;
mod form;
mod patterns;
mod read;
mod route;
pub mod table;
mod tables;
mod timestamps;
mod validate;
mod xml;

pub use decode::{Input, decode};
pub use encode::{EncodeError, Output, encode};
pub use fault::Fault;
pub use foreign_xml::{XML_DEPTH_MAX, XmlFault, plain_xml};
pub use route::{
    NoRoute, Route, form_action, route_action, route_path, route_target, service_for_form,
    service_for_target,
};
pub use table::{Operation, Protocol, Service, ShapeId};
pub use tables::SERVICES;

/// The data plane, for the server that decodes its calls by hand and writes errors by the table.
pub static SAGEMAKER_RUNTIME: &Service = &tables::sagemaker_runtime::SERVICE;
