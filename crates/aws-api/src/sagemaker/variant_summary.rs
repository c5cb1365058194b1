//! `ProductionVariantSummary` and `PendingProductionVariantSummary` of `DescribeEndpoint`: a variant
//! as it is and as it shall be, and where in a deployment it stands.

use resources::{DeployedVariant, Deployment, Rollout, Timestamp};
use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VariantSummary {
    variant_name: String,
    deployed_images: Vec<DeployedImage>,
    current_weight: f32,
    desired_weight: f32,
    current_instance_count: u32,
    desired_instance_count: u32,
    variant_status: Option<[VariantStatus; 1]>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeployedImage {
    specified_image: String,
    resolved_image: String,
    resolution_time: f64,
}

/// `ProductionVariantStatus`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct VariantStatus {
    status: &'static str,
    status_message: Option<String>,
    start_time: f64,
}

/// A variant that serves; if it is being scaled, as what is pending wants it.
pub(super) fn current(
    variant: &DeployedVariant,
    deployment: &Deployment,
    scaled_by: Option<&Deployment>,
) -> VariantSummary {
    let wanted = scaled_by.and_then(|pending| {
        let wanted = pending.variants.iter().find(|wanted| wanted.name == variant.name)?;
        Some((wanted, VariantStatus::new("Updating", pending.started)))
    });
    let (wanted, status) =
        wanted.map_or((variant, None), |(wanted, status)| (wanted, Some(status)));
    summary(wanted, deployment, (variant.weight, variant.instance_count), status)
}

/// A variant of a deployment that is being brought up, or takes over step by step.
pub(super) fn pending(variant: &DeployedVariant, deployment: &Deployment) -> VariantSummary {
    let rollout = deployment.rollout.as_deref();
    let step = rollout.and_then(|rollout| Some((rollout, rollout.step_began?)));
    let Some((rollout, began)) = step else {
        let status = VariantStatus::new("Creating", deployment.started);
        return summary(variant, deployment, (0.0, 0), Some(status));
    };
    let active = active_instances(rollout.share(), variant.instance_count);
    let status = VariantStatus::of_step(rollout, (active, variant.instance_count), began);
    summary(variant, deployment, (variant.weight, active), Some(status))
}

/// How many instances it takes for that share of a variant's calls.
fn active_instances(share: f64, instances: u32) -> u32 {
    // A share is a quotient of whole numbers, which a double may miss by a hair.
    const HAIR: f64 = 1e-9;
    (share * f64::from(instances) - HAIR).ceil() as u32
}

impl VariantStatus {
    fn new(status: &'static str, start: Timestamp) -> Self {
        Self { status, status_message: None, start_time: start.epoch_seconds_f64() }
    }

    /// Where a deployment stands that takes over, in AWS's words and with its share besides.
    fn of_step(rollout: &Rollout, (active, all): (u32, u32), began: Timestamp) -> Self {
        let (seconds, percent) = (rollout.step_seconds(), rollout.share() * 100.0);
        let capacity = match active {
            _ if active == all => "full capacity",
            _ if rollout.step == 0 => "canary capacity",
            _ => "capacity",
        };
        let traffic = format!("{capacity} of {active} instance(s), {percent:.0} % of the traffic");
        let (status, message) = if seconds == 0 {
            ("ActivatingTraffic", format!("Activating traffic on {traffic}."))
        } else {
            let member = if rollout.is_terminating() { "TerminationWait" } else { "WaitInterval" };
            let baking = format!("Baking for {seconds} seconds ({member}InSeconds)");
            ("Baking", format!("{baking} with traffic enabled on {traffic}."))
        };
        Self { status_message: Some(message), ..Self::new(status, began) }
    }
}

/// A variant with what it has now, weight and instances.
fn summary(
    wanted: &DeployedVariant,
    deployment: &Deployment,
    (current_weight, current_instance_count): (f32, u32),
    status: Option<VariantStatus>,
) -> VariantSummary {
    VariantSummary {
        variant_name: wanted.name.clone(),
        deployed_images: vec![DeployedImage {
            specified_image: wanted.container.image.clone(),
            resolved_image: wanted.container.image.clone(),
            resolution_time: wanted.resolved.unwrap_or(deployment.started).epoch_seconds_f64(),
        }],
        current_weight,
        desired_weight: wanted.weight,
        current_instance_count,
        desired_instance_count: wanted.instance_count,
        variant_status: status.map(|status| [status]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_calls_takes_whole_instances() {
        for (share, instances, active) in [
            (0.1, 1, 1),
            (0.1, 10, 1),
            (0.11, 10, 2),
            (0.25, 4, 1),
            (1.0 / 3.0, 3, 1),
            (2.0 / 3.0, 3, 2),
            (7.0 / 10.0, 10, 7),
            (1.0, 3, 3),
        ] {
            assert_eq!(active_instances(share, instances), active, "{share} of {instances}");
        }
    }
}
