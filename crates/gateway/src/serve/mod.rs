//! The data plane: calls in, answers out, from an immutable snapshot.
//!
//! A deployment compiles once ([`Deployment::compile`]) into a router, templates, validators and
//! patterns. A call runs named phases, a file each:
//!
//! match (`door`, `router`) → `authorise` → `admit` → `validate` → `request` → `integrate` →
//! `response`
//!
//! and whatever refuses it on the way becomes a `gateway_response`. The place of a cache is between
//! `validate` and `request`.

mod access_log;
mod address;
mod admit;
mod authorise;
mod bodies;
mod call;
mod compile;
mod content;
mod context;
mod door;
mod execute;
mod gateway_response;
pub mod http;
mod integrate;
mod log;
mod packing;
mod plan;
pub(crate) mod publish;
mod references;
mod request;
mod response;
pub mod router;
mod table;
mod target;
mod trial;
mod unpacking;
mod validate;
mod values;
mod way;

pub use compile::{CompileError, Deployment};
pub(crate) use table::{Stage, Table};
pub use trial::{Outcome, Trial};
