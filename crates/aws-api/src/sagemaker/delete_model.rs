//! `DeleteModel`.

use resources::Error;
use serde::{Deserialize, Serialize};

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    model_name: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Output {}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    hosting::models::delete(&cx.hosting, input.model_name).await?;
    Ok(Output {})
}
