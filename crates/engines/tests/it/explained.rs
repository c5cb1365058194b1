//! Explained answers: Clarify's shape around the plain answer, and contributions that add up to the
//! model's margins.

use bytes::Bytes;
use engine_api::{Answer, Engine, Explaining, Reply, Request};
use serde_json::{Value, json};
use trees::{Explainer, Model, Rows};

use crate::{
    models::{Files, artifact, stumps},
    stage::{Stage, covtype, covtype_file, text},
};

const PLAIN: Explaining<'static> = Explaining {
    enable: None,
    feature_headers: &[],
    feature_types: &[],
    label_headers: &[],
    baseline: None,
};

/// A regression of one feature: -1 where it is less than 0.5, else 3.
fn step() -> Vec<u8> {
    stumps("reg:squarederror", &[[-1.0, 3.0]])
}

/// With the baseline 0, whose margin is -1.
const AGAINST_ZERO: Explaining<'static> = Explaining { baseline: Some(("0", "text/csv")), ..PLAIN };

fn call(engine: &dyn Engine, content: (&str, &[u8]), accept: &str, enable: Option<&str>) -> Reply {
    let body = Bytes::copy_from_slice(content.1);
    let request = Request {
        body: &body,
        content_type: Some(content.0),
        accept: Some(accept),
        custom_attributes: None,
        enable_explanations: enable,
    };
    match engine.invoke(request) {
        Answer::Ready(outcome) => outcome.expect("an answer"),
        Answer::Pending(_) => panic!("a native model answers at once"),
    }
}

fn document(reply: &Reply) -> Value {
    assert_eq!((reply.status, &*reply.content_type), (200, "application/json"), "{}", text(reply));
    serde_json::from_slice(&reply.body).expect("JSON")
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("a list: {value}"))
}

/// What is wrong with opening a model with this explainer.
fn refused(files: Files<'_>, explaining: Explaining<'static>) -> String {
    let directory = artifact(files);
    let stage = Stage { explaining: Some(explaining), ..Stage::new(directory.path()) };
    stage.open().expect_err("it is refused").message
}

fn covtype_rows() -> Vec<Vec<f32>> {
    let payload = String::from_utf8(covtype_file("payload.csv")).expect("text");
    let row = |line: &str| line.split(',').map(|cell| cell.parse().expect("a number")).collect();
    payload.lines().take(25).map(row).collect()
}

/// The contributions of every row and group in an answer, added up.
fn sums(document: &Value, groups: usize) -> Vec<Vec<f64>> {
    let of_row = |row: &Value| {
        let mut sums = vec![0.0; groups];
        for feature in list(row) {
            let attribution = list(&feature["attributions"][0]["attribution"]);
            assert_eq!(attribution.len(), groups);
            for (sum, value) in sums.iter_mut().zip(attribution) {
                *sum += value.as_f64().expect("a number");
            }
        }
        sums
    };
    list(&document["explanations"]["kernel_shap"]).iter().map(of_row).collect()
}

/// Seven classes, by what the model was trained on and against a row of the caller's.
#[test]
fn contributions_add_up_to_the_margins() {
    let bytes = covtype_file("model/xgboost-model");
    let model = Model::from_bytes(&bytes).expect("a model");
    let rows = covtype_rows();
    let values: Vec<f32> = rows.concat();
    let (width, groups) = (model.feature_count(), model.group_count());
    let mut margins = vec![0.0; rows.len() * groups];
    model.margins(Rows::new(&values, width), &mut margins);

    let line = |row: &Vec<f32>| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",");
    let baseline: &'static str = line(&rows[3]).leak();
    let body = rows.iter().map(line).collect::<Vec<_>>().join("\n");
    let trained = Explainer::from_bytes(&bytes).expect("an explainer");
    let against = Explainer::against(&bytes, Rows::new(&rows[3], width)).expect("an explainer");
    for (baseline, explainer) in [(None, trained), (Some((baseline, "text/csv")), against)] {
        let explaining = Some(Explaining { baseline, ..PLAIN });
        let stage = Stage { explaining, ..Stage::new(&covtype().join("model")) };
        let engine = stage.open().expect("it opens");
        let reply = call(&*engine, ("text/csv", body.as_bytes()), "text/csv", None);
        let sums = sums(&document(&reply), groups);
        assert_eq!(sums.len(), rows.len());
        for (row, sums) in sums.iter().enumerate() {
            for (group, sum) in sums.iter().enumerate() {
                let found = sum + explainer.expected()[group];
                let margin = f64::from(margins[row * groups + group]);
                assert!((found - margin).abs() < 1e-4, "{row} {group}: {found} {margin}");
            }
        }
    }
}

#[test]
fn an_answer_has_clarifys_shape() {
    let headers = Box::leak(Box::new(["width".to_owned()]));
    let types = Box::leak(Box::new(["numerical".to_owned()]));
    let labels = Box::leak(Box::new(["price".to_owned()]));
    let named = Explaining {
        feature_headers: headers,
        feature_types: types,
        label_headers: labels,
        ..AGAINST_ZERO
    };
    let directory = artifact(&[("xgboost-model", &step())]);
    let open = |explaining| {
        let stage = Stage { explaining: Some(explaining), ..Stage::new(directory.path()) };
        stage.open().expect("it opens")
    };
    let reply = call(&*open(named), ("text/csv", b"0\n1\n"), "text/csv", None);
    let attributions = |value: f64| json!([{"attribution": [value]}]);
    let feature = |value: f64| {
        json!([{
            "feature_header": "width", "feature_type": "numerical",
            "attributions": attributions(value),
        }])
    };
    assert_eq!(
        document(&reply),
        json!({
            "version": "1.0",
            "predictions": {"content_type": "text/csv; charset=utf-8", "data": "-1.0\n3.0\n"},
            "label_headers": ["price"],
            "explanations": {"kernel_shap": [feature(0.0), feature(4.0)]},
        })
    );
    // Without headers the model's own names stand there, and nothing stands for what is unknown.
    let reply = call(&*open(AGAINST_ZERO), ("text/csv", b"1\n"), "application/jsonlines", None);
    let feature = json!([{"feature_header": "x", "attributions": attributions(4.0)}]);
    assert_eq!(
        document(&reply),
        json!({
            "version": "1.0",
            "predictions": {"content_type": "application/jsonlines", "data": "{\"score\":3.0}\n"},
            "explanations": {"kernel_shap": [feature]},
        })
    );
}

#[test]
fn rows_of_every_type_are_explained_alike() {
    let directory = artifact(&[("xgboost-model", &step())]);
    let stage = Stage { explaining: Some(AGAINST_ZERO), ..Stage::new(directory.path()) };
    let engine = stage.open().expect("it opens");
    let explained = |content_type: &str, body: &[u8], accept: &str| {
        document(&call(&*engine, (content_type, body), accept, None))["explanations"].clone()
    };
    let expect = explained("text/csv", b"0\n1\n", "text/csv");
    for accept in ["text/csv", "application/json", "application/jsonlines", "*/*"] {
        for (content_type, body) in [
            ("text/csv", "x\n0\n1\n"),
            ("application/jsonlines", "[0]\n[1]\n"),
            ("application/jsonlines", "{\"x\": 0}\n{\"x\": 1}\n"),
            ("application/json", "[[0], [1]]"),
            ("application/json", "[{\"x\": 0}, {\"x\": 1}]"),
        ] {
            assert_eq!(explained(content_type, body.as_bytes(), accept), expect, "{body}");
        }
    }
    for (content_type, body, accept, status, expect) in [
        ("text/libsvm", "0:1\n", "text/csv", 415, "answers to `text/libsvm` are not explained"),
        ("text/csv", "1\n", "application/x-npy", 406, "`application/x-npy` can't be explained"),
        ("text/csv", "1,2\n", "text/csv", 400, "Unable to evaluate payload provided"),
    ] {
        let reply = call(&*engine, (content_type, body.as_bytes()), accept, None);
        assert_eq!(reply.status, status, "{}", text(&reply));
        assert!(text(&reply).contains(expect), "{}", text(&reply));
    }
    let empty = call(&*engine, ("text/csv", b""), "text/csv", None);
    assert_eq!(empty.status, 204);
}

/// Which of the rows 0, 1, 1 are explained.
#[test]
fn an_expression_chooses_what_is_explained() {
    let directory = artifact(&[("xgboost-model", &step())]);
    for (configured, called, accept, expect) in [
        (None, None, "text/csv", Ok(json!([true, true, true]))),
        (None, Some("`true`"), "text/csv", Ok(json!([true, true, true]))),
        (None, Some("`false`"), "text/csv", Ok(Value::Null)),
        (None, Some("[0] > `0`"), "text/csv", Ok(json!([false, true, true]))),
        (Some("[0] < `0`"), None, "text/csv", Ok(json!([true, false, false]))),
        (Some("`false`"), None, "text/csv", Ok(Value::Null)),
        (Some("`false`"), Some("`true`"), "text/csv", Ok(json!([true, true, true]))),
        (None, Some("score > `0`"), "application/jsonlines", Ok(json!([false, true, true]))),
        (None, Some("score > `0`"), "application/json", Ok(json!([false, true, true]))),
        (None, Some("score > `0`"), "text/csv", Err("neither true nor false")),
        (None, Some("[0"), "text/csv", Err("is no JMESPath expression")),
    ] {
        let explaining = Some(Explaining { enable: configured, ..AGAINST_ZERO });
        let stage = Stage { explaining, ..Stage::new(directory.path()) };
        let engine = stage.open().expect("it opens");
        let reply = call(&*engine, ("text/csv", b"0\n1\n1\n"), accept, called);
        match expect {
            Ok(expect) => {
                let document = document(&reply);
                let explanations = document["explanations"].as_object().expect("an object");
                let explained = explanations.get("kernel_shap").map_or(Value::Null, |rows| {
                    list(rows).iter().map(|row| !row.is_null()).collect()
                });
                assert_eq!(explained, expect, "{configured:?} {called:?}");
            }
            Err(expect) => {
                assert_eq!(reply.status, 400);
                assert!(text(&reply).contains(expect), "{}", text(&reply));
            }
        }
    }
}

/// Headers that are the model's names in another order go with their columns.
#[test]
fn headers_find_their_columns() {
    let width = 54;
    let model = Model::from_bytes(&covtype_file("model/xgboost-model")).expect("a model");
    let mut names: Vec<String> = model.feature_names().to_vec();
    assert_eq!(names.len(), width);
    names.reverse();
    let rows = covtype_rows();
    let body = rows[0].iter().map(f32::to_string).collect::<Vec<_>>().join(",");
    let shown = |explaining| {
        let stage = Stage { explaining: Some(explaining), ..Stage::new(&covtype().join("model")) };
        let engine = stage.open().expect("it opens");
        let reply = call(&*engine, ("text/csv", body.as_bytes()), "text/csv", None);
        list(&document(&reply)["explanations"]["kernel_shap"][0]).clone()
    };
    let own = shown(PLAIN);
    let mut turned = shown(Explaining { feature_headers: names.leak(), ..PLAIN });
    turned.reverse();
    assert_eq!(own, turned);
    let strange: Vec<String> = (0..width).map(|number| format!("f{number}")).collect();
    let renamed = shown(Explaining { feature_headers: strange.leak(), ..PLAIN });
    for (place, (own, renamed)) in own.iter().zip(&renamed).enumerate() {
        assert_eq!(renamed["feature_header"], format!("f{place}"));
        assert_eq!(renamed["attributions"], own["attributions"]);
    }
}

#[test]
fn explainers_that_do_not_go_with_the_model_are_refused() {
    let step = step();
    let one: Files<'_> = &[("xgboost-model", &step)];
    let two: Files<'_> = &[("xgboost-model-0", &step), ("xgboost-model-1", &step)];
    let headers = Box::leak(Box::new(["a".to_owned(), "b".to_owned()]));
    let against = |rows, content_type| Explaining { baseline: Some((rows, content_type)), ..PLAIN };
    for (files, explaining, expect) in [
        (one, PLAIN, "give a `ShapBaseline` of rows like the model's"),
        (two, AGAINST_ZERO, "there are 2: `xgboost-model-0`, `xgboost-model-1`; keep one of them"),
        (one, against("1,2", "text/csv"), "`ShapBaseline` can't be read as `text/csv`: "),
        (one, against("{", "application/jsonlines"), "can't be read as `application/jsonlines`: "),
        (
            one,
            Explaining { feature_headers: headers, ..AGAINST_ZERO },
            "`FeatureHeaders` has 2 members and the model 1 features; give one for each",
        ),
        (
            one,
            Explaining { feature_types: headers, ..AGAINST_ZERO },
            "`FeatureTypes` has 2 members and the model 1 features; give one for each",
        ),
        (
            one,
            Explaining { enable: Some("[0"), ..AGAINST_ZERO },
            "`EnableExplanations` is `[0`, which is no JMESPath expression: ",
        ),
    ] {
        let message = refused(files, explaining);
        assert!(message.contains(expect), "{message}");
    }
    let directory = artifact(one);
    let stage =
        Stage { image: "object2vec:1", explaining: Some(PLAIN), ..Stage::new(directory.path()) };
    let message = stage.open().expect_err("it is refused").message;
    assert!(message.contains("`ExplainerConfig` is served for tree models"), "{message}");
}

#[test]
fn explained_calls_are_never_for_a_listener_s_thread() {
    let directory = artifact(&[("xgboost-model", &step())]);
    let body = Bytes::from_static(b"1\n");
    let request = Request {
        body: &body,
        content_type: Some("text/csv"),
        accept: None,
        custom_attributes: None,
        enable_explanations: None,
    };
    for (explaining, is_light) in [(None, true), (Some(AGAINST_ZERO), false)] {
        let stage = Stage { explaining, ..Stage::new(directory.path()) };
        assert_eq!(stage.open().expect("it opens").is_light(request), is_light);
    }
}

/// More than one answer may hold is refused with a way out.
#[test]
fn too_many_rows_are_refused() {
    let directory = artifact(&[("xgboost-model", &step())]);
    let stage = Stage { explaining: Some(AGAINST_ZERO), ..Stage::new(directory.path()) };
    let engine = stage.open().expect("it opens");
    let body = b"1\n".repeat((1 << 20) + 1);
    let reply = call(&*engine, ("text/csv", &body), "text/csv", None);
    assert_eq!(reply.status, 413, "{}", text(&reply));
    assert!(text(&reply).contains("more than the 1048576 of this model"), "{}", text(&reply));
    let chosen = call(&*engine, ("text/csv", &body[..2000]), "text/csv", Some("`false`"));
    assert_eq!(document(&chosen)["explanations"], json!({}));
}
