//! `GetLogEvents`.

use resources::Error;
use serde::{Deserialize, Serialize};
use telemetry::{Event, ReadQuery};

use super::{group_name, timestamp};
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    #[serde(default)]
    limit: usize,
    #[serde(default)]
    start_from_head: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    events: Vec<OutputLogEvent>,
    next_forward_token: String,
    next_backward_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OutputLogEvent {
    timestamp: i64,
    message: String,
    ingestion_time: i64,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let group = group_name(input.log_group_name, input.log_group_identifier)?;
    let query = ReadQuery {
        start: input.start_time.map(timestamp),
        end: input.end_time.map(timestamp),
        from_head: input.start_from_head,
        limit: input.limit,
        token: input.next_token.as_deref(),
    };
    let page = cx.logs.read(&group, &input.log_stream_name, query)?;
    Ok(Output {
        events: page.events.iter().map(shown).collect(),
        next_forward_token: page.forward_token,
        next_backward_token: page.backward_token,
    })
}

fn shown(event: &Event) -> OutputLogEvent {
    OutputLogEvent {
        timestamp: event.timestamp.epoch_ms(),
        message: event.message.to_string(),
        ingestion_time: event.ingested.epoch_ms(),
    }
}
