//! What is served now: the stages of every API, each with the deployments that it serves.

use std::{collections::HashMap, sync::Arc};

use http::HeaderValue;
use resources::rest_apis::{ApiStage, Kept};

use super::{Deployment, call::Pairs};

/// Every API that has a stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) apis: ByName<Arc<Stages>>,
}

/// The stages of one API, by name.
pub(crate) type Stages = ByName<Arc<Stage>>;

/// Whoever calls can ask for any name and put none in, so that the hash need not stand names that are
/// made to collide, and may be quick.
type ByName<T> = HashMap<String, T, foldhash::fast::RandomState>;

/// One stage as it is served.
#[derive(Debug)]
pub(crate) struct Stage {
    /// What its author said.
    pub(crate) kept: Kept<ApiStage>,
    /// What it serves.
    pub(crate) deployment: Arc<Deployment>,
    /// What its canary serves.
    pub(crate) canary: Option<Arc<Deployment>>,
    /// What integrations are told that calls them.
    pub(crate) agent: HeaderValue,
    variables: Pairs<'static>,
    canary_variables: Pairs<'static>,
}

impl Stage {
    pub(crate) fn new(
        api: &str,
        kept: Kept<ApiStage>,
        deployment: Arc<Deployment>,
        canary: Option<Arc<Deployment>>,
    ) -> Self {
        let mut variables = kept.definition.variables.clone();
        let stage_variables = owned(variables.clone());
        let settings = kept.definition.canary_settings.as_ref();
        let overrides = settings.and_then(|settings| settings.stage_variable_overrides.clone());
        variables.extend(overrides.unwrap_or_default());
        Self {
            agent: agent_of(api),
            kept,
            deployment,
            canary,
            variables: stage_variables,
            canary_variables: owned(variables),
        }
    }

    /// The stage's variables, those of the canary on top.
    pub(crate) fn variables(&self, canary: bool) -> &Pairs<'static> {
        if canary { &self.canary_variables } else { &self.variables }
    }
}

/// The user agent that integrations of an API see.
pub(crate) fn agent_of(api: &str) -> HeaderValue {
    HeaderValue::try_from(format!("AmazonAPIGateway_{api}"))
        .unwrap_or(HeaderValue::from_static("AmazonAPIGateway"))
}

fn owned(variables: impl IntoIterator<Item = (String, String)>) -> Pairs<'static> {
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

impl Table {
    /// The stage of an API.
    pub(crate) fn stage(&self, api: &str, stage: &str) -> Option<&Arc<Stage>> {
        self.apis.get(api)?.get(stage)
    }
}
