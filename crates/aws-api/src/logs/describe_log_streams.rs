//! `DescribeLogStreams`.

use resources::{Error, ErrorKind, Timestamp};
use serde::{Deserialize, Serialize};
use telemetry::{StreamOrder, StreamQuery, StreamSummary};

use super::{PAGE, group_name};
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    log_streams: Vec<LogStream>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogStream {
    log_stream_name: String,
    creation_time: i64,
    first_event_timestamp: Option<i64>,
    last_event_timestamp: Option<i64>,
    last_ingestion_time: Option<i64>,
    upload_sequence_token: &'static str,
    arn: String,
    stored_bytes: usize,
}

/// Sequence tokens have no meaning since 2023, but the member is still there.
const SEQUENCE_TOKEN: &str = "0";

fn order(input: &Input) -> Result<StreamOrder, Error> {
    match (input.order_by.as_deref(), &input.log_stream_name_prefix) {
        (Some("LastEventTime"), None) => Ok(StreamOrder::LastEvent),
        (Some("LastEventTime"), Some(_)) => Err(Error::new(
            ErrorKind::Invalid,
            "Cannot order by LastEventTime with a logStreamNamePrefix.",
        )),
        _ => Ok(StreamOrder::Name),
    }
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let query = StreamQuery {
        prefix: input.log_stream_name_prefix.as_deref(),
        order: order(&input)?,
        descending: input.descending,
        limit: input.limit.unwrap_or(PAGE),
        token: input.next_token.as_deref(),
    };
    let group = group_name(input.log_group_name.clone(), input.log_group_identifier.clone())?;
    let page = cx.logs.streams(&group, query)?;
    Ok(Output {
        log_streams: page.items.into_iter().map(|stream| shown(cx, &group, stream)).collect(),
        next_token: page.next_token,
    })
}

fn shown(cx: &Context, group: &str, stream: StreamSummary) -> LogStream {
    let ms = |time: Option<Timestamp>| time.map(Timestamp::epoch_ms);
    LogStream {
        arn: cx.account.arn("logs", format_args!("log-group:{group}:log-stream:{}", stream.name)),
        log_stream_name: stream.name,
        creation_time: stream.created.epoch_ms(),
        first_event_timestamp: ms(stream.first_event),
        last_event_timestamp: ms(stream.last_event),
        last_ingestion_time: ms(stream.last_ingestion),
        upload_sequence_token: SEQUENCE_TOKEN,
        stored_bytes: stream.stored_bytes,
    }
}
