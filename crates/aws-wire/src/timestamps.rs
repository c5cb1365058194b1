//! Moments on the wire: three formats, one value (seconds since 1970).

use serde_json::Value;
use time::{
    OffsetDateTime, UtcOffset,
    format_description::well_known::{Rfc2822, Rfc3339},
    macros::format_description,
};

use crate::table::TimestampFormat;

/// Reads text in `format` as seconds since 1970.
pub(crate) fn from_text(text: &str, format: TimestampFormat) -> Option<f64> {
    let moment = match format {
        TimestampFormat::EpochSeconds => {
            return text.parse().ok().filter(|seconds: &f64| seconds.is_finite());
        }
        TimestampFormat::Iso8601 => OffsetDateTime::parse(text, &Rfc3339).ok()?,
        TimestampFormat::HttpDate => OffsetDateTime::parse(text, &Rfc2822).ok()?,
    };
    Some(moment.unix_timestamp_nanos() as f64 / 1e9)
}

/// Reads a JSON value in `format` as seconds since 1970.
pub(crate) fn from_json(value: &Value, format: TimestampFormat) -> Option<f64> {
    match (value, format) {
        (Value::Number(seconds), TimestampFormat::EpochSeconds) => seconds.as_f64(),
        (Value::String(_), TimestampFormat::EpochSeconds) => None,
        (Value::String(text), format) => from_text(text, format),
        _ => None,
    }
}

/// Writes seconds since 1970 in `format`; nothing outside of the years 0 to 9999.
pub(crate) fn to_text(seconds: f64, format: TimestampFormat) -> Option<String> {
    let moment = || {
        let millis = (seconds * 1000.0).round() as i128;
        OffsetDateTime::from_unix_timestamp_nanos(millis * 1_000_000).ok()
    };
    match format {
        TimestampFormat::EpochSeconds => Some(number(seconds).to_string()),
        TimestampFormat::Iso8601 => moment()?.to_offset(UtcOffset::UTC).format(&Rfc3339).ok(),
        TimestampFormat::HttpDate => moment()?
            .format(format_description!(
                "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
            ))
            .ok(),
    }
}

/// Writes seconds since 1970 as JSON in `format`.
pub(crate) fn to_json(seconds: f64, format: TimestampFormat) -> Option<Value> {
    match format {
        TimestampFormat::EpochSeconds => Some(number(seconds)),
        format => to_text(seconds, format).map(Value::String),
    }
}

/// A whole number where the value is one, so that `1700000000` does not become `1700000000.0`.
pub(crate) fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{from_text, to_text};
    use crate::table::TimestampFormat::{EpochSeconds, HttpDate, Iso8601};

    #[test]
    fn formats_go_both_ways() {
        for (seconds, format, text) in [
            (1_398_796_238.0, Iso8601, "2014-04-29T18:30:38Z"),
            (1_398_796_238.5, Iso8601, "2014-04-29T18:30:38.5Z"),
            (1_398_796_238.0, HttpDate, "Tue, 29 Apr 2014 18:30:38 GMT"),
            (1_398_796_238.0, EpochSeconds, "1398796238"),
            (1_398_796_238.123, EpochSeconds, "1398796238.123"),
        ] {
            assert_eq!(to_text(seconds, format).as_deref(), Some(text));
            assert_eq!(from_text(text, format), Some(seconds));
        }
    }

    #[test]
    fn offsets_are_read() {
        assert_eq!(from_text("2019-12-16T22:48:18-01:00", Iso8601), Some(1_576_540_098.0));
    }

    #[test]
    fn nonsense_is_refused() {
        for (text, format) in [("NaN", EpochSeconds), ("today", Iso8601), ("", HttpDate)] {
            assert_eq!(from_text(text, format), None, "{text}");
        }
    }
}
