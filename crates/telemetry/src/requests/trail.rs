//! The way of one request while it is under way: which phase it is in, and how long each of the
//! phases before took. Keeping what came of it is `Requests`'.

use std::time::{Duration, Instant};

/// What a request can be in the middle of, in the order in which they come: some are of every call,
/// some of an AWS API's, some of a deployed REST API's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its head is being read and held to the bounds of the doors.
    Head,
    /// The API, stage and method are being found.
    Match,
    /// Its body is being read.
    Body,
    /// Its signature is being verified.
    Signature,
    /// Its operation is being found and its members decoded and held to their shapes.
    Decode,
    /// A control-plane operation is at work.
    Operation,
    /// Endpoint, variant and a place on an instance are being found.
    Route,
    /// The model is at work.
    Model,
    /// The caller's right to call the method is being established.
    Authorise,
    /// Keys and rates are being looked at: whether the call may be made now.
    Admit,
    /// Parameters and body are being held to the method's rules.
    Validate,
    /// The request is being mapped to the integration's.
    RequestMapping,
    /// The integration is at work.
    Integration,
    /// The integration's response is being mapped to the method's.
    ResponseMapping,
    /// What a refusal looks like is being worked out.
    GatewayResponse,
    /// The reply is being written.
    Reply,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 16] = [
        Self::Head,
        Self::Match,
        Self::Body,
        Self::Signature,
        Self::Decode,
        Self::Operation,
        Self::Route,
        Self::Model,
        Self::Authorise,
        Self::Admit,
        Self::Validate,
        Self::RequestMapping,
        Self::Integration,
        Self::ResponseMapping,
        Self::GatewayResponse,
        Self::Reply,
    ];

    /// The word for it that people see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Match => "match",
            Self::Body => "body",
            Self::Signature => "signature",
            Self::Decode => "decode",
            Self::Operation => "operation",
            Self::Route => "route",
            Self::Model => "model",
            Self::Authorise => "authorise",
            Self::Admit => "admit",
            Self::Validate => "validate",
            Self::RequestMapping => "request-mapping",
            Self::Integration => "integration",
            Self::ResponseMapping => "response-mapping",
            Self::GatewayResponse => "gateway-response",
            Self::Reply => "reply",
        }
    }
}

/// How long each phase took, in tenths of a microsecond; 0 for one that there was not. A phase
/// that takes more than seven minutes counts as so long.
pub(super) type Ticks = [u32; Phase::ALL.len()];

const TICK_NS: u32 = 100;
const TICKS_PER_S: u64 = 10_000_000;

/// The way of a request so far. It is in one phase at a time; entering the next ends the last.
#[derive(Clone, Debug)]
pub struct Trail {
    arrived: Instant,
    entered: Instant,
    phase: Phase,
    ticks: Ticks,
}

impl Trail {
    /// The way of a request that arrived at that time and is in its first phase since.
    pub fn begin(arrived: Instant, first: Phase) -> Self {
        Self { arrived, entered: arrived, phase: first, ticks: [0; Phase::ALL.len()] }
    }

    /// Ends the phase and enters the next.
    pub fn enter(&mut self, next: Phase) {
        self.enter_at(next, Instant::now());
    }

    /// As [`Self::enter`], for who knows the time already.
    pub fn enter_at(&mut self, next: Phase, now: Instant) {
        let ticks = &mut self.ticks[self.phase as usize];
        // At least one, so that a phase that there was can be told from one that there was not.
        *ticks = ticks.saturating_add(ticks_of(now - self.entered).max(1));
        self.phase = next;
        self.entered = now;
    }

    /// The phase that the request is in.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// When the request came into the phase that it is in.
    pub fn entered(&self) -> Instant {
        self.entered
    }

    /// Ends the phase that the request was in when it failed, and names it.
    pub fn fail(&mut self) -> Phase {
        let phase = self.phase;
        self.enter(Phase::Reply);
        phase
    }

    /// When the request arrived.
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// How long the request was in a phase that ended, all its turns together.
    pub fn spent_in(&self, phase: Phase) -> Duration {
        duration_of(self.ticks[phase as usize])
    }

    /// How long the phases that ended took.
    pub(super) fn ticks(&self) -> &Ticks {
        &self.ticks
    }

    /// From its arrival to the end of the last phase that ended.
    pub(super) fn took(&self) -> Duration {
        self.entered - self.arrived
    }
}

fn ticks_of(duration: Duration) -> u32 {
    let ticks = duration.as_secs() * TICKS_PER_S + u64::from(duration.subsec_nanos() / TICK_NS);
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// A number of ticks as time.
pub(super) fn duration_of(ticks: u32) -> Duration {
    Duration::from_nanos(u64::from(ticks) * u64::from(TICK_NS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_stand_at_their_own_place() {
        for (index, phase) in Phase::ALL.into_iter().enumerate() {
            assert_eq!(phase as usize, index, "{phase:?}");
        }
    }

    #[test]
    fn each_phase_has_its_time() {
        let arrived = Instant::now();
        let after = |us: u64| arrived + Duration::from_micros(us);
        let mut trail = Trail::begin(arrived, Phase::Body);
        trail.enter_at(Phase::Signature, after(5));
        trail.enter_at(Phase::Model, after(5));
        trail.enter_at(Phase::Reply, after(1_000_005));
        assert_eq!(trail.took(), Duration::from_micros(1_000_005));
        let ticks = |phase: Phase| trail.ticks()[phase as usize];
        assert_eq!(ticks(Phase::Body), 50);
        assert_eq!((ticks(Phase::Signature), ticks(Phase::Decode)), (1, 0));
        assert_eq!(duration_of(ticks(Phase::Model)), Duration::from_secs(1));
        trail.enter_at(Phase::Body, after(1_000_000_000_000));
        assert_eq!(trail.ticks()[Phase::Reply as usize], u32::MAX);
    }
}
