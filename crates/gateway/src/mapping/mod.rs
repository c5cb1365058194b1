//! Mapping templates: Velocity with API Gateway's objects, for the bodies of requests to integrations
//! and of their answers.
//!
//! This module owns what a template sees (`$input`, `$util`, `$context`, `$stageVariables`, `$method`,
//! `$esc`) and what it leaves behind besides text. The language is `vtl`'s, paths are `jsonpath`'s;
//! which template is rendered for what, and what becomes of [`Overrides`], is the pipeline's.
//!
//! ```
//! use gateway::mapping::{Body, Message, Parameters, Template};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let template = Template::compile(
//!     "#foreach($m in $input.path('$.movies'))$m.title by $input.params('user')$esc.newline#end",
//! )?;
//! let message = Message {
//!     body: Body::new(r#"{"movies": [{"title": "Alien"}, {"title": "Brazil"}]}"#),
//!     parameters: Parameters { query: &[("user", "7")], ..Parameters::default() },
//!     ..Message::default()
//! };
//! assert_eq!(template.render(&message)?.body, "Alien by 7\nBrazil by 7\n");
//! # Ok(())
//! # }
//! ```
//!
//! # What API Gateway says nothing of
//!
//! A name that has no value is written as nothing. Maps of `$input.path` are written as Java writes
//! them (`{a=1}`), lists as JSON (`["a"]`). A body is read as JSON at most once however often a
//! template asks, and not at all where it does not. `vtl::Options::api_gateway` has the differences
//! from Velocity itself.

mod allowance;
mod body;
mod context;
mod documents;
mod error;
mod escapes;
mod functions;
mod input;
mod message;
mod overrides;
mod queries;
mod template;

pub use body::Body;
pub use context::Context;
pub use error::Error;
pub use message::{HeaderSource, Message, Pairs, Parameters};
pub use overrides::{Overridden, OverriddenParts, Overrides};
pub use template::{Rendered, Template};
/// What [`Template::render_traced`] tells.
pub use vtl::Step;
/// JSON as templates see it, which [`Context`] is made of.
pub use vtl::{Json, JsonError};
