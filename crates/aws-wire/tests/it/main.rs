//! What callers see of the crate: AWS's protocol cases, validation texts, errors, routes.

mod botocore_protocols;
mod built_tables;
mod faults;
mod forms;
mod hostile_bodies;
mod replies;
mod routes;
mod validation;
mod xml;
