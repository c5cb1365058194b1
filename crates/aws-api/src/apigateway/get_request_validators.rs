//! `GetRequestValidators`.

use gateway::control::validators;
use resources::{Error, rest_apis::RequestValidator};

use super::shapes::{ApiPage, ShownPage};
use crate::Context;

pub(crate) type Input = ApiPage;

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownPage<RequestValidator>, Error> {
    let (api, query) = input.split();
    let page = validators::list(&cx.gateway, api, query).await?;
    Ok(ShownPage::of(page, |kept| kept.definition))
}
