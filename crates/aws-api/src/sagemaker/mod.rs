//! `SageMaker`'s control plane: a file per operation, and the shapes that several share.

mod containers;
mod deployment_config;
mod explainer_config;
mod lists;
mod model_data_source;
mod tags;
mod variant_summary;
mod variants;
mod weight;

pub(crate) mod add_tags;
pub(crate) mod create_endpoint;
pub(crate) mod create_endpoint_config;
pub(crate) mod create_model;
pub(crate) mod delete_endpoint;
pub(crate) mod delete_endpoint_config;
pub(crate) mod delete_model;
pub(crate) mod delete_tags;
pub(crate) mod describe_endpoint;
pub(crate) mod describe_endpoint_config;
pub(crate) mod describe_model;
pub(crate) mod list_endpoint_configs;
pub(crate) mod list_endpoints;
pub(crate) mod list_models;
pub(crate) mod list_tags;
pub(crate) mod update_endpoint;
pub(crate) mod update_endpoint_weights_and_capacities;
