//! How one deployment takes over from another: the plan, and how far it has come. What a caller may
//! ask for, and carrying the plan out, is `hosting`'s.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A plan in steps. Each gives the new deployment a larger share of the calls and is watched for a
/// while; after the last one the old deployment is kept a while longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// The new deployment's share of the calls at each step, rising; the last is 1.
    pub shares: Vec<f64>,
    /// How long each step is watched.
    pub wait_seconds: u32,
    /// How long the old deployment is kept after that.
    pub termination_wait_seconds: u32,
    /// How long all of it may take, from when it was asked for; none leaves it its time.
    #[serde(default)]
    pub timeout_seconds: Option<u32>,
    /// The step that has been reached; the number of the steps while the old deployment is only
    /// kept.
    #[serde(default)]
    pub step: usize,
    /// Since when that step has served; none while the new deployment is being brought up, for the
    /// first time or after a restart.
    #[serde(default)]
    pub step_began: Option<Timestamp>,
}

impl Rollout {
    /// The share of the calls that the new deployment gets at this step, once it is up.
    pub fn share(&self) -> f64 {
        self.shares.get(self.step).copied().unwrap_or(1.0)
    }

    /// Whether every step has been watched, and the old deployment is only kept.
    pub fn is_terminating(&self) -> bool {
        self.step >= self.shares.len()
    }

    /// How long this step lasts, in seconds.
    pub fn step_seconds(&self) -> u32 {
        if self.is_terminating() { self.termination_wait_seconds } else { self.wait_seconds }
    }

    /// When this step ends; none while it does not serve.
    pub fn step_ends(&self) -> Option<Timestamp> {
        Some(self.step_began?.after(Duration::from_secs(self.step_seconds().into())))
    }

    /// When a deployment that was asked for then is out of time.
    pub fn deadline(&self, asked_for: Timestamp) -> Option<Timestamp> {
        let timeout = Duration::from_secs(self.timeout_seconds?.into());
        Some(asked_for.after(timeout))
    }

    /// All waits together, in seconds.
    pub fn total_wait_seconds(&self) -> u64 {
        let steps = self.shares.len() as u64;
        steps * u64::from(self.wait_seconds) + u64::from(self.termination_wait_seconds)
    }

    /// The plan at its next step, which begins now; none after the last one.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Option<Self> {
        let next = Self { step: self.step + 1, step_began: Some(now), ..self.clone() };
        let over = next.is_terminating() && next.termination_wait_seconds == 0;
        (!self.is_terminating() && !over).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(shares: &[f64], termination_wait_seconds: u32) -> Rollout {
        Rollout {
            shares: shares.to_vec(),
            wait_seconds: 5,
            termination_wait_seconds,
            timeout_seconds: Some(600),
            step: 0,
            step_began: None,
        }
    }

    /// Share and length of every step.
    fn walk(plan: Rollout) -> Vec<(f64, u32)> {
        let now = Timestamp::from_epoch_ms(0);
        std::iter::successors(Some(plan), |plan| plan.next(now))
            .map(|plan| (plan.share(), plan.step_seconds()))
            .collect()
    }

    #[test]
    fn every_step_is_watched_and_the_old_deployment_is_kept_if_asked() {
        assert_eq!(walk(plan(&[1.0], 0)), [(1.0, 5)]);
        assert_eq!(walk(plan(&[0.1, 1.0], 0)), [(0.1, 5), (1.0, 5)]);
        assert_eq!(walk(plan(&[0.5, 1.0], 7)), [(0.5, 5), (1.0, 5), (1.0, 7)]);
        assert_eq!(plan(&[0.5, 1.0], 7).total_wait_seconds(), 17);
    }

    #[test]
    fn a_step_ends_only_once_it_serves() {
        let (asked_for, began) = (Timestamp::from_epoch_ms(500), Timestamp::from_epoch_ms(9_000));
        let mut plan = plan(&[0.1, 1.0], 0);
        assert_eq!(plan.step_ends(), None);
        plan.step_began = Some(began);
        assert_eq!(plan.step_ends(), Some(Timestamp::from_epoch_ms(14_000)));
        assert_eq!(plan.deadline(asked_for), Some(Timestamp::from_epoch_ms(600_500)));
        plan.timeout_seconds = None;
        assert_eq!(plan.deadline(asked_for), None);
    }
}
