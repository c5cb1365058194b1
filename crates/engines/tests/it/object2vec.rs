//! Object2Vec networks: the movie example, small networks whose answers can be worked out by hand,
//! and what is refused.

use std::{collections::BTreeMap, fs, path::Path};

use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::{Stage, ask, call, text};

const IMAGE: &str = "382416733822.dkr.ecr.us-east-1.amazonaws.com/object2vec:1";
/// The example was computed in another order of summing.
const TOLERANCE: f64 = 1e-5;

fn stage(directory: &Path) -> Stage {
    Stage { image: IMAGE, ..Stage::new(directory) }
}

/// An artifact with these hyperparameters and tensors.
struct Artifact {
    hyperparameters: Value,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Artifact {
    /// Users 0 to 2 and movies 0 to 3 with embeddings of 2, no hidden layer, one score: the sum of the
    /// products.
    fn products() -> Self {
        Self {
            hyperparameters: json!({
                "comparator_list": "hadamard",
                "output_layer": "mean_squared_error",
            }),
            tensors: BTreeMap::new(),
        }
        .with("enc0.embedding", &[3, 2], &[0.0, 0.0, 1.0, 2.0, 3.0, 4.0])
        .with("enc1.embedding", &[4, 2], &[0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.5, 0.5])
        .with("output.weight", &[1, 2], &[1.0, 1.0])
    }

    fn with(mut self, name: &str, shape: &[usize], values: &[f32]) -> Self {
        self.tensors.insert(name.to_owned(), (shape.to_vec(), values.to_vec()));
        self
    }

    fn saying(mut self, name: &str, value: Value) -> Self {
        self.hyperparameters[name] = value;
        self
    }

    fn write(&self) -> TempDir {
        let bytes: BTreeMap<&String, (&Vec<usize>, Vec<u8>)> = (self.tensors.iter())
            .map(|(name, (shape, values))| {
                (name, (shape, values.iter().flat_map(|value| value.to_le_bytes()).collect()))
            })
            .collect();
        let views = bytes.iter().map(|(name, (shape, bytes))| {
            (name, TensorView::new(Dtype::F32, (*shape).clone(), bytes).expect("a tensor"))
        });
        let weights = safetensors::serialize(views, None).expect("tensors");
        artifact(&self.hyperparameters.to_string(), &weights)
    }

    fn answer(&self, body: &Value) -> Value {
        let directory = self.write();
        let engine = stage(directory.path()).open().expect("a network");
        let reply = call(&*engine, "application/json", body.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{}", text(&reply));
        serde_json::from_slice(&reply.body).expect("JSON")
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's artifact need not be durable")]
fn artifact(hyperparameters: &str, weights: &[u8]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("object2vec.json"), hyperparameters).expect("written");
    fs::write(directory.path().join("object2vec.safetensors"), weights).expect("written");
    directory
}

fn movies() -> (Stage, Value) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/movie-ratings");
    let expected = fs::read(example.join("expected.json")).expect("the example");
    (stage(&example.join("model")), serde_json::from_slice(&expected).expect("JSON"))
}

fn scores(answer: &Value) -> Vec<f64> {
    let predictions = answer["predictions"].as_array().expect("predictions");
    predictions.iter().map(|each| each["scores"][0].as_f64().expect("a score")).collect()
}

#[test]
fn the_movie_example_answers_as_its_trainer() {
    let (stage, example) = movies();
    let engine = stage.open().expect("the example");
    let body = json!({"instances": example["instances"]}).to_string();
    let reply = call(&*engine, "application/json", body.as_bytes());
    assert_eq!((reply.status, &*reply.content_type), (200, "application/json"));
    let (answer, expected) =
        (scores(&serde_json::from_slice(&reply.body).expect("JSON")), scores(&example));
    assert_eq!(answer.len(), expected.len());
    for (answer, expected) in answer.iter().zip(&expected) {
        assert!((answer - expected).abs() < TOLERANCE, "{answer} instead of {expected}");
    }
    assert!(stage.lines.all().iter().any(|line| line.contains("vocabularies of 944 and 1683")));
}

#[test]
fn pairs_answer_alone_as_they_do_among_many() {
    let (stage, _) = movies();
    let engine = stage.open().expect("the example");
    let instance = |user: usize| json!({"in0": [user], "in1": [1 + user * 7 % 1682]});
    let ask = |instances: Vec<Value>| {
        let body = json!({"instances": instances}).to_string();
        let reply = call(&*engine, "application/json", body.as_bytes());
        scores(&serde_json::from_slice(&reply.body).expect("JSON"))
    };
    let together = ask((1..=600).map(instance).collect());
    assert_eq!(together.len(), 600);
    for user in [1, 255, 256, 257, 512, 513, 600] {
        let (alone, among) = (ask(vec![instance(user)])[0], together[user - 1]);
        assert!((alone - among).abs() < TOLERANCE, "{user}: {alone} and {among}");
    }
}

#[test]
fn answers_that_can_be_worked_out() {
    let products = Artifact::products();
    let body = json!({"instances": [
        {"in0": [1], "in1": [3]},
        // The mean of two users, (2, 3), and of two movies, (0.5, 0.5).
        {"in0": [1, 2], "in1": [1, 2]},
    ]});
    let predictions = json!({"predictions": [{"scores": [1.5]}, {"scores": [2.5]}]});
    assert_eq!(products.answer(&body), predictions);
    assert_eq!(
        products.answer(&json!({"instances": [{"in1": [3]}, {"in1": [1, 3]}]})),
        json!({"predictions": [{"embeddings": [0.5, 0.5]}, {"embeddings": [0.75, 0.25]}]})
    );
    assert_eq!(
        products.answer(&json!({"instances": [{"in0": [2]}]})),
        json!({"predictions": [{"embeddings": [3.0, 4.0]}]})
    );
}

#[test]
fn every_part_of_a_network_takes_part() {
    // Product (0.5, 1), both (1, 2, 0.5, 0.5) and distance (0.5, 1.5) of user 1 and movie 3.
    let pair = json!({"instances": [{"in0": [1], "in1": [3]}]});
    let all = Artifact::products()
        .saying("comparator_list", json!("hadamard, concat, abs_diff"))
        .with("output.weight", &[1, 8], &[1.0, 10.0, 1.0, 1.0, 0.0, 4.0, 2.0, 2.0]);
    assert_eq!(scores(&all.answer(&pair)), [0.5 + 10.0 + 3.0 + 2.0 + 1.0 + 3.0]);

    let hidden = |activation: &str| {
        let network = Artifact::products()
            .saying("mlp_activation", json!(activation))
            .with("mlp.0.weight", &[2, 2], &[1.0, 0.0, 0.0, -1.0])
            .with("mlp.0.bias", &[2], &[0.5, 0.0])
            .with("output.bias", &[1], &[3.0]);
        scores(&network.answer(&pair))[0]
    };
    assert!((hidden("linear") - 3.0).abs() < 1e-6);
    assert!((hidden("relu") - 4.0).abs() < 1e-6);
    assert!((hidden("tanh") - 3.0).abs() < 1e-6);

    let projected = Artifact::products()
        .with("enc0.projection.weight", &[1, 2], &[1.0, 1.0])
        .with("enc0.projection.bias", &[1], &[-1.0])
        .with("enc1.projection.weight", &[1, 2], &[4.0, 0.0])
        .with("output.weight", &[1, 1], &[1.0]);
    assert_eq!(scores(&projected.answer(&pair)), [4.0]);

    let shared = Artifact::products().saying("enc1_network", json!("enc0"));
    assert_eq!(scores(&shared.answer(&json!({"instances": [{"in0": [1], "in1": [2]}]}))), [11.0]);

    let classes = Artifact::products()
        .saying("output_layer", json!("softmax"))
        .with("output.weight", &[2, 2], &[1.0, 1.0, 1.0, 1.0])
        .with("output.bias", &[2], &[0.0, 3.0_f32.ln()]);
    let answer = classes.answer(&pair);
    let probability = |class: usize| answer["predictions"][0]["scores"][class].as_f64();
    assert!((probability(0).expect("a class") - 0.25).abs() < 1e-6);
    assert!((probability(1).expect("a class") - 0.75).abs() < 1e-6);
}

#[test]
fn long_lists_are_cut_as_model_or_call_say() {
    let directory = Artifact::products().saying("enc0_max_seq_len", json!(1)).write();
    let engine = stage(directory.path()).open().expect("a network");
    let body = br#"{"instances": [{"in0": [1, 2], "in1": [1, 2]}]}"#;
    for (content_type, expect) in [
        // (1, 2) and (0.5, 0.5), (2, 3) and (0.5, 0.5), (2, 3) and (1, 0).
        ("application/json", r#"{"predictions":[{"scores":[1.5]}]}"#),
        ("application/json; infer_max_seqlens=2,2", r#"{"predictions":[{"scores":[2.5]}]}"#),
        ("application/json; infer_max_seqlens=5000,1", r#"{"predictions":[{"scores":[2.0]}]}"#),
    ] {
        assert_eq!(text(&call(&*engine, content_type, body)), expect, "{content_type}");
    }
}

#[test]
fn an_instance_per_line() {
    let directory = Artifact::products().write();
    let engine = stage(directory.path()).open().expect("a network");
    let body = b"{\"in0\": [1], \"in1\": [3]}\n\n{\"in0\": [2], \"in1\": [1], \"label\": 4}\r\n";
    let reply = call(&*engine, "application/jsonlines", body);
    assert_eq!(text(&reply), "{\"scores\":[1.5]}\n{\"scores\":[3.0]}\n");
    let reply = ask(&*engine, Some("application/jsonlines"), Some("application/json"), body);
    assert_eq!(text(&reply), r#"{"predictions":[{"scores":[1.5]},{"scores":[3.0]}]}"#);
}

#[test]
fn what_a_call_gets_wrong_is_said() {
    let directory = Artifact::products().write();
    let engine = stage(directory.path()).open().expect("a network");
    for (body, part) in [
        ("", "EOF"),
        ("[]", "an object with a list `instances`"),
        ("{}", "there is no list `instances`"),
        (r#"{"instances": []}"#, "send at least one"),
        (r#"{"instances": [{}]}"#, "neither `in0` nor `in1`"),
        (r#"{"instances": [[1]]}"#, "an instance such as"),
        (r#"{"instances": [{"in0": 1}]}"#, "a list of tokens as `in0`"),
        (r#"{"instances": [{"in0": []}]}"#, "`in0` is empty"),
        (
            r#"{"instances": [{"in0": [3]}]}"#,
            "token 3 in `in0` is not in the vocabulary, which ends at 2",
        ),
        (r#"{"instances": [{"in0": [-1]}]}"#, "integer `-1`"),
        (r#"{"instances": [{"in0": [1.5]}]}"#, "floating point"),
        (r#"{"instances": [{"in0": ["1"]}]}"#, "string \"1\""),
        (r#"{"instances": [{"in0": [1], "in0": [1]}]}"#, "`in0` is there twice"),
        (r#"{"instances": [], "instances": []}"#, "`instances` is there twice"),
        (
            r#"{"instances": [{"in0": [1], "in1": [1]}, {"in0": [1]}]}"#,
            "send scores and embeddings apart",
        ),
        (r#"{"instances": [{"in0": [1]}]} x"#, "trailing characters"),
        (r#"{"instances": [{"in0": [1]}"#, "EOF"),
    ] {
        let reply = call(&*engine, "application/json", body.as_bytes());
        assert_eq!(reply.status, 400, "{body}");
        assert!(text(&reply).contains(part), "{body}: {}", text(&reply));
    }
    let reply = call(&*engine, "application/jsonlines", b"{\"in0\": [1]}\n{\"in0\": [9]}");
    assert!(text(&reply).contains("line 2: token 9"), "{}", text(&reply));
    assert_eq!(call(&*engine, "text/csv", b"1,2").status, 415);
    let reply = ask(&*engine, None, Some("text/csv"), br#"{"instances": [{"in0": [1]}]}"#);
    assert_eq!(reply.status, 406);
    let reply = call(&*engine, "application/json; infer_max_seqlens=0", b"{}");
    assert_eq!(reply.status, 400, "{}", text(&reply));
}

#[test]
fn overflown_scores_are_the_models_fault() {
    let directory = Artifact::products().with("output.weight", &[1, 2], &[3e38, 3e38]).write();
    let engine = stage(directory.path()).open().expect("a network");
    let reply = call(&*engine, "application/json", br#"{"instances": [{"in0": [2], "in1": [3]}]}"#);
    assert_eq!(reply.status, 500);
    assert!(text(&reply).contains("not finite"), "{}", text(&reply));
}

#[test]
fn an_artifact_that_does_not_fit_is_refused_with_file_and_cause() {
    let products = Artifact::products;
    for (artifact, part) in [
        (products().saying("enc_dim", json!(3)), "`enc0`'s encodings is 2, expected 3"),
        (products().saying("enc0_vocab_size", json!(9)), "`enc0.embedding` is 3, expected 9"),
        (products().saying("mlp_layers", json!(1)), "layers `mlp.N` is 0, expected 1"),
        (products().saying("output_layer", json!("hinge")), "`object2vec.json` has `output_layer`"),
        (products().with("output.weight", &[2, 2], &[0.0; 4]), "`output.weight` is 2, expected 1"),
        (products().with("output.weight", &[1, 3], &[0.0; 3]), "`output.weight` is 3, expected 2"),
        (products().with("output.weight", &[2], &[0.0; 2]), "in shape [2]"),
        (products().with("output.bias", &[2], &[0.0; 2]), "`output.bias` is 2, expected 1"),
        (
            products().with("enc1.embedding", &[2, 3], &[0.0; 6]),
            "`enc1`'s encodings is 3, expected 2",
        ),
        (products().with("enc1.embedding", &[0, 2], &[]), "in shape [0, 2]"),
        (products().with("enc1.embedding", &[1, 2], &[f32::NAN, 0.0]), "not finite"),
    ] {
        let directory = artifact.write();
        let error = stage(directory.path()).open().expect_err(part);
        assert!(error.message.contains(part), "{part}: {}", error.message);
    }
    let empty = tempfile::tempdir().expect("a directory");
    let error = stage(empty.path()).open().expect_err("nothing there");
    assert!(error.message.contains("holds `object2vec.json` and"), "{}", error.message);
    let garbled = artifact("{}", b"\xff\xff\xff\xff\xff\xff\xff\xff{}");
    let error = stage(garbled.path()).open().expect_err("no tensors");
    assert!(error.message.contains("safetensors"), "{}", error.message);
}

#[test]
fn long_bodies_do_not_belong_on_a_listener() {
    let (stage, _) = movies();
    let engine = stage.open().expect("the example");
    let is_light = |bytes: usize| {
        let body = bytes::Bytes::from(vec![b' '; bytes]);
        engine.is_light(engine_api::Request {
            body: &body,
            content_type: None,
            accept: None,
            custom_attributes: None,
            enable_explanations: None,
        })
    };
    assert!(is_light(2_500));
    assert!(!is_light(1_000_000));
}
