//! `GetRestApis`.

use gateway::control::{PageQuery, rest_apis};
use resources::{Error, rest_apis::RestApi};

use super::shapes::{PageInput, Shown, ShownPage};
use crate::Context;

pub(crate) type Input = PageInput;

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownPage<Shown<RestApi>>, Error> {
    let page = rest_apis::list(&cx.gateway, PageQuery::from(input)).await?;
    Ok(ShownPage::of(page, Shown::named))
}
