//! The forest cover model of the demo: deployed, compared with what is expected of it, measured.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{DEPLOY_TIMEOUT, DemoContext};
use crate::{
    cli::{
        archive::Archive,
        deploy::{self, Plan},
        invoke,
        output::{self, Progress},
        rate,
    },
    client::{Client, Invocation},
};

const MODEL: &[u8] = include_bytes!("../../../../../examples/covtype/model/xgboost-model");
const PAYLOAD_CSV: &[u8] = include_bytes!("../../../../../examples/covtype/payload.csv");
const PAYLOAD_JSON: &[u8] = include_bytes!("../../../../../examples/covtype/payload.json");
const EXPECTED: &[u8] = include_bytes!("../../../../../examples/covtype/expected.json");

const ENDPOINT: &str = "covtype";
/// Probabilities are 32-bit floats; another order of summing moves the seventh digit.
const TOLERANCE: f64 = 1e-5;
const ROWS_SHOWN: usize = 5;
const MEASURE_FOR: Duration = Duration::from_secs(1);

/// Deploys the model and calls it; whether all its answers are as expected.
pub(super) fn run(client: &Client) -> anyhow::Result<bool> {
    let progress = Progress::start("deploying the forest cover model".to_owned());
    let plan = Plan::of_xgboost(ENDPOINT, DEPLOY_TIMEOUT);
    deploy::deploy(client, &plan, Archive::of_model(MODEL)?, &progress)?;
    drop(progress);
    let url = &client.target().url;
    output::line(&format!("deployed the forest cover model as `{ENDPOINT}` at {url}"))?;
    let agreed = predict(client)?;
    measure(client)?;
    Ok(agreed)
}

/// Asks in both forms and shows the answers; whether all are as expected.
fn predict(client: &Client) -> anyhow::Result<bool> {
    let expected = json_scores(EXPECTED).context("the expected predictions can't be read")?;
    let csv = ask(client, PAYLOAD_CSV, "text/csv")?;
    let csv = csv_scores(&csv, expected.len()).context("the answer to CSV can't be read")?;
    let json = ask(client, PAYLOAD_JSON, "application/json")?;
    let json = json_scores(&json).context("the answer to JSON can't be read")?;
    output::line(&format!("\n{}", table(&csv, &expected)))?;
    let mut all_agree = true;
    for (form, answer) in [("CSV", &csv), ("JSON", &json)] {
        let comparison = Comparison::of(answer, &expected);
        output::line(&comparison.sentence(form))?;
        all_agree &= comparison.all_agree();
    }
    Ok(all_agree)
}

fn ask(client: &Client, body: &[u8], content_type: &str) -> anyhow::Result<Vec<u8>> {
    let call = Invocation {
        endpoint: ENDPOINT,
        body,
        content_type,
        accept: Some(content_type),
        target_variant: None,
        enable_explanations: None,
    };
    let prediction = client.invoke(call).map_err(|error| invoke::explain(error, ENDPOINT))?;
    Ok(prediction.body)
}

/// The probabilities of the classes, for each row.
type Scores = Vec<Vec<f64>>;

/// Reads `{"predictions": [{"score": […]}, …]}`.
fn json_scores(text: &[u8]) -> anyhow::Result<Scores> {
    let reply: Value = serde_json::from_slice(text)?;
    let predictions = reply["predictions"].as_array().context("there are no `predictions`")?;
    let scores = |prediction: &Value| -> Option<Vec<f64>> {
        prediction["score"].as_array()?.iter().map(Value::as_f64).collect()
    };
    predictions
        .iter()
        .map(|prediction| scores(prediction).context("a prediction has no list of scores"))
        .collect()
}

/// Reads the numbers of a CSV answer and deals them out to the rows.
fn csv_scores(text: &[u8], rows: usize) -> anyhow::Result<Scores> {
    let separator = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']');
    let numbers: Vec<f64> = std::str::from_utf8(text)?
        .split(separator)
        .filter(|word| !word.is_empty())
        .map(|word| word.parse().with_context(|| format!("`{word}` is not a number")))
        .collect::<anyhow::Result<_>>()?;
    ensure!(
        !numbers.is_empty() && numbers.len().is_multiple_of(rows),
        "{} numbers don't make {rows} rows",
        numbers.len()
    );
    Ok(numbers.chunks(numbers.len() / rows).map(<[f64]>::to_vec).collect())
}

/// How an answer compares with what was expected.
struct Comparison {
    agree: usize,
    rows: usize,
    difference_max: f64,
}

impl Comparison {
    fn of(answer: &Scores, expected: &Scores) -> Self {
        let differences: Vec<f64> = expected
            .iter()
            .enumerate()
            .map(|(row, scores)| answer.get(row).map_or(f64::INFINITY, |a| difference(a, scores)))
            .collect();
        Self {
            agree: differences.iter().filter(|&&difference| difference <= TOLERANCE).count(),
            rows: expected.len().max(answer.len()),
            difference_max: differences.into_iter().fold(0.0, f64::max),
        }
    }

    fn all_agree(&self) -> bool {
        self.agree == self.rows && self.rows > 0
    }

    fn sentence(&self, form: &str) -> String {
        let Self { agree, rows, difference_max } = self;
        format!("{form}: {agree} of {rows} agree, the largest difference is {difference_max:.1e}")
    }
}

/// The largest difference of two rows; infinite if they can't be compared.
fn difference(answer: &[f64], expected: &[f64]) -> f64 {
    if answer.len() != expected.len() {
        return f64::INFINITY;
    }
    let apart = |(a, b): (&f64, &f64)| if a.is_nan() { f64::INFINITY } else { (a - b).abs() };
    answer.iter().zip(expected).map(apart).fold(0.0, f64::max)
}

fn table(answer: &Scores, expected: &Scores) -> String {
    let rows = answer.iter().zip(expected).enumerate().take(ROWS_SHOWN);
    let cells = rows.map(|(row, (answer, expected))| {
        let ((class, score), (wanted, wanted_score)) = (best(answer), best(expected));
        let plain = |text: &dyn ToString| text.to_string();
        vec![
            plain(&(row + 1)),
            plain(&class),
            plain(&wanted),
            format!("{score:.6}"),
            format!("{wanted_score:.6}"),
        ]
    });
    output::table(&["ROW", "CLASS", "EXPECTED", "PROBABILITY", "EXPECTED"], cells)
}

/// The most probable class and its probability.
fn best(scores: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (class, &score) in scores.iter().enumerate() {
        if score > best.1 {
            best = (class, score);
        }
    }
    best
}

fn first_row() -> String {
    String::from_utf8_lossy(PAYLOAD_CSV).lines().next().unwrap_or_default().to_owned()
}

fn measure(client: &Client) -> anyhow::Result<()> {
    let row = first_row();
    let request = client.signed_invocation(Invocation {
        endpoint: ENDPOINT,
        body: row.as_bytes(),
        content_type: "text/csv",
        accept: None,
        target_variant: None,
        enable_explanations: None,
    })?;
    let per_second = rate::measure(&request, MEASURE_FOR)?;
    output::line(&format!(
        "\n{per_second:.0} signed one-row calls a second, one at a time on one connection"
    ))
}

/// Calls to copy, by the clients that a user has.
pub(super) fn try_next(context: &DemoContext) -> String {
    let DemoContext { api, region, key, .. } = context;
    let (id, secret, row) = (&key.id, key.secret.expose(), first_row());
    format!(
        "
curl:

curl {api}/endpoints/{ENDPOINT}/invocations --aws-sigv4 aws:amz:{region}:sagemaker \\
  --user {id}:{secret} -H 'content-type: text/csv' \\
  --data-binary {row}

AWS CLI:

export AWS_ENDPOINT_URL={api} AWS_DEFAULT_REGION={region}
export AWS_ACCESS_KEY_ID={id} AWS_SECRET_ACCESS_KEY={secret}
aws sagemaker-runtime invoke-endpoint --endpoint-name {ENDPOINT} --content-type text/csv \\
  --cli-binary-format raw-in-base64-out --body {row} \\
  /dev/stdout

Python, with the same environment:

import boto3
runtime = boto3.client(\"sagemaker-runtime\")
reply = runtime.invoke_endpoint(EndpointName=\"{ENDPOINT}\", ContentType=\"text/csv\",
    Body=\"{row}\")
print(reply[\"Body\"].read().decode())"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_an_answer_are_read_alike() {
        let json = br#"{"predictions": [{"score": [0.25, 0.75]}, {"score": [1.0, 0.0]}]}"#;
        let expect = vec![vec![0.25, 0.75], vec![1.0, 0.0]];
        assert_eq!(json_scores(json).expect("scores"), expect);
        for csv in ["0.25,0.75\n1.0,0.0\n", "[0.25, 0.75]\n[1.0, 0.0]", "0.25,0.75,1.0,0.0"] {
            assert_eq!(csv_scores(csv.as_bytes(), 2).expect(csv), expect);
        }
        for wrong in ["", "1,2,3", "1,x"] {
            assert!(csv_scores(wrong.as_bytes(), 2).is_err(), "{wrong}");
        }
        assert!(json_scores(b"{}").is_err());
        assert!(json_scores(br#"{"predictions": [{}]}"#).is_err());
    }

    #[test]
    fn differences_are_found_wherever_they_are() {
        let expected = vec![vec![0.25, 0.75], vec![1.0, 0.0]];
        let check = |answer: Scores, agree: usize, rows: usize| {
            let comparison = Comparison::of(&answer, &expected);
            assert_eq!((comparison.agree, comparison.rows), (agree, rows), "{answer:?}");
            assert_eq!(comparison.all_agree(), agree == rows);
        };
        check(expected.clone(), 2, 2);
        check(vec![vec![0.25, 0.75], vec![0.9, 0.1]], 1, 2);
        check(vec![vec![0.25, f64::NAN], vec![1.0, 0.0]], 1, 2);
        check(vec![vec![0.25, 0.75]], 1, 2);
        check(vec![vec![0.25], vec![1.0, 0.0]], 1, 2);
        check([expected.clone(), vec![vec![0.0, 1.0]]].concat(), 2, 3);
    }

    #[test]
    fn the_example_fits_together() {
        let expected = json_scores(EXPECTED).expect("scores");
        let lines = PAYLOAD_CSV.split(|&b| b == b'\n').filter(|line| !line.is_empty()).count();
        let records: Vec<Value> = serde_json::from_slice(PAYLOAD_JSON).expect("records");
        assert_eq!((expected.len(), lines, records.len()), (200, 200, 200));
    }
}
