//! The movie ratings of the demo: a model, and the REST API in front of it that needs no code, made
//! with the same calls as `examples/movie-ratings/deploy.py`.

use anyhow::Context;
use http::Method;
use serde_json::{Value, json};

use super::DEPLOY_TIMEOUT;
use crate::{
    cli::{
        archive::Archive,
        deploy::{self, Plan},
        image,
        output::{self, Progress},
    },
    client::Client,
};

const NETWORK: &[u8] =
    include_bytes!("../../../../../examples/movie-ratings/model/object2vec.json");
const WEIGHTS: &[u8] =
    include_bytes!("../../../../../examples/movie-ratings/model/object2vec.safetensors");
const EXPECTED: &[u8] = include_bytes!("../../../../../examples/movie-ratings/expected.json");
const REQUEST: &str = include_str!("../../../../../examples/movie-ratings/api/request.vtl");
const RESPONSE: &str = include_str!("../../../../../examples/movie-ratings/api/response.vtl");

const NAME: &str = "movie-ratings";
const STAGE: &str = "dev";
/// The user whose expected ratings are asked for.
const USER: u64 = 321;
/// Ratings are 32-bit floats; another order of summing moves the seventh digit.
const TOLERANCE: f64 = 1e-5;

/// The deployed example.
#[derive(Debug)]
pub(super) struct Movies {
    /// Whether its answer is as expected.
    pub(super) agree: bool,
    url: String,
}

impl Movies {
    /// A call to copy.
    pub(super) fn try_next(&self) -> String {
        format!("\nthe REST API, which nobody has to sign for:\n\ncurl \"{}\"", self.url)
    }
}

/// Deploys the model and the API with one client, and asks for ratings with another, which knows the
/// gateway's address.
pub(super) fn run(client: &Client, callers: &Client) -> anyhow::Result<Movies> {
    let progress = Progress::start("deploying the movie model and its REST API".to_owned());
    let plan = Plan {
        name: NAME.to_owned(),
        instance_count: 1,
        image: image::OBJECT2VEC.to_owned(),
        timeout: DEPLOY_TIMEOUT,
    };
    let model =
        Archive::of_files([("object2vec.json", NETWORK), ("object2vec.safetensors", WEIGHTS)])?;
    deploy::deploy(client, &plan, model, &progress)?;
    let api = create_api(client)?;
    drop(progress);
    let (items, expected) = expected_ratings()?;
    let path = format!("/predicted-ratings/{USER}?items={}", items.join(","));
    let called = format!("/restapis/{api}/{STAGE}/_user_request_{path}");
    let answer = callers.page(&called)?;
    let agree = agree(&answer, &expected)?;
    output::line(&format!(
        "\ndeployed the movie model as `{NAME}` with a REST API in front of it; GET {path} answers\n{}",
        answer.trim_end()
    ))?;
    Ok(Movies { agree, url: format!("{}{called}", callers.target().url) })
}

/// Makes and deploys the API; its id.
fn create_api(client: &Client) -> anyhow::Result<String> {
    let made = client.api_gateway_send(&Method::POST, "/restapis", &json!({ "name": NAME }))?;
    let (api, root) = (member(&made, "id")?, member(&made, "rootResourceId")?);
    let ratings = create_resource(client, (&api, &root), "predicted-ratings")?;
    let user = create_resource(client, (&api, &ratings), "{user_id}")?;
    let method = format!("/restapis/{api}/resources/{user}/methods/GET");
    let region = &client.target().region;
    let to_endpoint =
        format!("arn:aws:apigateway:{region}:runtime.sagemaker:path//endpoints/{NAME}/invocations");
    let puts = [
        (method.clone(), json!({ "authorizationType": "NONE" })),
        (format!("{method}/responses/200"), json!({})),
        (
            format!("{method}/integration"),
            json!({
                "type": "AWS",
                "httpMethod": "POST",
                "uri": to_endpoint,
                "credentials": format!("arn:aws:iam::{}:role/demo", client.target().account),
                "requestTemplates": { "application/json": REQUEST },
            }),
        ),
        (
            format!("{method}/integration/responses/200"),
            json!({ "responseTemplates": { "application/json": RESPONSE } }),
        ),
    ];
    for (path, body) in puts {
        client.api_gateway_send(&Method::PUT, &path, &body)?;
    }
    let deployments = format!("/restapis/{api}/deployments");
    client.api_gateway_send(&Method::POST, &deployments, &json!({ "stageName": STAGE }))?;
    Ok(api)
}

fn create_resource(
    client: &Client,
    (api, parent): (&str, &str),
    part: &str,
) -> anyhow::Result<String> {
    let path = format!("/restapis/{api}/resources/{parent}");
    let made = client.api_gateway_send(&Method::POST, &path, &json!({ "pathPart": part }))?;
    member(&made, "id")
}

fn member(value: &Value, name: &str) -> anyhow::Result<String> {
    let text = value[name].as_str().with_context(|| format!("the reply has no `{name}`"))?;
    Ok(text.to_owned())
}

/// The movies that the example has expected ratings of the user for, and these ratings.
fn expected_ratings() -> anyhow::Result<(Vec<String>, Vec<f64>)> {
    let example: Value = serde_json::from_slice(EXPECTED)?;
    let list = |name: &str| example[name].as_array().cloned().unwrap_or_default();
    let pairs = list("instances").into_iter().zip(list("predictions"));
    let of_user = pairs.filter(|(instance, _)| instance["in0"][0].as_u64() == Some(USER));
    let movie = |instance: &Value| instance["in1"][0].to_string();
    of_user
        .map(|(instance, prediction)| {
            let rating = prediction["scores"][0].as_f64().context("a prediction has no score")?;
            Ok((movie(&instance), rating))
        })
        .collect()
}

fn agree(answer: &str, expected: &[f64]) -> anyhow::Result<bool> {
    let answer: Value =
        serde_json::from_str(answer).context("the REST API's answer is not JSON")?;
    let ratings = answer["ratings"].as_array().context("there are no `ratings` in the answer")?;
    let close = |(rating, expected): (&Value, &f64)| {
        rating.as_f64().is_some_and(|rating| (rating - expected).abs() <= TOLERANCE)
    };
    Ok(ratings.len() == expected.len() && ratings.iter().zip(expected).all(close))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_fits_together() {
        let (items, expected) = expected_ratings().expect("the example");
        assert_eq!(items, ["101", "131", "162"]);
        let answer = json!({ "ratings": expected }).to_string();
        assert!(agree(&answer, &expected).expect("ratings"));
        assert!(!agree(&answer, &expected[1..]).expect("ratings"));
        assert!(!agree(r#"{"ratings": [1, 2, 3]}"#, &expected).expect("ratings"));
        assert!(agree("{}", &expected).is_err());
    }
}
