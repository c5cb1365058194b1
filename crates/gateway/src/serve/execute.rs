//! The phases of a call whose method is known, one after the other. Those that find nothing to do
//! are not entered.

use telemetry::Phase;

use super::{
    admit, authorise,
    call::Call,
    integrate, log, request,
    response::{self, Answer},
    unpacking, validate,
    way::Way,
};
use crate::{Gateway, headers::Headers, refusal::Refusal};

/// Runs the phases. What refuses the call on the way is the caller's to show.
pub(crate) async fn run<'a>(
    gateway: &Gateway,
    call: &mut Call<'_, 'a>,
    way: &mut Way<'a>,
) -> Result<Answer, Refusal> {
    authorise::check(gateway, call, way)?;
    unpacking::unpack(gateway, call).await?;
    run_authorised(gateway, call, way).await
}

/// The phases after the caller is known. Between validation and the integration is the place of a
/// cache, which is not there yet.
pub(crate) async fn run_authorised<'a>(
    gateway: &Gateway,
    call: &Call<'_, 'a>,
    way: &mut Way<'a>,
) -> Result<Answer, Refusal> {
    admit::check(call, way)?;
    validate::check(call, way)?;
    way.enter(Phase::RequestMapping);
    let mut outgoing = request::build(call, way)?;
    let note = Note { gateway, call };
    note.request(&outgoing);
    way.enter(Phase::Integration);
    let overrides = std::mem::take(&mut outgoing.overrides);
    let incoming = integrate::send(gateway, call, outgoing, way).await?;
    way.answered(incoming.status, &incoming.headers);
    note.response(&incoming);
    way.enter(Phase::ResponseMapping);
    let mut answer = response::build(call, incoming, overrides, way)?;
    if !way.response_template.is_empty() {
        answer.body = gateway.charged(answer.body)?;
    }
    Ok(answer)
}

/// What of the phases goes to the execution log.
struct Note<'n, 'c> {
    gateway: &'n Gateway,
    call: &'n Call<'c, 'c>,
}

impl Note<'_, '_> {
    fn line(&self, text: impl FnOnce() -> String) {
        self.call.surroundings.log.line(&self.gateway.on().clock, text);
    }

    fn is_mock(&self) -> bool {
        self.call.plan.integration.kind == resources::rest_apis::IntegrationType::Mock
    }

    fn request(&self, outgoing: &request::Outgoing<'_>) {
        if self.is_mock() || !self.call.surroundings.log.is_kept() {
            return;
        }
        self.line(|| format!("Endpoint request headers: {}", shown(&outgoing.headers)));
        self.line(|| {
            let body = String::from_utf8_lossy(&outgoing.body);
            format!("Endpoint request body after transformations: {body}")
        });
    }

    fn response(&self, incoming: &integrate::Incoming) {
        if self.is_mock() || !self.call.surroundings.log.is_kept() {
            return;
        }
        self.line(|| format!("Received response. Status: {}", incoming.status));
        self.line(|| format!("Endpoint response headers: {}", shown(&incoming.headers)));
        self.line(|| {
            let body = String::from_utf8_lossy(&incoming.body);
            format!("Endpoint response body before transformations: {body}")
        });
    }
}

/// Headers as the log shows them.
fn shown(headers: &Headers<'_>) -> String {
    let visible = |value| str::from_utf8(value).ok().filter(|text| text.is_ascii());
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), visible(value)));
    log::as_map(pairs.map(|(name, value)| (name, value.unwrap_or_default())))
}
