//! `GetGatewayResponses`.

use gateway::control::gateway_responses;
use resources::Error;

use super::shapes::{ApiPage, ShownPage, ShownResponse};
use crate::Context;

pub(crate) type Input = ApiPage;

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownPage<ShownResponse>, Error> {
    let (api, query) = input.split();
    let page = gateway_responses::list(&cx.gateway, api, query).await?;
    Ok(ShownPage::of(page, ShownResponse::from))
}
