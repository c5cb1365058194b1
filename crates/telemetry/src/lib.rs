//! What the server measures and what its models say: metrics with CloudWatch's semantics, one
//! bounded log store, the Prometheus text of both, and the ways of the last requests.
//!
//! Recording is for the data plane and costs a few uncontended atomic additions. Reading merges.
//! The AWS names, errors and page tokens on the wire are left to `aws-api`; alarms and periods
//! are built on the snapshots given here.

mod exposition;
mod logs;
mod metrics;
mod requests;
mod shards;

pub use exposition::{Declared, Kind};
pub use logs::{
    Event, EventPage, FilterQuery, FilteredEvent, FilteredPage, GroupSummary, LogLimits, LogTotals,
    LogWriter, Logs, Page, Pattern, ReadQuery, StreamOrder, StreamQuery, StreamSummary,
    endpoint_group, instance_stream,
};
pub use metrics::{
    CallClass, Charge, DECLARED, Distribution, Gauge, InFlight, Limit, Metrics, NoRoom, Sample,
    ServerCounter, ServerMetrics, VariantMetrics, VariantSnapshot,
};
pub use requests::{
    Answered, Blame, Failure, Fleet, Names, Phase, RequestFailure, RequestRecord, Requests,
    RestCall, Trail,
};
