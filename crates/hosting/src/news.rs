//! What the reconciler writes down: how an endpoint's record changes when a deployment came up or
//! did not, and which deployments a record asks for. Bringing them up is the reconciler's.

use resources::{Deployment, Endpoint, EndpointStatus, Error, Timestamp};
use store::Tx;

/// What the store must learn about one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) endpoint: String,
    pub(crate) deployment_id: String,
    pub(crate) outcome: Outcome,
}

/// What became of a deployment.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It serves; here with every artifact named.
    Serves(Deployment),
    /// It serves beside the one that it takes over from; here with every artifact named.
    TakesOver(Deployment),
    /// It did not come up.
    Failed {
        /// Why.
        reason: String,
        /// Whether another deployment serves under the name.
        old_serves: bool,
    },
}

impl News {
    /// Writes it down, unless the intent has moved on meanwhile. Given back is what can't be
    /// written because the endpoint's record can't be read: that must not keep what there is to
    /// say of others.
    pub(crate) fn write_down(self, tx: &Tx<'_>, now: Timestamp) -> Result<Option<Self>, Error> {
        let mut endpoint = match tx.endpoints().get(&self.endpoint) {
            Err(store::Error::Unreadable { .. }) => return Ok(Some(self)),
            found => match found? {
                Some(endpoint) => endpoint,
                None => return Ok(None),
            },
        };
        if wanted(&endpoint).is_some_and(|deployment| deployment.id == self.deployment_id) {
            self.outcome.apply(&mut endpoint, now);
            endpoint.modified = now;
            tx.endpoints().put(&endpoint)?;
        }
        Ok(None)
    }
}

impl Outcome {
    /// A failed change leaves what served before; a failed start leaves nothing. The reason of a
    /// failed change stays until the next one, whatever restarts there are between.
    fn apply(self, endpoint: &mut Endpoint, now: Timestamp) {
        match self {
            Self::Serves(deployment) => {
                if endpoint.pending.take().is_some() {
                    endpoint.failure_reason = None;
                }
                endpoint.status = EndpointStatus::InService;
                endpoint.current = Some(Deployment { rollout: None, ..deployment });
            }
            // The step begins when its fleet is up, be it for the first time or after a restart.
            Self::TakesOver(mut deployment) => {
                if let Some(rollout) = &mut deployment.rollout {
                    rollout.step_began = Some(now);
                }
                endpoint.pending = Some(deployment);
            }
            Self::Failed { reason, old_serves: true } => {
                endpoint.status = EndpointStatus::InService;
                endpoint.failure_reason = Some(reason);
                endpoint.pending = None;
            }
            Self::Failed { reason, old_serves: false } => {
                endpoint.status = EndpointStatus::Failed;
                endpoint.failure_reason = Some(reason);
            }
        }
    }
}

/// The deployment that should serve in the end.
pub(crate) fn wanted(endpoint: &Endpoint) -> Option<&Deployment> {
    match endpoint.status {
        EndpointStatus::Deleting | EndpointStatus::Failed => None,
        _ => endpoint.pending.as_ref().or(endpoint.current.as_ref()),
    }
}

/// The deployments that may serve meanwhile.
pub(crate) fn kept(endpoint: &Endpoint) -> impl Iterator<Item = &Deployment> {
    let wanted = wanted(endpoint);
    wanted.into_iter().chain(wanted.and(endpoint.current.as_ref()))
}
