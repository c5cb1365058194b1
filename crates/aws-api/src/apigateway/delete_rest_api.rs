//! `DeleteRestApi`.

use gateway::control::rest_apis;
use resources::Error;

use super::shapes::ApiInput;
use crate::Context;

pub(crate) type Input = ApiInput;

pub(crate) async fn call(cx: &Context, input: Input) -> Result<(), Error> {
    rest_apis::delete(&cx.gateway, input.rest_api_id).await
}
