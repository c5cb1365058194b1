//! `GetRole`. Accounts have no roles yet, so that no name is one's; roles that models and endpoints
//! name by their ARN are taken as they are and never looked up.

use resources::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    role_name: String,
}

/// There is none to show.
#[derive(Debug, Serialize)]
pub(crate) enum Output {}

pub(crate) async fn call(_: &Context, input: Input) -> Result<Output, Error> {
    let text = format!("The role with name {} cannot be found.", input.role_name);
    Err(Error::new(ErrorKind::NotFound, text))
}
