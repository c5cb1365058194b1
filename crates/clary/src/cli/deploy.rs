//! `clary deploy`: from a model on disk to an endpoint that answers, in one step. What a failed
//! attempt made it takes away again.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    archive::{Archive, hex},
    connect::ConnectOptions,
    image,
    invoke::endpoint_name,
    output::{self, Progress},
};
use crate::client::{CallError, Client, SAGEMAKER};

/// AWS wants a type; on a machine of one's own all are the same.
const INSTANCE_TYPE: &str = "ml.m5.large";
const VARIANT: &str = "AllTraffic";
const POLL_FIRST: Duration = Duration::from_millis(20);
const POLL_LAST: Duration = Duration::from_secs(1);

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// A model file, a folder, or a model.tar.gz
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Name of the endpoint
    #[arg(long, value_name = "NAME", value_parser = endpoint_name)]
    name: String,
    /// How many copies of the model serve
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    instance_count: u32,
    /// Image that the model is for [default: SageMaker's for what the model is]
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// Delete an endpoint of this name first, if there is one
    #[arg(long)]
    replace: bool,
    /// Seconds to wait until the endpoint serves
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: ConnectOptions,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let progress = Progress::start(format!("packing {}", args.path.display()));
    let archive = Archive::pack(&args.path)?;
    let client = args.connect.client()?;
    let plan = Plan {
        name: args.name.clone(),
        instance_count: args.instance_count,
        image: args.image.clone().unwrap_or_else(|| image::of_model(&args.path).to_owned()),
        timeout: Duration::from_secs(args.timeout),
    };
    make_room(&client, &plan, args.replace, &progress)?;
    let endpoint = deploy(&client, &plan, archive, &progress)?;
    drop(progress);
    print(args, &client, &endpoint)
}

/// What is to be deployed, beside the model.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) instance_count: u32,
    pub(super) image: String,
    pub(super) timeout: Duration,
}

impl Plan {
    pub(super) fn of_xgboost(name: &str, timeout: Duration) -> Self {
        let (name, image) = (name.to_owned(), image::XGBOOST.to_owned());
        Self { name, instance_count: 1, image, timeout }
    }

    /// The name of model and configuration. Neither can be changed once made, so the name tells
    /// everything that is in them: the same deployment finds its own, another gets another.
    fn versioned_name(&self, digest: &str) -> String {
        let content = format!("{}\n{digest}\n{}\n{}", self.name, self.image, self.instance_count);
        let tag = &hex(&Sha256::digest(content))[..8];
        let room = 63 - 1 - tag.len();
        let stem = self.name.get(..room).unwrap_or(&self.name).trim_end_matches('-');
        format!("{stem}-{tag}")
    }
}

/// Uploads the model and makes model, configuration and endpoint; returns the endpoint when it
/// serves, and otherwise takes everything away that was made.
pub(super) fn deploy(
    client: &Client,
    plan: &Plan,
    archive: Archive,
    progress: &Progress,
) -> anyhow::Result<Value> {
    let mut made = Made::default();
    let outcome = bring_up(client, plan, archive, (&mut made, progress));
    if outcome.is_err() {
        progress.now("taking back what was made".to_owned());
        made.take_back(client);
    }
    outcome
}

fn make_room(
    client: &Client,
    plan: &Plan,
    replace: bool,
    progress: &Progress,
) -> anyhow::Result<()> {
    match describe(client, &plan.name) {
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) if replace => {
            progress.now(format!("deleting the endpoint {} that is there", plan.name));
            delete_endpoint(client, &plan.name, plan.timeout)
        }
        Ok(endpoint) => bail!(
            "endpoint `{}` exists and is {}; choose another `--name`, or say `--replace` to \
             delete it first",
            plan.name,
            endpoint["EndpointStatus"].as_str().unwrap_or("in an unknown state")
        ),
    }
}

/// What this attempt made and must take back if it fails.
#[derive(Default)]
struct Made {
    object: Option<String>,
    model: Option<String>,
    config: Option<String>,
    endpoint: Option<String>,
}

impl Made {
    /// Does what it can: the error that led here is the one to show.
    fn take_back(self, client: &Client) {
        if let Some(name) = self.endpoint {
            let _ = delete_endpoint(client, &name, Duration::from_mins(1));
        }
        if let Some(name) = self.config {
            let input = json!({ "EndpointConfigName": name });
            let _ = client.json(SAGEMAKER, "DeleteEndpointConfig", &input);
        }
        if let Some(name) = self.model {
            let _ = client.json(SAGEMAKER, "DeleteModel", &json!({ "ModelName": name }));
        }
        if let Some(path) = self.object {
            let _ = client.delete_object(&path);
        }
    }
}

fn bring_up(
    client: &Client,
    plan: &Plan,
    archive: Archive,
    (made, progress): (&mut Made, &Progress),
) -> anyhow::Result<Value> {
    let version = plan.versioned_name(&archive.digest());
    progress.now(format!("uploading {} bytes", archive.length()));
    let path = upload(client, plan, archive, made)?;
    progress.now(format!("creating endpoint {}", plan.name));
    let model = model_input(client, plan, &version, &path);
    if create(client, "CreateModel", &model)? {
        made.model = Some(version.clone());
    }
    if create(client, "CreateEndpointConfig", &config_input(plan, &version))? {
        made.config = Some(version.clone());
    }
    let input = json!({ "EndpointName": plan.name, "EndpointConfigName": version });
    client.json(SAGEMAKER, "CreateEndpoint", &input).context("the endpoint can't be created")?;
    made.endpoint = Some(plan.name.clone());
    wait_in_service(client, plan)
}

/// Stores the archive under its digest, unless it is there; returns `/bucket/key`.
fn upload(
    client: &Client,
    plan: &Plan,
    archive: Archive,
    made: &mut Made,
) -> anyhow::Result<String> {
    let bucket = format!("clary-models-{}", client.target().account);
    let path = format!("/{bucket}/{}/{}/model.tar.gz", plan.name, archive.digest());
    client.create_bucket(&bucket).with_context(|| format!("bucket `{bucket}` can't be made"))?;
    if !client.has_object(&path)? {
        client.put_object(&path, archive.into_upload()?).context("the model can't be uploaded")?;
        made.object = Some(path.clone());
    }
    Ok(path)
}

fn model_input(client: &Client, plan: &Plan, version: &str, path: &str) -> Value {
    json!({
        "ModelName": version,
        "PrimaryContainer": { "Image": plan.image, "ModelDataUrl": format!("s3:/{path}") },
        "ExecutionRoleArn": format!("arn:aws:iam::{}:role/clary", client.target().account),
    })
}

fn config_input(plan: &Plan, version: &str) -> Value {
    json!({
        "EndpointConfigName": version,
        "ProductionVariants": [{
            "VariantName": VARIANT,
            "ModelName": version,
            "InstanceType": INSTANCE_TYPE,
            "InitialInstanceCount": plan.instance_count,
            "InitialVariantWeight": 1.0,
        }],
    })
}

/// Creates a thing; false if it was there, from a deployment of exactly the same.
fn create(client: &Client, operation: &str, input: &Value) -> anyhow::Result<bool> {
    match client.json(SAGEMAKER, operation, input) {
        Ok(_) => Ok(true),
        Err(error) if error.is_already_there() => Ok(false),
        Err(error) => Err(error).with_context(|| format!("`{operation}` was refused")),
    }
}

fn describe(client: &Client, name: &str) -> Result<Value, CallError> {
    client.json(SAGEMAKER, "DescribeEndpoint", &json!({ "EndpointName": name }))
}

fn wait_in_service(client: &Client, plan: &Plan) -> anyhow::Result<Value> {
    poll(plan.timeout, || {
        let endpoint = describe(client, &plan.name)?;
        match endpoint["EndpointStatus"].as_str() {
            Some("InService") => Ok(Some(endpoint)),
            Some("Failed") => {
                let reason = endpoint["FailureReason"].as_str().unwrap_or("no reason was given");
                Err(anyhow!("endpoint `{}` failed: {reason}", plan.name))
            }
            _ => Ok(None),
        }
    })?
    .with_context(|| {
        format!(
            "endpoint `{}` did not serve within {} s; allow more with `--timeout`",
            plan.name,
            plan.timeout.as_secs()
        )
    })
}

fn delete_endpoint(client: &Client, name: &str, timeout: Duration) -> anyhow::Result<()> {
    let input = json!({ "EndpointName": name });
    client.json(SAGEMAKER, "DeleteEndpoint", &input).context("the endpoint can't be deleted")?;
    poll(timeout, || match describe(client, name) {
        Err(error) if error.is_not_found() => Ok(Some(())),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(None),
    })?
    .with_context(|| format!("endpoint `{name}` is still there; look at `clary status {name}`"))
}

/// Asks again, less and less often, until there is an answer; none when the time is up.
fn poll<T>(
    timeout: Duration,
    mut ask: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let (end, mut pause) = (Instant::now() + timeout, POLL_FIRST);
    loop {
        if let Some(answer) = ask()? {
            return Ok(Some(answer));
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(POLL_LAST);
    }
}

fn print(args: &Args, client: &Client, endpoint: &Value) -> anyhow::Result<()> {
    let (name, url) = (&args.name, &client.target().url);
    let invocations = format!("{url}/endpoints/{name}/invocations");
    if args.json {
        return output::json(&json!({
            "endpoint": name,
            "arn": endpoint["EndpointArn"],
            "config": endpoint["EndpointConfigName"],
            "url": invocations,
        }));
    }
    output::line(&format!("endpoint `{name}` serves at {invocations}"))?;
    output::line(&format!("call it with `clary invoke {name} --body FILE`"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::client::scripted::{Answer, Asked, Scripted};

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn parse(words: &[&str]) -> Result<Args, String> {
        let all = ["deploy"].iter().chain(words);
        Cli::try_parse_from(all).map(|cli| cli.args).map_err(|error| error.to_string())
    }

    #[test]
    fn arguments_are_checked() {
        let args = parse(&["model.json", "--name", "covtype"]).expect("enough");
        assert_eq!((args.instance_count, args.timeout, args.replace), (1, 300, false));
        assert_eq!(args.image, None);
        assert!(parse(&["model.json"]).expect_err("no name").contains("--name"));
        assert!(parse(&["m", "--name", "a b"]).expect_err("a blank").contains("inner hyphens"));
        assert!(parse(&["m", "--name", "a", "--instance-count", "0"]).is_err());
    }

    #[test]
    fn versions_tell_all_that_is_in_them() {
        let plan = |name: &str, instance_count| Plan {
            instance_count,
            ..Plan::of_xgboost(name, Duration::ZERO)
        };
        let one = plan("covtype", 1).versioned_name("d1");
        assert_eq!(one, plan("covtype", 1).versioned_name("d1"));
        assert_ne!(one, plan("covtype", 1).versioned_name("d2"));
        assert_ne!(one, plan("covtype", 2).versioned_name("d1"));
        assert_eq!((&one[..8], one.len()), ("covtype-", 16));
        let long = format!("{}-{}", "x".repeat(53), "y".repeat(9));
        let version = plan(&long, 1).versioned_name("d1");
        assert!(endpoint_name(&version).is_ok() && !version.contains("--"), "{version}");
    }

    #[test]
    fn polling_ends_with_an_answer_an_error_or_the_time() {
        let mut asked = 0;
        let answer = poll(Duration::from_mins(1), || {
            asked += 1;
            Ok((asked == 2).then_some("there"))
        });
        assert_eq!(answer.expect("no error"), Some("there"));
        let nothing: Option<()> = poll(Duration::ZERO, || Ok(None)).expect("no error");
        assert_eq!(nothing, None);
        let failed: anyhow::Result<Option<()>> = poll(Duration::ZERO, || bail!("broken"));
        assert!(failed.is_err());
    }

    fn not_there() -> Answer {
        Answer::refusal("ValidationException", "Could not find endpoint \"arn:…\".")
    }

    fn attempt(client: &Client) -> anyhow::Result<Value> {
        let plan = Plan::of_xgboost("covtype", Duration::from_mins(1));
        let progress = Progress::start(String::new());
        make_room(client, &plan, false, &progress)?;
        deploy(client, &plan, Archive::of_model(b"model")?, &progress)
    }

    #[test]
    fn a_deployment_makes_each_thing_once() {
        let (server, client) = Scripted::start(vec![
            not_there(),
            Answer::refusal("BucketAlreadyOwnedByYou", "yours"),
            Answer::empty(200),
            Answer::refusal("ValidationException", "Cannot create already existing model \"arn\""),
            Answer::json(&json!({})),
            Answer::json(&json!({})),
            Answer::json(&json!({ "EndpointStatus": "Creating" })),
            Answer::json(&json!({ "EndpointStatus": "InService", "EndpointArn": "arn" })),
        ]);
        assert_eq!(attempt(&client).expect("it serves")["EndpointArn"], "arn");
        let asked = server.asked();
        let path = asked[2].call().replace("HEAD /", "");
        assert!(path.starts_with("clary-models-123456789012/covtype/"), "{path}");
        assert_eq!(asked[3].json()["PrimaryContainer"]["ModelDataUrl"], format!("s3://{path}"));
        let (model, config) = (asked[3].json(), asked[4].json());
        assert_eq!(config["ProductionVariants"][0]["ModelName"], model["ModelName"]);
        assert_eq!(asked[5].json()["EndpointConfigName"], config["EndpointConfigName"]);
    }

    #[test]
    fn a_failed_deployment_leaves_nothing_of_its_own() {
        let (server, client) = Scripted::start(vec![
            not_there(),
            Answer::empty(200),
            Answer::empty(404),
            Answer::empty(200),
            Answer::refusal("ValidationException", "Cannot create already existing model \"arn\""),
            Answer::json(&json!({})),
            Answer::json(&json!({})),
            Answer::json(&json!({ "EndpointStatus": "Failed", "FailureReason": "no trees" })),
            Answer::json(&json!({})),
            not_there(),
            Answer::json(&json!({})),
            Answer::empty(204),
        ]);
        let error = attempt(&client).expect_err("it failed").to_string();
        assert_eq!(error, "endpoint `covtype` failed: no trees");
        let calls: Vec<String> = server.asked()[8..].iter().map(Asked::call).collect();
        let expect = [
            "SageMaker.DeleteEndpoint",
            "SageMaker.DescribeEndpoint",
            "SageMaker.DeleteEndpointConfig",
        ];
        // The model was there before and stays.
        assert_eq!(calls[..3], expect);
        assert!(calls[3].starts_with("DELETE /clary-models-123456789012/covtype/"), "{calls:?}");
    }

    #[test]
    fn an_endpoint_that_is_there_is_not_touched() {
        let there = Answer::json(&json!({ "EndpointStatus": "InService" }));
        let (server, client) = Scripted::start(vec![there]);
        let error = attempt(&client).expect_err("it is there").to_string();
        assert!(
            error.contains("exists and is InService") && error.contains("--replace"),
            "{error}"
        );
        assert_eq!(server.asked().len(), 1);
    }

    #[test]
    fn replacing_waits_until_the_old_one_is_gone() {
        let (server, client) = Scripted::start(vec![
            Answer::json(&json!({ "EndpointStatus": "Failed" })),
            Answer::json(&json!({})),
            Answer::json(&json!({ "EndpointStatus": "Deleting" })),
            not_there(),
        ]);
        let plan = Plan::of_xgboost("covtype", Duration::from_mins(1));
        let progress = Progress::start(String::new());
        make_room(&client, &plan, true, &progress).expect("there is room");
        assert_eq!(server.asked()[1].call(), "SageMaker.DeleteEndpoint");
    }
}
