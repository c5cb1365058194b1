//! `GetDeployments`.

use gateway::control::deployments;
use resources::{Error, rest_apis::ApiDeployment};

use super::shapes::{ApiPage, Shown, ShownPage};
use crate::Context;

pub(crate) type Input = ApiPage;
type Output = ShownPage<Shown<ApiDeployment>>;

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let (api, query) = input.split();
    let page = deployments::list(&cx.gateway, api, query).await?;
    Ok(ShownPage::of(page, Shown::created))
}
