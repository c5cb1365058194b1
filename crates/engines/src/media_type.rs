//! The grammar of `Content-Type` and `Accept`, as far as engines need it.
//!
//! Owns the splitting; which types an engine knows is the engine's business.

/// A type without its parameters.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// The parameters of a type, as names and values.
pub(crate) fn parameters(media_type: &str) -> impl Iterator<Item = (&str, &str)> {
    media_type.split(';').skip(1).map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (name.trim(), value.trim())
    })
}

/// Whether a range of `Accept` has the weight 0, which means "anything but this".
pub(crate) fn is_refused(range: &str) -> bool {
    parameters(range)
        .any(|(name, value)| name.eq_ignore_ascii_case("q") && value.parse() == Ok(0.0))
}
