//! `UpdateRestApi`.

use gateway::control::rest_apis;
use resources::{Error, rest_apis::RestApi};

use super::shapes::{ApiPatch, Shown, refuse_paths};
use crate::Context;

pub(crate) type Input = ApiPatch;

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Shown<RestApi>, Error> {
    refuse_paths(&input.patch_operations, &["/policy"])?;
    let api = rest_apis::update(&cx.gateway, input.rest_api_id, input.patch_operations).await?;
    Ok(Shown::named(api))
}
