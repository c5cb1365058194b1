//! What `clary why` can tell of an answered call: its way, handed to `telemetry` in one place for
//! all protocols, and who is to blame where it failed.

use aws_wire::Fault;
use telemetry::{Answered, Blame, Failure, Names, Phase, Trail};

use crate::{Context, request_id::RequestId};

/// A call whose answer is known.
pub(crate) struct Call<'a> {
    /// Its id.
    pub(crate) id: RequestId,
    /// The service's name, as SDKs have it.
    pub(crate) service: &'static str,
    /// The operation's name.
    pub(crate) operation: &'static str,
    /// Who and what it is about.
    pub(crate) names: Names<'a>,
}

impl Call<'_> {
    /// Remembers a call that was answered well, with that status.
    pub(crate) fn answered(&self, cx: &Context, status: u16, trail: &Trail) {
        self.keep(cx, status, trail, None);
    }

    /// Remembers a call that failed in the phase that its trail is in.
    pub(crate) fn failed(&self, cx: &Context, status: u16, mut trail: Trail, fault: &Fault) {
        let phase = trail.fail();
        let (code, message) = (fault.code(), fault.message());
        let failure = Failure { code, message, blame: blame(status, phase), phase };
        self.keep(cx, status, &trail, Some(failure));
    }

    fn keep(&self, cx: &Context, status: u16, trail: &Trail, failure: Option<Failure<'_>>) {
        cx.metrics.requests.keep(&Answered {
            id: self.id.as_str(),
            service: self.service,
            operation: self.operation,
            status,
            names: self.names,
            trail,
            failure,
            rest: None,
        });
    }
}

/// What the model answers is the model's fault, whatever its status; else the status tells.
fn blame(status: u16, phase: Phase) -> Blame {
    match (phase, status) {
        (Phase::Model, _) => Blame::Model,
        (_, 500..) => Blame::Server,
        _ => Blame::Caller,
    }
}
