//! What is kept of a call of a deployed REST API besides what every request has: where it went, and
//! which of its author's definitions were applied to it.

use super::text::Texts;

/// Bytes of all texts together; the end of what does not fit is left out, so that the longest
/// stand last.
const BYTES: usize = 512;
const COUNT: usize = 9;

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
    pub answered: Option<u16>,
    /// The media type whose request template was applied.
    pub request_template: &'a str,
    /// The media type whose response template was applied.
    pub response_template: &'a str,
    /// The path of the matched resource, with its parameters' names.
    pub resource: &'a str,
    /// Where the integration's request went, without its query.
    pub target: &'a str,
}

/// A call as it is kept: its texts one behind the other.
#[derive(Clone, Debug, Default)]
pub(super) struct RestTexts {
    answered: Option<u16>,
    texts: Texts<COUNT, BYTES>,
}

impl RestTexts {
    pub(super) fn set(&mut self, call: &RestCall<'_>) {
        self.answered = call.answered;
        self.texts.set([
            call.extended_id,
            call.api,
            call.stage,
            call.integration,
            call.inner_id,
            call.request_template,
            call.response_template,
            call.resource,
            call.target,
        ]);
    }

    pub(super) fn get(&self) -> RestCall<'_> {
        let text = |index| self.texts.get(index);
        RestCall {
            extended_id: text(0),
            api: text(1),
            stage: text(2),
            integration: text(3),
            inner_id: text(4),
            answered: self.answered,
            request_template: text(5),
            response_template: text(6),
            resource: text(7),
            target: text(8),
        }
    }
}
