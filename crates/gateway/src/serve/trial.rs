//! A trial call of one method as it is defined now, with the log of what happened.
//!
//! It is not deployed, needs no signature, and goes through the same phases as any call.

use std::{net::Ipv4Addr, sync::Arc, time::Instant};

use bytes::Bytes;
use http::{Method, Request};
use resources::{Error, ErrorKind};

use super::{
    Deployment,
    call::{Call, Ids, Pairs, Parameters, Surroundings},
    execute,
    log::{Log, as_map},
    plan::Place,
    response::Answer,
    table::agent_of,
    way::Way,
};
use crate::{
    Gateway,
    control::{MethodPlace, deployments},
};

/// What is tried.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// The path below the stage with its query.
    pub path_with_query: Option<String>,
    /// Headers, several values of one name among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<String>,
    /// The stage's variables.
    pub variables: Vec<(String, String)>,
    /// The stage whose deployment is tried; without one, the method as it is defined now.
    pub stage: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The status.
    pub status: u16,
    /// The headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
    /// What happened, line by line.
    pub log: String,
    /// Milliseconds that it took.
    pub latency_ms: u64,
}

/// What a trial goes to.
struct Tried {
    stage: String,
    /// The path by which the resource is found.
    path: String,
    deployment: Arc<Deployment>,
    variables: Pairs<'static>,
}

impl Gateway {
    /// Tries a method. With a stage, it is the one of its deployment that the path and the method's
    /// name come to, whatever resource the place names; and the stage's variables are there too.
    pub async fn try_method(
        &self,
        place: MethodPlace,
        trial: Trial,
        request_id: &str,
    ) -> Result<Outcome, Error> {
        let tried = match &trial.stage {
            Some(name) => self.deployed(&place, name, &trial)?,
            None => self.defined(&place).await?,
        };
        self.run_trial(&place, tried, trial, request_id).await
    }

    /// What a stage serves.
    fn deployed(&self, place: &MethodPlace, name: &str, trial: &Trial) -> Result<Tried, Error> {
        let api = &place.rest_api_id;
        let stage = self.table().stage(api, name).cloned();
        let stage = stage.ok_or_else(|| {
            let text = format!("API `{api}` has no stage `{name}` that is served");
            Error::new(ErrorKind::NotFound, text)
        })?;
        let target = trial.path_with_query.as_deref().unwrap_or("/");
        Ok(Tried {
            stage: name.to_owned(),
            path: target.split('?').next().unwrap_or_default().to_owned(),
            deployment: Arc::clone(&stage.deployment),
            variables: stage.variables(false).clone(),
        })
    }

    /// A method as it is defined now.
    async fn defined(&self, place: &MethodPlace) -> Result<Tried, Error> {
        let wanted = place.clone();
        let snapshot = self
            .read(place.rest_api_id.clone(), move |api| {
                let mut resource = api.resource(&wanted.resource_id)?.definition;
                wanted.integration(&mut resource)?;
                let mut snapshot = deployments::snapshot_of(api)?;
                resource.resource_methods.retain(|name, _| *name == wanted.http_method);
                snapshot.resources = vec![resource];
                Ok(snapshot)
            })
            .await?;
        let path = snapshot.resources[0].path.clone();
        let deployment = Deployment::compile("test-invoke", &snapshot)
            .map_err(|error| Error::new(ErrorKind::Invalid, error.to_string()))?;
        Ok(Tried {
            stage: "test-invoke-stage".to_owned(),
            path,
            deployment: Arc::new(deployment),
            variables: Pairs::new(),
        })
    }

    async fn run_trial(
        &self,
        place: &MethodPlace,
        tried: Tried,
        trial: Trial,
        request_id: &str,
    ) -> Result<Outcome, Error> {
        let started = Instant::now();
        let Tried { stage, path: resource_path, deployment, mut variables } = tried;
        let target = trial.path_with_query.clone().filter(|path| !path.is_empty());
        let target = target.unwrap_or_else(|| resource_path.clone());
        let head = head(place, &target, &trial)?;
        let found = deployment.router.find(&resource_path);
        let planned = found.and_then(|found| {
            let template: &Place = found.value;
            Some((template, template.method(&place.http_method)?))
        });
        let planned = planned.ok_or_else(|| {
            let text = format!("`{}` of `{resource_path}` is not there", place.http_method);
            Error::new(ErrorKind::NotFound, text)
        })?;
        variables.retain(|(name, _)| !trial.variables.iter().any(|(given, _)| given == name));
        variables
            .extend(trial.variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        let received = self.on().clock.now();
        let surroundings = Surroundings {
            api: &place.rest_api_id,
            stage: &stage,
            deployment: &deployment,
            variables: &variables,
            is_canary: None,
            account: &self.on().account,
            agent: &agent_of(&place.rest_api_id),
            head: &head,
            path: &resource_path,
            ids: Ids::of(request_id, received.epoch_seconds()),
            peer: Ipv4Addr::LOCALHOST.into(),
            received_ms: received.epoch_ms(),
            log: Log::kept(request_id),
            access_log: None,
        };
        let parameters = Parameters::of(&head, path_parameters(&deployment, &target));
        let body = Bytes::from(trial.body.unwrap_or_default());
        let surroundings = &surroundings;
        let call = Call::new(surroundings, planned, &parameters, body);
        let answer = self.narrated(&call, &target).await;
        Ok(outcome(&answer, &surroundings.log, started))
    }

    /// Runs the phases and writes down what goes in and comes out.
    async fn narrated(&self, call: &Call<'_, '_>, target: &str) -> Answer {
        let on = call.surroundings;
        let line = |text: String| on.log.line(&self.on().clock, || text);
        let pairs =
            |pairs: &Pairs<'_>| as_map(pairs.iter().map(|(name, value)| (&**name, &**value)));
        let path = target.split('?').next().unwrap_or_default();
        line(format!("Starting execution for request: {}", on.ids.request));
        line(format!("HTTP Method: {}, Resource Path: {path}", on.head.method));
        line(format!("Method request path: {}", pairs(&call.parameters.path)));
        line(format!("Method request query string: {}", pairs(&call.parameters.query)));
        line(format!("Method request headers: {}", pairs(&call.parameters.header.all())));
        let body = String::from_utf8_lossy(&call.body);
        line(format!("Method request body before transformations: {body}"));
        // A trial's way is told by its log.
        let mut way = Way::begin(&on.head.method, on.path);
        let outcome = execute::run_authorised(self, call, &mut way).await;
        let answer = match outcome {
            Ok(answer) => answer,
            Err(refusal) => {
                let answer = self.refuse(call, &refusal);
                line(format!("Method completed with status: {}", answer.status));
                return answer;
            }
        };
        let body = String::from_utf8_lossy(&answer.body);
        line(format!("Method response body after transformations: {body}"));
        line(format!(
            "Method response headers: {}",
            as_map(shown(&answer).iter().map(|(n, v)| (&**n, &**v)))
        ));
        line("Successfully completed execution".to_owned());
        line(format!("Method completed with status: {}", answer.status));
        answer
    }
}

fn head(place: &MethodPlace, target: &str, trial: &Trial) -> Result<http::request::Parts, Error> {
    let invalid = |what: &str| Error::new(ErrorKind::Invalid, format!("Invalid {what} specified"));
    let method = match place.http_method.as_str() {
        "ANY" => Method::POST,
        name => Method::from_bytes(name.as_bytes()).map_err(|_| invalid("HTTP method"))?,
    };
    // A path without a value for a parameter has braces, which no address on the wire has.
    let escaped = target.replace('{', "%7B").replace('}', "%7D").replace(' ', "%20");
    let mut request = Request::builder().method(method).uri(escaped);
    for (name, value) in &trial.headers {
        request = request.header(name, value);
    }
    let request = request.body(()).map_err(|_| invalid("path or header"))?;
    Ok(request.into_parts().0)
}

/// The parameters of the path that was given; none if it is another resource's.
fn path_parameters<'a>(deployment: &'a Deployment, target: &'a str) -> Pairs<'a> {
    let path = target.split('?').next().unwrap_or_default();
    let found = deployment.router.find(path);
    found.map(|found| found.parameters).unwrap_or_default()
}

/// The answer's headers in the form that the log and the reply have.
fn shown(answer: &Answer) -> Vec<(String, String)> {
    let titled = |name: &str| match name {
        "content-type" => "Content-Type".to_owned(),
        "x-amzn-errortype" => "x-amzn-ErrorType".to_owned(),
        other => other.to_owned(),
    };
    let read = answer
        .headers
        .iter()
        .map(|(name, value)| (titled(name.as_str()), String::from_utf8_lossy(value).into_owned()));
    read.collect()
}

fn outcome(answer: &Answer, log: &Log, started: Instant) -> Outcome {
    Outcome {
        status: answer.status,
        headers: shown(answer),
        body: String::from_utf8_lossy(&answer.body).into_owned(),
        log: log.text(),
        latency_ms: started.elapsed().as_millis() as u64,
    }
}
