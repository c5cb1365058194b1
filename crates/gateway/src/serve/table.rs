//! What is served now: the stages of every API, each with the deployments that it serves.

use std::{collections::HashMap, sync::Arc};

use resources::rest_apis::{ApiStage, Kept};

use super::Deployment;

/// Every API that has a stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) apis: HashMap<String, Arc<Stages>>,
}

/// The stages of one API, by name.
pub(crate) type Stages = HashMap<String, Arc<Stage>>;

/// One stage as it is served.
#[derive(Debug)]
pub(crate) struct Stage {
    /// What its author said.
    pub(crate) kept: Kept<ApiStage>,
    /// What it serves.
    pub(crate) deployment: Arc<Deployment>,
    /// What its canary serves.
    pub(crate) canary: Option<Arc<Deployment>>,
}

impl Table {
    /// The stage of an API.
    pub(crate) fn stage(&self, api: &str, stage: &str) -> Option<&Arc<Stage>> {
        self.apis.get(api)?.get(stage)
    }
}
