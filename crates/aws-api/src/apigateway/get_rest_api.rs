//! `GetRestApi`.

use gateway::control::rest_apis;
use resources::{Error, rest_apis::RestApi};

use super::shapes::{ApiInput, Shown};
use crate::Context;

pub(crate) type Input = ApiInput;

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Shown<RestApi>, Error> {
    rest_apis::get(&cx.gateway, input.rest_api_id).await.map(Shown::named)
}
