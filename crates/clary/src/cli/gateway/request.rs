//! `clary gateway test API METHOD PATH`: which method of a stage a request would come to, or why it
//! would come to none; and what the method makes of it, step by step: as it is defined now, or as it
//! was deployed to the stage that is named. What happens in the steps is the server's to tell
//! (`TestInvokeMethod`).

use anyhow::{Context as _, anyhow};
use gateway::serve::router::Router;
use serde_json::{Map, Value, json};

use super::{api, sample::SampleArgs};
use crate::{
    cli::{Usage, connect::ConnectOptions, output},
    client::Client,
};

/// The request that is tried.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct RequestArgs {
    /// Try a request instead: the API is then named in the template's place
    #[arg(value_name = "METHOD", requires = "target")]
    method: Option<String>,
    /// The request's path below the stage, with its query
    #[arg(value_name = "PATH")]
    target: Option<String>,
    /// Try what is deployed to this stage, with its variables [default: the methods as they are
    /// defined now, with the variables of the only stage]
    #[arg(long, value_name = "NAME", requires = "method")]
    stage: Option<String>,
    #[command(flatten)]
    connect: ConnectOptions,
}

impl RequestArgs {
    /// The method and the path, if a request is to be tried.
    pub(super) fn request(&self) -> Option<(&str, &str)> {
        self.method.as_deref().zip(self.target.as_deref())
    }
}

/// Tries the request and prints what came of it.
pub(super) fn run(
    wanted: &str,
    args: &RequestArgs,
    sample: &SampleArgs,
    as_json: bool,
) -> anyhow::Result<()> {
    let (method, target) = args.request().context("a request was asked for: this is a bug")?;
    if !target.starts_with('/') {
        let text = format!("the path `{target}` does not begin with a slash");
        return Err(Usage(text).into());
    }
    let client = args.connect.client()?;
    let api = api::find(&client, wanted)?;
    let served = Served::read(&client, string(&api["id"]), args.stage.as_deref())?;
    let report = match served.find(method, target) {
        Ok(found) => {
            let wanted = Wanted { method, target, sample };
            let tried = match &args.stage {
                Some(_) => served.try_deployed(&client, wanted)?,
                None => served.try_defined(&client, &found, wanted)?,
            };
            found.report(&served, args.stage.is_some(), &tried)
        }
        Err(reason) => json!({ "stage": served.stage, "refused": refused(&reason) }),
    };
    if as_json { output::json(&report) } else { output::line(&text(&report)) }
}

/// What a caller gets for a request that comes to no method, and why it does.
fn refused(reason: &str) -> Value {
    json!({
        "status": 403,
        "type": "MISSING_AUTHENTICATION_TOKEN",
        "message": "Missing Authentication Token",
        "reason": reason,
    })
}

/// What is tried.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    method: &'a str,
    target: &'a str,
    sample: &'a SampleArgs,
}

/// A stage, and what its deployment has.
struct Served {
    api: String,
    stage: String,
    deployment: String,
    variables: Value,
    /// Methods by name, by the resource's path.
    resources: Map<String, Value>,
}

/// The method that a request comes to.
struct Found {
    resource: String,
    /// Its name, `ANY` among them.
    method: String,
    definition: Value,
    parameters: Map<String, Value>,
}

impl Served {
    fn read(client: &Client, api: &str, stage: Option<&str>) -> anyhow::Result<Self> {
        let mut stages = client.api_gateway(&format!("/restapis/{api}/stages"))?["item"].take();
        let stages = stages.as_array_mut().map(std::mem::take).unwrap_or_default();
        let stage = chosen(&stages, stage)?;
        let deployment = string(&stage["deploymentId"]);
        let path = format!("/restapis/{api}/deployments/{deployment}?embed=apisummary");
        let summary = client.api_gateway(&path)?["apiSummary"].take();
        Ok(Self {
            api: api.to_owned(),
            stage: string(&stage["stageName"]).to_owned(),
            deployment: deployment.to_owned(),
            variables: stage["variables"].clone(),
            resources: summary.as_object().cloned().unwrap_or_default(),
        })
    }

    /// The method that answers, or why there is none.
    fn find(&self, method: &str, target: &str) -> Result<Found, String> {
        let mut router = Router::default();
        for path in self.resources.keys() {
            router.insert(path, path.clone());
        }
        let path = target.split('?').next().unwrap_or_default();
        let found = router.find(path).ok_or_else(|| {
            format!("no resource of stage `{}` has the path `{path}`", self.stage)
        })?;
        let resource = found.value.clone();
        let methods = &self.resources[&resource];
        let name = [method, "ANY"].into_iter().find(|name| methods[*name].is_object());
        let name = name.ok_or_else(|| {
            let known: Vec<_> =
                methods.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            format!("resource `{resource}` has no {method}, but {}", known.join(", "))
        })?;
        let parameters = found.parameters.into_iter();
        Ok(Found {
            definition: methods[name].clone(),
            method: name.to_owned(),
            parameters: parameters
                .map(|(name, value)| (name.to_string(), Value::from(value.clone())))
                .collect(),
            resource,
        })
    }

    /// What the deployment makes of the request. It finds the method by itself, so that no resource
    /// has to be named that may be defined no more.
    fn try_deployed(&self, client: &Client, wanted: Wanted<'_>) -> anyhow::Result<Value> {
        let path = format!("/restapis/{}/resources/deployed/methods/{}", self.api, wanted.method);
        let asked = wanted.asked(Map::new())?;
        Ok(client.api_gateway_try(&path, Some(&self.stage), &asked)?)
    }

    /// What the method as it is defined now makes of the request.
    fn try_defined(
        &self,
        client: &Client,
        found: &Found,
        wanted: Wanted<'_>,
    ) -> anyhow::Result<Value> {
        let resources = client.api_gateway_list(&format!("/restapis/{}/resources", self.api))?;
        let resource = resources.iter().find(|one| one["path"] == *found.resource);
        let resource = resource.ok_or_else(|| {
            anyhow!(
                "resource `{}` is deployed, but defined no more; try what is deployed with \
                 `--stage {}`, or deploy the API anew to be rid of it",
                found.resource,
                self.stage
            )
        })?;
        let asked = wanted.asked(self.variables.as_object().cloned().unwrap_or_default())?;
        let (id, method) = (string(&resource["id"]), &found.method);
        let path = format!("/restapis/{}/resources/{id}/methods/{method}", self.api);
        Ok(client.api_gateway_try(&path, None, &asked)?)
    }
}

impl Wanted<'_> {
    /// The body of a trial, with these variables of the stage and the sample's on top.
    fn asked(&self, mut variables: Map<String, Value>) -> anyhow::Result<Value> {
        let (body, headers) = self.sample.body_and_headers()?;
        variables.extend(self.sample.variables());
        Ok(json!({
            "pathWithQueryString": self.target, "body": body, "multiValueHeaders": headers,
            "stageVariables": variables,
        }))
    }
}

/// The stage of that name, or the only one.
fn chosen<'s>(stages: &'s [Value], wanted: Option<&str>) -> anyhow::Result<&'s Value> {
    let names =
        || stages.iter().map(|one| string(&one["stageName"])).collect::<Vec<_>>().join(", ");
    match (wanted, stages) {
        (_, []) => Err(anyhow!("it is not deployed; use `aws apigateway create-deployment`")),
        (Some(wanted), _) => {
            let found = stages.iter().find(|stage| stage["stageName"] == wanted);
            found.ok_or_else(|| anyhow!("there is no stage `{wanted}`, but {}", names()))
        }
        (None, [only]) => Ok(only),
        (None, _) => {
            Err(Usage(format!("it has several stages; say `--stage` with one of {}", names()))
                .into())
        }
    }
}

impl Found {
    fn report(&self, served: &Served, is_deployed: bool, tried: &Value) -> Value {
        json!({
            "tried": if is_deployed { "deployed" } else { "defined" },
            "stage": served.stage,
            "deployment": served.deployment,
            "resource": self.resource,
            "method": self.method,
            "path_parameters": self.parameters,
            "authorization": self.definition["authorizationType"],
            "api_key_required": self.definition["apiKeyRequired"],
            "status": tried["status"],
            "headers": tried["headers"],
            "body": tried["body"],
            "log": tried["log"],
        })
    }
}

fn text(report: &Value) -> String {
    if let Some(refused) = report["refused"].as_object() {
        let [status, kind, reason] = ["status", "type", "reason"].map(|name| plain(&refused[name]));
        return format!("refused    {status} {kind}: {reason}");
    }
    let [stage, deployment, resource, method] =
        ["stage", "deployment", "resource", "method"].map(|name| plain(&report[name]));
    let mut lines = vec![
        format!("matches    {method} {resource} of stage `{stage}`, deployment {deployment}"),
        format!("asks for   {}", asks_for(report)),
    ];
    for (name, value) in report["path_parameters"].as_object().into_iter().flatten() {
        lines.push(format!("path       {name}={}", plain(value)));
    }
    let as_what = match report["tried"].as_str() {
        Some("deployed") => "deployed",
        _ => "defined now",
    };
    lines.push(format!("tried      on the method as it is {as_what}:"));
    let log = report["log"].as_str().unwrap_or_default();
    lines.extend(log.lines().skip(1).map(|line| format!("  {}", said(line))));
    lines.push(format!("answered   {}", plain(&report["status"])));
    lines.push(plain(&report["body"]));
    lines.join("\n")
}

/// What a line of the log says, without its date.
fn said(line: &str) -> &str {
    line.split_once(" : ").map_or(line, |(_, text)| text)
}

/// What a real call needs and the trial does not.
fn asks_for(report: &Value) -> String {
    let signature = match report["authorization"].as_str() {
        Some("NONE") | None => "no signature".to_owned(),
        Some(kind) => format!("a signature ({kind}); 403 without"),
    };
    if report["api_key_required"] == true {
        return format!("{signature}, and an API key: 403 Forbidden, as there are none");
    }
    signature
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served() -> Served {
        let get = json!({ "authorizationType": "NONE", "apiKeyRequired": false });
        let resources = json!({ "/pets/{id}": { "GET": get }, "/all": { "ANY": get } });
        Served {
            api: "a1".to_owned(),
            stage: "dev".to_owned(),
            deployment: "d1".to_owned(),
            variables: Value::Null,
            resources: resources.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn requests_come_to_a_method_or_to_none() {
        let check = |method: &str, target: &str, expect: Result<&str, &str>| {
            let found = served().find(method, target);
            let found = found.map(|found| format!("{} {}", found.method, found.resource));
            let found = found.as_deref().map_err(String::as_str);
            assert_eq!(found, expect, "{method} {target}");
        };
        check("GET", "/pets/7?x=1", Ok("GET /pets/{id}"));
        check("PUT", "/all", Ok("ANY /all"));
        check("PUT", "/pets/7", Err("resource `/pets/{id}` has no PUT, but GET"));
        check("GET", "/cats", Err("no resource of stage `dev` has the path `/cats`"));
    }

    #[test]
    fn the_stage_is_named_or_the_only_one() {
        let stages = [json!({ "stageName": "dev" }), json!({ "stageName": "prod" })];
        let error = |stages: &[Value], wanted| {
            chosen(stages, wanted).expect_err("there is none").to_string()
        };
        assert_eq!(chosen(&stages[..1], None).expect("one")["stageName"], "dev");
        assert_eq!(chosen(&stages, Some("prod")).expect("it is there")["stageName"], "prod");
        assert!(error(&[], None).contains("not deployed"));
        assert!(error(&stages, None).contains("one of dev, prod"));
        assert!(error(&stages, Some("x")).contains("no stage `x`, but dev, prod"));
    }
}
