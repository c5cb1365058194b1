//! How an update may ask to take over, the rules for that, and the plan that it makes. The plan
//! itself is [`resources::Rollout`]; carrying it out is the reconciler's.
//!
//! Sizes are named in messages as in the API, since they are what the caller gave.

use resources::{DeployedVariant, Error, ErrorKind, Rollout};

/// How a deployment is to take over from the one that serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutPolicy {
    /// In which steps.
    pub steps: Steps,
    /// How long each step is watched.
    pub wait_seconds: u32,
    /// How long the old deployment is kept after the last step.
    pub termination_wait_seconds: u32,
    /// How long all of it may take; none gives it the time that it needs.
    pub timeout_seconds: Option<u32>,
    /// `RollbackMaximumBatchSize`. It is checked and nothing else: what is rolled back to never
    /// went away, so that it takes all calls back at once.
    pub rollback_batch: Option<Size>,
}

/// The steps in which a deployment gets its share of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// Everything in one.
    AtOnce,
    /// So much at first, then the rest.
    Canary(Size),
    /// So much more with every step.
    Linear(Size),
    /// The same, within the bounds of a rolling update.
    Rolling(Size),
}

/// A part of a deployment's instances, or of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So many instances of every variant.
    Instances(u32),
    /// So many hundredths of the calls.
    Percent(u32),
}

/// What a size is called, and the least and most hundredths of a variant that it may be.
type Bounds = (&'static str, u32, u32);

const CANARY: Bounds = ("CanarySize", 1, 50);
const LINEAR: Bounds = ("LinearStepSize", 10, 50);
const ROLLING: Bounds = ("MaximumBatchSize", 5, 50);
const ROLLBACK: Bounds = ("RollbackMaximumBatchSize", 5, 100);

/// What is left of the calls after a step, at most, that goes with that step: steps of 33 % are
/// three and not four.
const REST_PERCENT: u32 = 2;

/// The most steps that there can be, since none is smaller than 5 %.
const STEPS_MAX: u32 = 20;

impl RolloutPolicy {
    /// The plan for a deployment of these variants; an error that says which member to change if
    /// the policy is not for them.
    pub(crate) fn plan(&self, variants: &[DeployedVariant]) -> Result<Rollout, Error> {
        for (size, bounds) in self.sizes() {
            size.check(bounds, variants)?;
        }
        let rollout = Rollout {
            shares: self.shares(variants),
            wait_seconds: self.wait_seconds,
            termination_wait_seconds: self.termination_wait_seconds,
            timeout_seconds: self.timeout_seconds,
            step: 0,
            step_began: None,
        };
        self.check_time(&rollout)?;
        Ok(rollout)
    }

    fn sizes(&self) -> impl Iterator<Item = (Size, Bounds)> {
        let step = match self.steps {
            Steps::AtOnce => None,
            Steps::Canary(size) => Some((size, CANARY)),
            Steps::Linear(size) => Some((size, LINEAR)),
            Steps::Rolling(size) => Some((size, ROLLING)),
        };
        step.into_iter().chain(self.rollback_batch.map(|size| (size, ROLLBACK)))
    }

    fn shares(&self, variants: &[DeployedVariant]) -> Vec<f64> {
        match self.steps {
            Steps::AtOnce => vec![1.0],
            Steps::Canary(size) => vec![size.share(1, variants), 1.0],
            Steps::Linear(size) | Steps::Rolling(size) => {
                let mut shares: Vec<f64> = (1..STEPS_MAX)
                    .map(|steps| size.share(steps, variants))
                    .take_while(|share| *share < 1.0)
                    .collect();
                shares.push(1.0);
                shares
            }
        }
    }

    /// A deployment that waits for longer than it may take would always be rolled back.
    fn check_time(&self, rollout: &Rollout) -> Result<(), Error> {
        let (steps, waits) = (rollout.shares.len(), rollout.total_wait_seconds());
        match self.timeout_seconds {
            Some(timeout) if u64::from(timeout) <= waits => Err(invalid(format!(
                "MaximumExecutionTimeoutInSeconds of {timeout} must be larger than the {waits} \
                 seconds that the deployment waits: WaitIntervalInSeconds in {steps} steps and \
                 TerminationWaitInSeconds; give it more time or shorter waits"
            ))),
            _ => Ok(()),
        }
    }
}

impl Size {
    fn check(self, bounds: Bounds, variants: &[DeployedVariant]) -> Result<(), Error> {
        match self {
            Self::Percent(percent) => check_percent(percent, bounds),
            Self::Instances(count) => {
                variants.iter().try_for_each(|variant| check_instances(count, bounds, variant))
            }
        }
    }

    /// The share of the calls after so many steps of this size; 1 when every instance takes part.
    fn share(self, steps: u32, variants: &[DeployedVariant]) -> f64 {
        match self {
            Self::Percent(percent) if steps * percent >= 100 - REST_PERCENT => 1.0,
            Self::Percent(percent) => f64::from(steps * percent) / 100.0,
            Self::Instances(count) => {
                let all = |variant: &DeployedVariant| u64::from(variant.instance_count);
                let active = |v: &DeployedVariant| all(v).min(u64::from(steps) * u64::from(count));
                let sum = |part: &dyn Fn(&DeployedVariant) -> u64| {
                    variants.iter().map(part).sum::<u64>() as f64
                };
                sum(&active) / sum(&all)
            }
        }
    }
}

fn check_percent(percent: u32, (member, least, most): Bounds) -> Result<(), Error> {
    if (least..=most).contains(&percent) {
        return Ok(());
    }
    Err(invalid(format!("{member} of {percent} percent must be {least} to {most} percent")))
}

fn check_instances(
    count: u32,
    (member, least, most): Bounds,
    variant: &DeployedVariant,
) -> Result<(), Error> {
    let (hundredths, all) = (u64::from(count) * 100, u64::from(variant.instance_count));
    if (u64::from(least) * all..=u64::from(most) * all).contains(&hundredths) {
        return Ok(());
    }
    Err(invalid(format!(
        "{member} of {count} instances must be {least} to {most} percent of the {all} that \
         production variant \"{}\" has; give it as CAPACITY_PERCENT, or the variant more instances",
        variant.name
    )))
}

fn invalid(text: String) -> Error {
    Error::new(ErrorKind::Invalid, text)
}

#[cfg(test)]
mod tests {
    use resources::{Container, Routing};

    use super::*;

    fn variant(name: &str, instance_count: u32) -> DeployedVariant {
        DeployedVariant {
            name: name.to_owned(),
            model_name: "m".to_owned(),
            container: Container::default(),
            artifact_id: None,
            additional_artifact_ids: std::collections::BTreeMap::new(),
            weight: 1.0,
            instance_count,
            routing: Routing::default(),
            resolved: None,
        }
    }

    fn policy(steps: Steps) -> RolloutPolicy {
        RolloutPolicy {
            steps,
            wait_seconds: 60,
            termination_wait_seconds: 0,
            timeout_seconds: None,
            rollback_batch: None,
        }
    }

    /// The shares of a deployment whose variants have so many instances.
    fn shares(steps: Steps, counts: &[u32]) -> Vec<f64> {
        let variants: Vec<_> = counts.iter().map(|count| variant("v", *count)).collect();
        policy(steps).plan(&variants).expect("it is a plan").shares
    }

    fn refused(policy: &RolloutPolicy, counts: &[u32]) -> String {
        let variants: Vec<_> = counts.iter().map(|count| variant("v", *count)).collect();
        let error = policy.plan(&variants).expect_err("it is refused");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        error.message().to_owned()
    }

    #[test]
    fn shares_are_those_that_were_asked_for() {
        use Size::{Instances, Percent};
        use Steps::{AtOnce, Canary, Linear, Rolling};
        assert_eq!(shares(AtOnce, &[1]), [1.0]);
        assert_eq!(shares(Canary(Percent(10)), &[1]), [0.1, 1.0]);
        assert_eq!(shares(Canary(Percent(50)), &[3]), [0.5, 1.0]);
        assert_eq!(shares(Canary(Instances(1)), &[4]), [0.25, 1.0]);
        assert_eq!(shares(Linear(Percent(25)), &[1]), [0.25, 0.5, 0.75, 1.0]);
        assert_eq!(shares(Linear(Percent(33)), &[3]), [0.33, 0.66, 1.0]);
        assert_eq!(shares(Linear(Percent(40)), &[3]), [0.4, 0.8, 1.0]);
        assert_eq!(shares(Linear(Instances(2)), &[5]), [0.4, 0.8, 1.0]);
        // Two instances of each variant: of ten in all, then of eight that are left, and so on.
        assert_eq!(shares(Rolling(Instances(2)), &[4, 6]), [0.4, 0.8, 1.0]);
        assert_eq!(shares(Rolling(Percent(5)), &[1]).len(), 20);
    }

    #[test]
    fn sizes_out_of_bounds_are_refused_by_name() {
        use Size::{Instances, Percent};
        use Steps::{Canary, Linear, Rolling};
        for (steps, text) in [
            (Canary(Percent(51)), "CanarySize of 51 percent must be 1 to 50 percent"),
            (Linear(Percent(9)), "LinearStepSize of 9 percent must be 10 to 50 percent"),
            (Linear(Percent(51)), "LinearStepSize of 51 percent must be 10 to 50 percent"),
            (Rolling(Percent(4)), "MaximumBatchSize of 4 percent must be 5 to 50 percent"),
            (Rolling(Percent(u32::MAX)), "MaximumBatchSize of 4294967295 percent must be 5 to 50"),
        ] {
            assert!(refused(&policy(steps), &[4]).starts_with(text), "{steps:?}");
        }
        for (steps, counts, text) in [
            (Canary(Instances(1)), &[1][..], "CanarySize of 1 instances must be 1 to 50 percent"),
            (Canary(Instances(2)), &[4, 3], "of the 3 that production variant \"v\" has"),
            (Linear(Instances(1)), &[11], "LinearStepSize of 1 instances must be 10 to 50 percent"),
            (Rolling(Instances(1)), &[21], "MaximumBatchSize of 1 instances must be 5 to 50"),
            (Rolling(Instances(u32::MAX)), &[4], "give it as CAPACITY_PERCENT"),
        ] {
            let message = refused(&policy(steps), counts);
            assert!(message.contains(text), "{message}");
        }
        let rollback_batch = Some(Percent(101));
        let rolling = RolloutPolicy { rollback_batch, ..policy(Rolling(Percent(50))) };
        assert!(refused(&rolling, &[4]).starts_with("RollbackMaximumBatchSize of 101 percent"));
    }

    #[test]
    fn a_deployment_must_be_able_to_end_in_time() {
        let linear = policy(Steps::Linear(Size::Percent(10)));
        let tight =
            RolloutPolicy { wait_seconds: 59, timeout_seconds: Some(600), ..linear.clone() };
        assert_eq!(tight.plan(&[variant("v", 1)]).expect("590 seconds").total_wait_seconds(), 590);
        let late = RolloutPolicy { termination_wait_seconds: 10, ..tight };
        let text = "MaximumExecutionTimeoutInSeconds of 600 must be larger than the 600 seconds";
        assert!(refused(&late, &[1]).starts_with(text));
    }
}
