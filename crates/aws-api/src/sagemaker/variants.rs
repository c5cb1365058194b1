//! `ProductionVariant` of `CreateEndpointConfig` and `DescribeEndpointConfig`, and its rules.

use resources::{Error, ErrorKind, ProductionVariant, Routing};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::weight::Weight;
use crate::error::not_served;

/// Instances that one variant may have. Each is a slot of its own, so the bound only keeps a
/// mistyped number from filling the memory.
const INSTANCES_MAX: u32 = 1000;

/// `ProductionVariant`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Variant {
    variant_name: String,
    model_name: Option<String>,
    initial_instance_count: Option<u32>,
    initial_variant_weight: Option<Weight>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Members that ask for something that is not served yet.
const NOT_SERVED: [&str; 2] = ["ServerlessConfig", "ManagedInstanceScaling"];

impl Variant {
    pub(super) fn into_record(self) -> Result<ProductionVariant, Error> {
        if let Some(member) = NOT_SERVED.iter().find(|member| self.rest.contains_key(**member)) {
            return Err(not_served(&format!("`{member}` of a production variant")));
        }
        let name = &self.variant_name;
        let needs = |member: &str| {
            Error::new(ErrorKind::Invalid, format!("Production variant {name} needs `{member}`"))
        };
        let instances = self.initial_instance_count.ok_or_else(|| needs("InitialInstanceCount"))?;
        check_instance_count(name, "InitialInstanceCount", instances)?;
        Ok(ProductionVariant {
            model_name: self.model_name.ok_or_else(|| needs("ModelName"))?,
            initial_instance_count: instances,
            initial_weight: self.initial_variant_weight.map_or(1.0, f32::from),
            name: self.variant_name,
            routing: routing(&self.rest),
            shown: self.rest,
        })
    }
}

/// `RoutingConfig`, which stays among what is shown.
fn routing(rest: &Map<String, Value>) -> Routing {
    let strategy = rest.get("RoutingConfig").and_then(|config| config.get("RoutingStrategy"));
    match strategy.and_then(Value::as_str) {
        Some("LEAST_OUTSTANDING_REQUESTS") => Routing::LeastOutstanding,
        _ => Routing::Random,
    }
}

/// Whether a variant may have so many instances.
pub(super) fn check_instance_count(variant: &str, member: &str, count: u32) -> Result<(), Error> {
    if (1..=INSTANCES_MAX).contains(&count) {
        return Ok(());
    }
    let text = format!("`{member}` of {variant} must be 1 to {INSTANCES_MAX}");
    Err(Error::new(ErrorKind::Invalid, text))
}

impl From<ProductionVariant> for Variant {
    fn from(variant: ProductionVariant) -> Self {
        Self {
            variant_name: variant.name,
            model_name: Some(variant.model_name),
            initial_instance_count: Some(variant.initial_instance_count),
            initial_variant_weight: Some(Weight(variant.initial_weight)),
            rest: variant.shown,
        }
    }
}
