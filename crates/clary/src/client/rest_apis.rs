//! API Gateway's control plane, as far as commands read it.

use http::Method;
use serde_json::Value;
use sigv4::Settings;

use super::{CallError, Client, build};

impl Client {
    /// What a path of the control plane answers.
    pub(crate) fn api_gateway(&self, path: &str) -> Result<Value, CallError> {
        let request = build(self.request(Method::GET, path), Vec::new())?;
        let reply = self.call("apigateway", &Settings::SERVICE, request)?;
        serde_json::from_slice(&reply.into_body())
            .map_err(|_| CallError::Protocol(format!("the reply to `{path}` is not JSON")))
    }

    /// A call that makes or changes something; what it answers.
    pub(crate) fn api_gateway_send(
        &self,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, CallError> {
        self.api_gateway_sent(path, self.request(method.clone(), path), body)
    }

    /// A trial of a method, of a stage's deployment if one is named; what it answers.
    pub(crate) fn api_gateway_try(
        &self,
        path: &str,
        stage: Option<&str>,
        body: &Value,
    ) -> Result<Value, CallError> {
        let request = self.request(Method::POST, path);
        let request = match stage {
            Some(stage) => request.header("x-clary-stage", stage),
            None => request,
        };
        self.api_gateway_sent(path, request, body)
    }

    fn api_gateway_sent(
        &self,
        path: &str,
        request: http::request::Builder,
        body: &Value,
    ) -> Result<Value, CallError> {
        let request = request.header("content-type", "application/json");
        let request = build(request, body.to_string().into_bytes())?;
        let reply = self.call("apigateway", &Settings::SERVICE, request)?;
        serde_json::from_slice(&reply.into_body())
            .map_err(|_| CallError::Protocol(format!("the reply to `{path}` is not JSON")))
    }

    /// Every item of a list, page by page.
    pub(crate) fn api_gateway_list(&self, path: &str) -> Result<Vec<Value>, CallError> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut position) = (Vec::new(), String::new());
        loop {
            let page = self.api_gateway(&format!("{path}{joint}limit=500{position}"))?;
            items.extend(page["item"].as_array().into_iter().flatten().cloned());
            match page["position"].as_str() {
                Some(next) => position = format!("&position={next}"),
                None => return Ok(items),
            }
        }
    }
}
