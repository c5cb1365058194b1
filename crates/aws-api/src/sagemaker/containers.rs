//! Container definitions of `CreateModel` and `DescribeModel`, and the rules for those served.

use std::collections::BTreeMap;

use resources::{Container, Error, ErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::model_data_source;
use crate::error::not_served;

/// `ContainerDefinition`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContainerDefinition {
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_data_url: Option<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container_hostname: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Members that change what is served in a way that is not served yet.
const NOT_SERVED: [&str; 2] = ["ModelPackageName", "MultiModelConfig"];

impl ContainerDefinition {
    pub(super) fn into_record(self) -> Result<Container, Error> {
        if let Some(member) = NOT_SERVED.iter().find(|member| self.rest.contains_key(**member)) {
            return Err(not_served(&format!("`{member}` of a container definition")));
        }
        if self.rest.get("Mode").is_some_and(|mode| mode == "MultiModel") {
            return Err(not_served("a container with `Mode` `MultiModel`"));
        }
        let image = self.image.ok_or_else(|| {
            Error::new(ErrorKind::Invalid, "A container definition needs an `Image`")
        })?;
        // It stays among what is shown.
        let source = self.rest.get("ModelDataSource").map(model_data_source::read).transpose()?;
        if source.is_some() && self.model_data_url.is_some() {
            return Err(Error::new(
                ErrorKind::Invalid,
                "Give either `ModelDataUrl` or `ModelDataSource`, one of the two",
            ));
        }
        let additional = self.rest.get("AdditionalModelDataSources");
        let additional = additional.map(model_data_source::read_additional).transpose()?;
        Ok(Container {
            image,
            model_data_source: source,
            additional_sources: additional.unwrap_or_default(),
            model_data_url: self.model_data_url,
            environment: self.environment,
            hostname: self.container_hostname,
            shown: self.rest,
        })
    }
}

impl From<Container> for ContainerDefinition {
    fn from(container: Container) -> Self {
        let mut rest = container.shown;
        rest.entry("Mode").or_insert_with(|| "SingleModel".into());
        Self {
            image: Some(container.image),
            model_data_url: container.model_data_url,
            environment: container.environment,
            container_hostname: container.hostname,
            rest,
        }
    }
}
