//! A REST API itself, and the parts that all of its methods share.

use serde::{Deserialize, Serialize};

use super::{Definition, TextMap};
use crate::Tags;

/// A REST API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestApi {
    /// Its name; several APIs may share one.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// The author's version of it.
    #[serde(default)]
    pub version: Option<String>,
    /// Media types whose bodies are bytes rather than text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binary_media_types: Vec<String>,
    /// Bytes from which on answers may be compressed; never if none.
    #[serde(default)]
    pub minimum_compression_size: Option<i64>,
    /// Where a caller's API key stands.
    #[serde(default)]
    pub api_key_source: ApiKeySource,
    /// Which kind of endpoint it has.
    #[serde(default)]
    pub endpoint_configuration: EndpointConfiguration,
    /// Its resource policy, as text.
    #[serde(default)]
    pub policy: Option<String>,
    /// The caller's labels.
    #[serde(default)]
    pub tags: Tags,
    /// Whether its own address is closed.
    #[serde(default)]
    pub disable_execute_api_endpoint: bool,
    /// The resource `/`.
    #[serde(default)]
    pub root_resource_id: String,
}

/// Where a caller's API key stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApiKeySource {
    /// In the header `x-api-key`.
    #[default]
    Header,
    /// In the authoriser's answer.
    Authorizer,
}

/// Which kind of endpoint an API has. All are served alike here; the choice is kept and shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointConfiguration {
    /// `EDGE`, `REGIONAL` or `PRIVATE`.
    #[serde(default)]
    pub types: Vec<String>,
    /// `ipv4` or `dualstack`.
    #[serde(default)]
    pub ip_address_type: Option<String>,
    /// Endpoints inside of private networks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vpc_endpoint_ids: Vec<String>,
}

/// A JSON schema with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiModel {
    /// Its id, which nothing refers to.
    #[serde(default)]
    pub id: String,
    /// Its name, by which methods refer to it.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// The schema's text.
    #[serde(default)]
    pub schema: Option<String>,
    /// The media type of what it describes.
    pub content_type: String,
}

/// What of a request is checked before it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestValidator {
    /// Its id, by which methods refer to it.
    #[serde(default)]
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether the body is held to its model.
    #[serde(default)]
    pub validate_request_body: bool,
    /// Whether required parameters must be there.
    #[serde(default)]
    pub validate_request_parameters: bool,
}

/// What callers see of one kind of refusal, as the author wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    /// `UNAUTHORIZED`, `DEFAULT_4XX`, …
    pub response_type: String,
    /// The status, if not the type's own.
    #[serde(default)]
    pub status_code: Option<String>,
    /// `gatewayresponse.header.NAME` and what it is set to.
    #[serde(default)]
    pub response_parameters: TextMap,
    /// Bodies by media type.
    #[serde(default)]
    pub response_templates: TextMap,
}

impl Definition for RestApi {
    const KIND: &'static str = "rest-api";
}

impl Definition for ApiModel {
    const KIND: &'static str = "rest-api-model";
}

impl Definition for RequestValidator {
    const KIND: &'static str = "rest-api-validator";
}

impl Definition for GatewayResponse {
    const KIND: &'static str = "rest-api-gateway-response";
}
