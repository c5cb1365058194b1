//! The control plane: what authors define, held to API Gateway's rules and kept in the store.
//!
//! A file a resource, with the verbs that it has. Every function is one transaction. Errors say
//! what API Gateway says; how they look on the wire is the caller's. Nothing here serves a call:
//! a deployment freezes what is defined, and the data plane serves deployments.

mod access;
pub mod deployments;
pub mod gateway_responses;
mod identifiers;
pub mod integration_responses;
mod integration_rules;
pub mod integrations;
pub mod method_responses;
pub mod methods;
pub mod models;
mod paging;
pub mod patch;
mod path_parts;
mod refusals;
pub mod resource_tree;
pub mod rest_apis;
mod settings;
pub mod stages;
pub mod tags;
mod template_of_model;
pub mod validators;

pub use access::MethodPlace;
pub use paging::{Page, PageQuery};
