//! `FilterLogEvents`.

use resources::Error;
use serde::{Deserialize, Serialize};
use telemetry::{FilterQuery, FilteredEvent, Pattern};

use super::{group_name, timestamp};
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    #[serde(default)]
    log_stream_names: Vec<String>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    #[serde(default)]
    limit: usize,
}

/// `searchedLogStreams` is empty, as AWS has it since 2019.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    events: Vec<FilteredLogEvent>,
    searched_log_streams: [(); 0],
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FilteredLogEvent {
    log_stream_name: String,
    timestamp: i64,
    message: String,
    ingestion_time: i64,
    event_id: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let group = group_name(input.log_group_name, input.log_group_identifier)?;
    let pattern = input.filter_pattern.as_deref().map(Pattern::new).transpose()?;
    let query = FilterQuery {
        streams: &input.log_stream_names,
        stream_prefix: input.log_stream_name_prefix.as_deref(),
        start: input.start_time.map(timestamp),
        end: input.end_time.map(timestamp),
        pattern: pattern.as_ref(),
        limit: input.limit,
        token: input.next_token.as_deref(),
    };
    let page = cx.logs.filter(&group, query)?;
    Ok(Output {
        events: page.events.iter().map(shown).collect(),
        searched_log_streams: [],
        next_token: page.next_token,
    })
}

fn shown(found: &FilteredEvent) -> FilteredLogEvent {
    FilteredLogEvent {
        log_stream_name: found.stream.to_string(),
        timestamp: found.event.timestamp.epoch_ms(),
        message: found.event.message.to_string(),
        ingestion_time: found.event.ingested.epoch_ms(),
        event_id: found.event.id(),
    }
}
