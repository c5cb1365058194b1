//! Times as S3 shows them.

use std::time::{Duration, SystemTime};

use resources::Timestamp;
use s3s::dto;

/// A point in time, for XML in milliseconds and for headers in seconds.
pub(super) fn shown(time: Timestamp) -> dto::Timestamp {
    let since_epoch = Duration::from_millis(time.epoch_ms().max(0).unsigned_abs());
    (SystemTime::UNIX_EPOCH + since_epoch).into()
}

/// A point in time in whole seconds, as `Last-Modified` shows it.
pub(super) fn in_seconds(time: Timestamp) -> dto::Timestamp {
    shown(Timestamp::from_epoch_ms(time.epoch_seconds() * 1000))
}
