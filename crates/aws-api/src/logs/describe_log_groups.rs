//! `DescribeLogGroups`.

use resources::Error;
use serde::{Deserialize, Serialize};
use telemetry::GroupSummary;

use super::PAGE;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(default)]
    log_group_name_prefix: String,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    log_groups: Vec<LogGroup>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    log_group_name: String,
    creation_time: i64,
    arn: String,
    log_group_arn: String,
    stored_bytes: usize,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let limit = input.limit.unwrap_or(PAGE);
    let page = cx.logs.groups(&input.log_group_name_prefix, limit, input.next_token.as_deref());
    Ok(Output {
        log_groups: page.items.into_iter().map(|group| shown(cx, group)).collect(),
        next_token: page.next_token,
    })
}

fn shown(cx: &Context, group: GroupSummary) -> LogGroup {
    let arn = cx.account.arn("logs", format_args!("log-group:{}", group.name));
    LogGroup {
        log_group_name: group.name,
        creation_time: group.created.epoch_ms(),
        arn: format!("{arn}:*"),
        log_group_arn: arn,
        stored_bytes: group.stored_bytes,
    }
}
