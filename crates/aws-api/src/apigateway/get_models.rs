//! `GetModels`.

use gateway::control::models;
use resources::{Error, rest_apis::ApiModel};

use super::shapes::{ApiPage, ShownPage};
use crate::Context;

pub(crate) type Input = ApiPage;

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownPage<ApiModel>, Error> {
    let (api, query) = input.split();
    let page = models::list(&cx.gateway, api, query).await?;
    Ok(ShownPage::of(page, |kept| kept.definition))
}
