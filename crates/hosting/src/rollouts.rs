//! Moving rollouts on: when a step is over, when there is no time left, and how the endpoint's
//! record changes then. Making the fleets follow the record is the reconciler's.

use resources::{Deployment, Endpoint, EndpointStatus, Error, Timestamp};
use store::Tx;

use crate::fleets::Fleets;

/// What is to become of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// Its step goes on, until then at the latest if that is known.
    Stays(Option<Timestamp>),
    /// Its step is over.
    MovesOn,
    /// It is given up, and what served before serves all calls again.
    RollsBack {
        /// Why: the endpoint's `FailureReason`.
        reason: String,
    },
}

/// Whether a rollout goes on. This is the one place where it is decided, and where whatever else
/// may stop one is to be asked: alarms, once there are any.
fn judge(pending: &Deployment, now: Timestamp) -> Verdict {
    let Some(rollout) = &pending.rollout else { return Verdict::Stays(None) };
    let deadline = rollout.deadline(pending.started);
    if deadline.is_some_and(|deadline| deadline <= now) {
        return Verdict::RollsBack { reason: out_of_time(pending) };
    }
    match rollout.step_ends() {
        Some(end) if end <= now => Verdict::MovesOn,
        end => Verdict::Stays(end.into_iter().chain(deadline).min()),
    }
}

fn out_of_time(pending: &Deployment) -> String {
    let rollout = pending.rollout.as_deref();
    let timeout = rollout.and_then(|rollout| rollout.timeout_seconds).unwrap_or_default();
    let up = rollout.filter(|rollout| rollout.step_began.is_some());
    let reached = up.map_or_else(
        || "its variants were not up yet".to_owned(),
        |rollout| format!("its variants had {:.0} % of the traffic", rollout.share() * 100.0),
    );
    format!(
        "The deployment of endpoint configuration {} was rolled back: it took longer than its \
         MaximumExecutionTimeoutInSeconds of {timeout}, when {reached}. Give it more time or \
         shorter waits.",
        pending.config_name
    )
}

/// The rollout that a record asks for and that these fleets can carry out: rolling back takes a
/// fleet to roll back to, and a step that serves takes the new one.
fn under_way<'e>(endpoint: &'e Endpoint, fleets: Option<&Fleets>) -> Option<&'e Deployment> {
    let (fleets, current) = (fleets?, endpoint.current.as_ref()?);
    let pending = endpoint.pending.as_ref()?;
    let serves = pending.rollout.as_ref()?.step_began.is_some();
    let can = fleets.blue().deployment.id == current.id && (fleets.has_green() || !serves);
    (can && endpoint.status == EndpointStatus::Updating).then_some(pending)
}

/// Whether there is something to change about an endpoint's rollout now.
pub(crate) fn is_due(endpoint: &Endpoint, fleets: Option<&Fleets>, now: Timestamp) -> bool {
    let verdict = under_way(endpoint, fleets).map(|pending| judge(pending, now));
    verdict.is_some_and(|verdict| !matches!(verdict, Verdict::Stays(_)))
}

/// The new fleet's share of the calls once what is due has been done.
pub(crate) fn share_then(endpoint: &Endpoint, now: Timestamp) -> f64 {
    let Some(pending) = &endpoint.pending else { return 0.0 };
    match judge(pending, now) {
        Verdict::RollsBack { .. } => 0.0,
        Verdict::MovesOn | Verdict::Stays(_) => {
            let next = pending.rollout.as_ref().and_then(|rollout| rollout.next(now));
            next.map_or(1.0, |next| next.share())
        }
    }
}

/// When there will be something to change about it, if that is known.
pub(crate) fn next_change(
    endpoint: &Endpoint,
    fleets: Option<&Fleets>,
    now: Timestamp,
) -> Option<Timestamp> {
    match judge(under_way(endpoint, fleets)?, now) {
        Verdict::Stays(until) => until,
        Verdict::MovesOn | Verdict::RollsBack { .. } => Some(now),
    }
}

/// Changes the record of an endpoint whose rollout is due; the record as it is then. None if
/// there is no such record any more that can be read.
pub(crate) fn move_on(tx: &Tx<'_>, name: &str, now: Timestamp) -> Result<Option<Endpoint>, Error> {
    let mut endpoint = match tx.endpoints().get(name) {
        Ok(Some(endpoint)) => endpoint,
        Ok(None) | Err(store::Error::Unreadable { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Whoever deletes an endpoint may have been quicker.
    if endpoint.status == EndpointStatus::Updating {
        apply(&mut endpoint, now);
        tx.endpoints().put(&endpoint)?;
    }
    Ok(Some(endpoint))
}

fn apply(endpoint: &mut Endpoint, now: Timestamp) {
    let Some(pending) = &mut endpoint.pending else { return };
    match judge(pending, now) {
        Verdict::Stays(_) => return,
        Verdict::MovesOn => match pending.rollout.take().and_then(|rollout| rollout.next(now)) {
            Some(next) => pending.rollout = Some(Box::new(next)),
            None => settle(endpoint, None),
        },
        Verdict::RollsBack { reason } => {
            endpoint.pending = None;
            settle(endpoint, Some(reason));
        }
    }
    endpoint.modified = now;
}

/// Ends a rollout: what is pending still serves from now on, or else what served before.
fn settle(endpoint: &mut Endpoint, failure_reason: Option<String>) {
    endpoint.current = endpoint.pending.take().or(endpoint.current.take());
    endpoint.status = EndpointStatus::InService;
    endpoint.failure_reason = failure_reason;
}
