//! What is kept of one request: a record of fixed size, written in place.

use std::time::{Duration, Instant};

use super::{
    Answered,
    rest::{RestCall, RestTexts},
    text::{Text, Texts},
    trail::{Phase, Ticks, duration_of},
};

/// Bytes of a request id; UUIDs have 36.
const ID_BYTES: usize = 40;
/// Bytes of the names together: an endpoint, a variant and a model have 63 at most, a key 20.
const NAMES_BYTES: usize = 232;
/// Bytes of an error's code and of its message; the end of a longer one is left out.
const CODE_BYTES: usize = 64;
const MESSAGE_BYTES: usize = 512;

/// Whose fault it is that a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Who called: the same call will fail again.
    Caller,
    /// The model, or whatever a REST API stands in front of.
    Model,
    /// Who defined the REST API: a template, a mapping or an integration of it is wrong.
    Author,
    /// The server: the same call may work later.
    Server,
}

impl Blame {
    /// The word for it that people see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Model => "model",
            Self::Author => "author",
            Self::Server => "server",
        }
    }
}

/// Which of two deployments answered, while one takes over from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fleet {
    /// The one that served before.
    Old,
    /// The one that takes over.
    New,
}

impl Fleet {
    /// The word for it that people see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

/// The names of a record, by their place.
const CALLER: usize = 0;
const RESOURCE: usize = 1;
const VARIANT: usize = 2;
const MODEL: usize = 3;

/// One request that was answered. What every record has lies together at its beginning, so that
/// writing a good one touches a few cache lines.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct RequestRecord {
    /// None in a place that nothing was written to yet.
    arrived: Option<Instant>,
    took: Duration,
    service: &'static str,
    operation: &'static str,
    status: u16,
    fleet: Option<Fleet>,
    /// Phase and blame of a failure, whose texts are at the end.
    failed: Option<(Phase, Blame)>,
    id: Text<ID_BYTES>,
    ticks: Ticks,
    names: Texts<4, NAMES_BYTES>,
    code: Text<CODE_BYTES>,
    message: Text<MESSAGE_BYTES>,
    /// Whether the request is a REST API's, and `rest` about it.
    is_rest: bool,
    /// Made when the place is first given to a call of a REST API, and used again after that.
    rest: Option<Box<RestTexts>>,
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestFailure<'a> {
    /// The code that the client got.
    pub code: &'a str,
    /// The beginning of the text that the client got, or of what it was not told.
    pub message: &'a str,
    /// Whose fault it is.
    pub blame: Blame,
    /// What the request was in the middle of.
    pub phase: Phase,
}

impl RequestRecord {
    pub(super) fn write(&mut self, answered: &Answered<'_>) {
        let Answered { id, service, operation, status, names, trail, failure, rest } = answered;
        self.arrived = Some(trail.arrived());
        self.took = trail.took();
        self.service = service;
        self.operation = operation;
        self.status = *status;
        self.fleet = names.fleet;
        self.id.set(id);
        self.ticks = *trail.ticks();
        self.names.set([names.caller, names.resource, names.variant, names.model]);
        self.failed = failure.as_ref().map(|failure| (failure.phase, failure.blame));
        if let Some(failure) = failure {
            self.code.set(failure.code);
            self.message.set(failure.message);
        }
        self.is_rest = rest.is_some();
        if let Some(rest) = rest {
            self.rest.get_or_insert_default().set(rest);
        }
    }

    /// The request's id.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Whether a client knows the request by that id.
    pub(super) fn is_known_as(&self, id: &str) -> bool {
        self.id() == id || self.rest().is_some_and(|rest| rest.extended_id == id)
    }

    /// What it went through in the gateway; none if it is no call of a deployed REST API.
    pub fn rest(&self) -> Option<RestCall<'_>> {
        self.rest.as_deref().filter(|_| self.is_rest).map(RestTexts::get)
    }

    /// When it arrived; none of a record that was never written.
    pub(super) fn arrived(&self) -> Option<Instant> {
        self.arrived
    }

    /// How long ago it arrived.
    pub fn age(&self) -> Duration {
        self.arrived.map_or(Duration::ZERO, |arrived| arrived.elapsed())
    }

    /// How long it took from its arrival until its answer was known.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// The service's name, as SDKs have it.
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// The operation's name.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The HTTP status that the client got.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The access key that it was signed with, or claims to be; empty if it names none.
    pub fn caller(&self) -> &str {
        self.names.get(CALLER)
    }

    /// The endpoint, path or whatever else it asks for; empty if that is not known.
    pub fn resource(&self) -> &str {
        self.names.get(RESOURCE)
    }

    /// The variant that it was routed to; empty if it was to none.
    pub fn variant(&self) -> &str {
        self.names.get(VARIANT)
    }

    /// The model that the variant serves.
    pub fn model(&self) -> &str {
        self.names.get(MODEL)
    }

    /// Which of two fleets the variant is of; none if there was only one.
    pub fn fleet(&self) -> Option<Fleet> {
        self.fleet
    }

    /// The phases that there were, in their order, and how long each took, to the tenth of a
    /// microsecond.
    pub fn phases(&self) -> impl Iterator<Item = (Phase, Duration)> {
        let phases = Phase::ALL.into_iter().zip(self.ticks);
        phases.filter(|(_, ticks)| *ticks > 0).map(|(phase, ticks)| (phase, duration_of(ticks)))
    }

    /// Why it failed; none of one that was answered well.
    pub fn failure(&self) -> Option<RequestFailure<'_>> {
        let (phase, blame) = self.failed?;
        let (code, message) = (self.code.as_str(), self.message.as_str());
        Some(RequestFailure { code, message, blame, phase })
    }
}

impl Default for RequestRecord {
    fn default() -> Self {
        Self {
            arrived: None,
            took: Duration::ZERO,
            service: "",
            operation: "",
            status: 0,
            fleet: None,
            failed: None,
            id: Text::default(),
            ticks: Ticks::default(),
            names: Texts::default(),
            code: Text::default(),
            message: Text::default(),
            is_rest: false,
            rest: None,
        }
    }
}
