//! The way of one call through the phases, kept for whoever asks why it went as it did: how long
//! each phase took, which of the author's definitions were applied, and what refused it.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use http::{HeaderName, Method};
use resources::rest_apis::IntegrationType;
use telemetry::{Answered, Blame, Failure, Names, Phase, Requests, RestCall, Trail};

use super::{
    call::Ids,
    plan::{MethodPlan, Place},
};
use crate::{
    headers::Headers,
    refusal::{API_CONFIGURATION_ERROR, INTEGRATION_FAILURE, INTEGRATION_TIMEOUT, Refusal},
};

/// The service's name, as SDKs have it.
const SERVICE: &str = "execute-api";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const S3_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// What is known of a call's way so far.
#[derive(Debug)]
pub(crate) struct Way<'a> {
    trail: Trail,
    operation: &'static str,
    /// What the call asks for, as it came.
    pub(crate) path: &'a str,
    /// API and stage, once they are known.
    pub(crate) stage: Option<(&'a str, &'a str)>,
    /// The path of the matched resource.
    pub(crate) resource: &'a str,
    pub(crate) integration: Option<IntegrationType>,
    /// The access key that the call was signed with, or claims to be.
    pub(crate) caller: String,
    /// Where the integration's request goes.
    pub(crate) target: Cow<'a, str>,
    /// The id of the call that the integration made inside this server.
    inner_id: String,
    /// The status that the integration answered.
    answered: Option<u16>,
    /// Media types of the templates that were applied.
    pub(crate) request_template: &'a str,
    pub(crate) response_template: &'a str,
    refused: Option<(Phase, Refusal)>,
}

impl<'a> Way<'a> {
    /// The way of a call that has just come in.
    pub(crate) fn begin(method: &Method, path: &'a str) -> Self {
        Self::begin_in(Phase::Match, method, path)
    }

    /// As [`Self::begin`], for a call that comes no further than to this phase.
    pub(crate) fn begin_in(phase: Phase, method: &Method, path: &'a str) -> Self {
        Self {
            trail: Trail::begin(Instant::now(), phase),
            operation: name_of(method),
            path,
            stage: None,
            resource: "",
            integration: None,
            caller: String::new(),
            target: Cow::Borrowed(""),
            inner_id: String::new(),
            answered: None,
            request_template: "",
            response_template: "",
            refused: None,
        }
    }

    /// Ends the phase and enters the next.
    pub(crate) fn enter(&mut self, next: Phase) {
        self.trail.enter(next);
    }

    /// Notes what the integration answered.
    pub(crate) fn answered(&mut self, status: u16, headers: &Headers<'_>) {
        self.answered = Some(status);
        let is_here =
            matches!(self.integration, Some(IntegrationType::Aws | IntegrationType::AwsProxy));
        // What another server calls its answer is nothing that could be found here.
        let names = [REQUEST_ID, S3_REQUEST_ID];
        let id = names.iter().filter(|_| is_here).find_map(|name| headers.text(name));
        if let Some(id) = id {
            id.clone_into(&mut self.inner_id);
        }
    }

    /// Notes the method.
    pub(crate) fn matched(&mut self, place: &'a Place, plan: &'a MethodPlan) {
        self.resource = &place.path;
        self.integration = Some(plan.integration.kind);
    }

    /// Ends the phase that the call was refused in, and gives the refusal back.
    pub(crate) fn refused(&mut self, refusal: Refusal) -> Refusal {
        self.refused = Some((self.trail.phase(), refusal.clone()));
        self.enter(Phase::GatewayResponse);
        refusal
    }

    /// When the call came into the phase that it is in.
    pub(crate) fn entered(&self) -> Instant {
        self.trail.entered()
    }

    /// How long ago the call came in.
    pub(crate) fn age(&self) -> Duration {
        self.trail.arrived().elapsed()
    }

    /// How long the call was in a phase that ended.
    pub(crate) fn spent_in(&self, phase: Phase) -> Duration {
        self.trail.spent_in(phase)
    }

    /// The status that the integration answered.
    pub(crate) fn integration_status(&self) -> Option<u16> {
        self.answered
    }

    /// The id of the call that the integration made inside this server; empty if there was none.
    pub(crate) fn inner_id(&self) -> &str {
        &self.inner_id
    }

    /// Keeps the way of the call, whose answer has that status.
    pub(crate) fn keep(mut self, requests: &Requests, ids: &Ids<'_>, status: u16) {
        self.trail.enter(Phase::Reply);
        let (api, stage) = self.stage.unwrap_or_default();
        requests.keep(&Answered {
            id: ids.request,
            service: SERVICE,
            operation: self.operation,
            status,
            names: Names { caller: &self.caller, resource: self.path, ..Names::default() },
            trail: &self.trail,
            failure: self.failure(),
            rest: Some(RestCall {
                extended_id: &ids.extended,
                api,
                stage,
                integration: self.integration.map_or("", IntegrationType::as_str),
                inner_id: &self.inner_id,
                answered: self.answered,
                request_template: self.request_template,
                response_template: self.response_template,
                resource: self.resource,
                target: &self.target,
            }),
        });
    }

    /// Why the call failed: what refused it, or what the integration said.
    fn failure(&self) -> Option<Failure<'_>> {
        if let Some((phase, refusal)) = &self.refused {
            let message = refusal.cause.as_deref().or(refusal.validation_error.as_deref());
            let message = message.or(refusal.message()).unwrap_or_default();
            let code = refusal.kind.name;
            return Some(Failure { code, message, blame: blame(refusal), phase: *phase });
        }
        let failed = self.answered.is_some_and(|status| status >= 400);
        let is_mock = self.integration == Some(IntegrationType::Mock);
        (failed && !is_mock).then_some(Failure {
            code: "INTEGRATION_ERROR",
            message: "the integration answered with an error, which was mapped as defined",
            blame: Blame::Model,
            phase: Phase::Integration,
        })
    }
}

fn blame(refusal: &Refusal) -> Blame {
    match refusal.kind.name {
        name if name == INTEGRATION_FAILURE.name || name == INTEGRATION_TIMEOUT.name => {
            Blame::Model
        }
        name if name == API_CONFIGURATION_ERROR.name => Blame::Author,
        _ if refusal.kind.status.is_some_and(|status| status >= 500) => Blame::Server,
        _ => Blame::Caller,
    }
}

/// The methods that a resource can have.
fn name_of(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("unknown")
}
