//! Resources, their methods, and what stands behind a method.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Definition, TextMap};

/// A place in an API's tree of paths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiResource {
    /// Its id.
    pub id: String,
    /// The resource above; none for `/`.
    #[serde(default)]
    pub parent_id: Option<String>,
    /// The last segment: text, `{name}` or `{name+}`; none for `/`.
    #[serde(default)]
    pub path_part: Option<String>,
    /// The whole path.
    pub path: String,
    /// What can be called here, by HTTP method or `ANY`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_methods: BTreeMap<String, Method>,
}

/// What can be called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    /// `GET`, `ANY`, …
    #[serde(default)]
    pub http_method: String,
    /// Who may call.
    #[serde(default)]
    pub authorization_type: AuthorizationType,
    /// What decides on that, for the types that ask somebody.
    #[serde(default)]
    pub authorizer_id: Option<String>,
    /// Scopes of which a token must have one.
    #[serde(default)]
    pub authorization_scopes: Option<Vec<String>>,
    /// Whether callers need an API key.
    #[serde(default)]
    pub api_key_required: bool,
    /// The author's name for it.
    #[serde(default)]
    pub operation_name: Option<String>,
    /// What is checked of a request.
    #[serde(default)]
    pub request_validator_id: Option<String>,
    /// `method.request.{place}.{name}` and whether it must be there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: BTreeMap<String, bool>,
    /// Models by media type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_models: TextMap,
    /// What it can answer, by status.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub method_responses: BTreeMap<String, MethodResponse>,
    /// What stands behind it.
    #[serde(default)]
    pub method_integration: Option<Integration>,
}

/// Who may call a method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthorizationType {
    /// Everyone.
    #[default]
    None,
    /// Who signs with a key that may.
    AwsIam,
    /// Whom a function lets in.
    Custom,
    /// Who shows a token of a user pool.
    CognitoUserPools,
}

/// One of the answers of a method.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodResponse {
    /// The status.
    pub status_code: String,
    /// `method.response.header.NAME` and whether it is always there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, bool>,
    /// Models by media type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_models: TextMap,
}

/// What stands behind a method.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub kind: IntegrationType,
    /// The method it is called with.
    #[serde(default)]
    pub http_method: Option<String>,
    /// Where it is.
    #[serde(default)]
    pub uri: Option<String>,
    /// `INTERNET` or `VPC_LINK`, for HTTP.
    #[serde(default)]
    pub connection_type: Option<String>,
    /// The way into a private network.
    #[serde(default)]
    pub connection_id: Option<String>,
    /// The role that calls it.
    #[serde(default)]
    pub credentials: Option<String>,
    /// `integration.request.{place}.{name}` and what it is set to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: TextMap,
    /// Templates by media type.
    #[serde(default)]
    pub request_templates: Option<TextMap>,
    /// What becomes of a body that no template is for.
    #[serde(default)]
    pub passthrough_behavior: Passthrough,
    /// What becomes of bytes and text.
    #[serde(default)]
    pub content_handling: Option<ContentHandling>,
    /// Milliseconds that it may take.
    #[serde(default = "timeout_in_millis")]
    pub timeout_in_millis: i64,
    /// Which entries of a cache it shares.
    #[serde(default)]
    pub cache_namespace: Option<String>,
    /// The parameters that tell cached answers apart.
    #[serde(default)]
    pub cache_key_parameters: Vec<String>,
    /// How TLS is spoken.
    #[serde(default)]
    pub tls_config: Option<TlsConfig>,
    /// Its answers, by the status of the method.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub integration_responses: BTreeMap<String, IntegrationResponse>,
}

/// What an integration may take that says nothing of it.
fn timeout_in_millis() -> i64 {
    29_000
}

/// What kind of thing an integration is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IntegrationType {
    /// An HTTP server, with mapping.
    Http,
    /// An HTTP server, as it is.
    HttpProxy,
    /// An AWS service, with mapping.
    Aws,
    /// A function, as it is.
    AwsProxy,
    /// Nothing: the mapping is the answer.
    #[default]
    Mock,
}

impl IntegrationType {
    /// Its name, as API Gateway has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::HttpProxy => "HTTP_PROXY",
            Self::Aws => "AWS",
            Self::AwsProxy => "AWS_PROXY",
            Self::Mock => "MOCK",
        }
    }
}

/// What becomes of a body that no template is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Passthrough {
    /// It passes.
    #[default]
    WhenNoMatch,
    /// It passes if there is no template at all.
    WhenNoTemplates,
    /// It does not pass.
    Never,
}

/// What becomes of bytes and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContentHandling {
    /// Base64 text becomes bytes.
    ConvertToBinary,
    /// Bytes become base64 text.
    ConvertToText,
}

/// How TLS is spoken to an HTTP integration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsConfig {
    /// Whether any certificate will do.
    #[serde(default)]
    pub insecure_skip_verification: bool,
}

/// One of the answers of an integration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationResponse {
    /// The status of the method response that it becomes.
    pub status_code: String,
    /// A regular expression for the backend's status or error; the default answer has none.
    #[serde(default)]
    pub selection_pattern: Option<String>,
    /// `method.response.header.NAME` and what it is set to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: TextMap,
    /// Templates by media type.
    #[serde(default)]
    pub response_templates: Option<TextMap>,
    /// What becomes of bytes and text.
    #[serde(default)]
    pub content_handling: Option<ContentHandling>,
}

impl Definition for ApiResource {
    const KIND: &'static str = "rest-api-resource";
}
