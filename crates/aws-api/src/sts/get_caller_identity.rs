//! `GetCallerIdentity`: the owner of the key that signed. As with AWS, it needs no permission.

use resources::Error;
use serde::{Deserialize, Serialize};

use crate::{Context, authenticate::Caller, error};

#[derive(Debug, Deserialize)]
pub(crate) struct Input {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    account: String,
    arn: String,
    user_id: String,
}

pub(crate) async fn call(cx: &Context, caller: &Caller, _: Input) -> Result<Output, Error> {
    let account = cx.account.id().to_owned();
    if caller.principal != identity::root_arn(&cx.account) {
        // Users and sessions have ids of their own, which no key records yet.
        return Err(error::not_served(&format!("The user id of `{}`", caller.principal)));
    }
    // The user id of the root user is the account's.
    Ok(Output { user_id: account.clone(), account, arn: caller.principal.clone() })
}
