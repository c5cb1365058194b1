//! What is kept of a call of a deployed REST API besides what every request has: where it went, and
//! which of its author's definitions were applied to it.

use super::text::Texts;

/// Bytes of all texts together; the end of what does not fit is left out, so that the longest
/// stand last.
const BYTES: usize = 512;
const COUNT: usize = 10;

/// A call of a deployed REST API. What is not known, or was not come to, is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestCall<'a> {
    /// The id in `x-amz-apigw-id`.
    pub extended_id: &'a str,
    /// The API's id.
    pub api: &'a str,
    /// The stage's name.
    pub stage: &'a str,
    /// The type of the integration, as API Gateway has it.
    pub integration: &'a str,
    /// The id of the call that the integration made inside this server.
    pub inner_id: &'a str,
    /// The status that the integration answered.
    pub answered: &'a str,
    /// The media type whose request template was applied.
    pub request_template: &'a str,
    /// The media type whose response template was applied.
    pub response_template: &'a str,
    /// The path of the matched resource, with its parameters' names.
    pub resource: &'a str,
    /// Where the integration's request went, without its query.
    pub target: &'a str,
}

/// The texts of a call, one behind the other.
#[derive(Clone, Debug, Default)]
pub(super) struct RestTexts(Texts<COUNT, BYTES>);

impl RestTexts {
    pub(super) fn set(&mut self, call: &RestCall<'_>) {
        self.0.set([
            call.extended_id,
            call.api,
            call.stage,
            call.integration,
            call.inner_id,
            call.answered,
            call.request_template,
            call.response_template,
            call.resource,
            call.target,
        ]);
    }

    pub(super) fn get(&self) -> RestCall<'_> {
        let text = |index| self.0.get(index);
        RestCall {
            extended_id: text(0),
            api: text(1),
            stage: text(2),
            integration: text(3),
            inner_id: text(4),
            answered: text(5),
            request_template: text(6),
            response_template: text(7),
            resource: text(8),
            target: text(9),
        }
    }
}
