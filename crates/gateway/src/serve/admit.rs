//! API keys, usage plans and throttling: whether a call that may be made may be made now.

use telemetry::Phase;

use super::{call::Call, way::Way};
use crate::refusal::{INVALID_API_KEY, Refusal};

/// Lets the call pass, or refuses it. There are no API keys, so that a method which asks for one
/// admits nobody.
pub(crate) fn check(call: &Call<'_, '_>, way: &mut Way<'_>) -> Result<(), Refusal> {
    if call.plan.api_key_required {
        way.enter(Phase::Admit);
        return Err(Refusal::from(&INVALID_API_KEY));
    }
    Ok(())
}
