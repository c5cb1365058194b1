//! Status, type and text of answers, one row per case.

use bytes::Bytes;
use engine_api::{Engine, Request};

use crate::stage::{Stage, ask, call, covtype, covtype_file, text};

fn open() -> (Stage, std::sync::Arc<dyn Engine>) {
    let stage = Stage::new(&covtype().join("model"));
    let engine = stage.open().expect("the example opens");
    (stage, engine)
}

fn one_row() -> Vec<u8> {
    let payload = covtype_file("payload.csv");
    let end = payload.iter().position(|byte| *byte == b'\n').expect("a line");
    payload[..=end].to_vec()
}

#[test]
fn an_empty_body_is_no_content_whatever_its_type() {
    let (stage, engine) = open();
    for content_type in [None, Some("text/csv"), Some("image/png")] {
        let reply = ask(&*engine, content_type, Some("image/png"), b"");
        assert_eq!((reply.status, &*reply.content_type, text(&reply)), (204, "", ""));
    }
    assert_eq!(stage.lines.all().len(), 1, "nothing to report but the loading");
}

#[test]
fn bodies_that_are_refused() {
    let (stage, engine) = open();
    let wide = "1,".repeat(54) + "1\n";
    let cases: &[(Option<&str>, &str, u16, &str)] = &[
        (
            None,
            "1,2",
            415,
            "the body can't be read as `text/libsvm`, which a body without a content type is; say \
             what it is if it is something else: row 1: found `1,2`, expected `index:value`",
        ),
        (Some("text/libsvm"), "1,2", 415, "the body can't be read as `text/libsvm`: row 1: found"),
        (Some("text/libsvm"), "0 55:2", 400, "Unable to evaluate payload provided: row 1: found"),
        (Some("application/x-parquet"), "PAR1", 415, "is for training, not for predictions; send"),
        (Some("application/x-npy"), "1,2", 415, "the body is no NumPy array"),
        (Some("application/x-recordio-protobuf"), "1,2,3\n", 415, "no RecordIO frame"),
        (Some("application/jsonlines"), "[1]\n", 400, "row 1: found 1 values, but the model"),
        (
            Some("image/png"),
            "1",
            415,
            "`image/png` is not accepted; send one of `text/csv`, `csv`, `text/libsvm`, \
             `text/x-libsvm`, `libsvm`, `application/x-recordio-protobuf`, `recordio-protobuf`, ",
        ),
        (Some("text/csv;label_size=2"), "1", 415, "`label_size` of content type `text/csv` is `2`"),
        (Some("text/csv"), "1,2,x", 415, "row 1, column 3: found `x`, expected a number"),
        (
            Some("application/json"),
            "[1,",
            415,
            "the body can't be read as `application/json`: row 1",
        ),
        (
            Some("text/csv"),
            "1,2,3\n",
            400,
            "Unable to evaluate payload provided: row 1: found 3 values, but the model expects 54",
        ),
        (
            Some("text/csv"),
            &wide,
            400,
            "found 55 values, but the model expects 54; leave the label",
        ),
        (
            Some("application/json"),
            r#"{"Elevation":1,"Slope":2}"#,
            400,
            "the model needs `Aspect`, `Horizontal_Distance_To_Hydrology`, \
             `Vertical_Distance_To_Hydrology` and 49 more",
        ),
        (
            Some("application/json"),
            r#"{"Elevation":"high"}"#,
            415,
            "row 1: column `Elevation`: found `high`, expected a number",
        ),
    ];
    for (content_type, body, status, part) in cases {
        let reply = ask(&*engine, *content_type, None, body.as_bytes());
        assert_eq!(reply.status, *status, "{body}: {}", text(&reply));
        assert_eq!(reply.content_type, "text/plain; charset=utf-8");
        assert!(text(&reply).contains(part), "{body}: {}", text(&reply));
        let line = stage.lines.all().pop().expect("a line");
        assert_eq!(line, format!("refused a call with {status}: {}", text(&reply)));
    }
}

#[test]
fn accept_is_looked_at_after_the_body() {
    let (_stage, engine) = open();
    let reply = ask(&*engine, Some("text/csv"), Some("image/png"), &one_row());
    assert_eq!(reply.status, 406);
    assert_eq!(
        text(&reply),
        "accept type `image/png` is not served; \
         ask for one of `text/csv`, `application/json`, `application/jsonlines`, \
         `application/x-recordio-protobuf`, `application/x-npy`"
    );
    assert_eq!(ask(&*engine, Some("text/csv"), Some("image/png"), b"x").status, 415);
}

#[test]
fn a_body_beyond_the_limit_is_too_large_whatever_it_is() {
    let small = Stage::new(&covtype().join("model")).with("MAX_CONTENT_LENGTH", "10");
    let default = Stage::new(&covtype().join("model"));
    for (stage, limit) in [(small, 10), (default, 6_291_456)] {
        let engine = stage.open().expect("the example opens");
        let at_limit = call(&*engine, "image/png", &vec![b'1'; limit]);
        assert_eq!(at_limit.status, 415, "{}", text(&at_limit));
        let beyond = call(&*engine, "image/png", &vec![b'1'; limit + 1]);
        assert_eq!(beyond.status, 413);
        let start = format!("the body has {} bytes, more than {limit}; send fewer", limit + 1);
        assert!(text(&beyond).starts_with(&start), "{}", text(&beyond));
    }
}

#[test]
fn batch_transform_gets_one_list_per_row() {
    let stage = Stage::new(&covtype().join("model")).with("SAGEMAKER_BATCH", "true");
    let engine = stage.open().expect("the example opens");
    let plain = call(&*open().1, "text/csv", &one_row());
    let batch = ask(&*engine, Some("text/csv"), Some("application/json"), &one_row());
    let list = format!("[{}]\n", text(&plain).trim_end().replace(',', ", "));
    assert_eq!(text(&batch), list);
    let refused = ask(&*engine, Some("text/csv"), Some("image/png"), &one_row());
    assert_eq!(refused.status, 406, "a type that isn't known is refused all the same");
}

#[test]
fn the_environment_chooses_the_type_of_answers() {
    let cases = [
        ("SAGEMAKER_BATCH", "false", None, "text/csv; charset=utf-8"),
        ("SAGEMAKER_BATCH", "true", Some("application/json"), "text/csv; charset=utf-8"),
        ("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json", None, "application/json"),
        ("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/x-npy", None, "application/x-npy"),
        (
            "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
            "application/json",
            Some("*/*"),
            "application/json",
        ),
        (
            "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
            "application/json",
            Some("text/csv"),
            "text/csv; charset=utf-8",
        ),
    ];
    for (variable, value, accept, expect) in cases {
        let stage = Stage::new(&covtype().join("model")).with(variable, value);
        let engine = stage.open().expect("the example opens");
        let reply = ask(&*engine, Some("text/csv"), accept, &one_row());
        assert_eq!(reply.content_type, expect, "{variable}={value}, accept {accept:?}");
    }
}

#[test]
fn a_large_call_is_answered_like_many_small_ones() {
    let (_stage, engine) = open();
    let small = call(&*engine, "text/csv", &one_row());
    let large = call(&*engine, "text/csv", &one_row().repeat(3000));
    assert!(is_light(&*engine, "text/csv", &one_row()));
    assert!(!is_light(&*engine, "text/csv", &one_row().repeat(3000)));
    assert_eq!(large.body, small.body.repeat(3000));
    assert_eq!(call(&*engine, "text/csv", &one_row()).body, small.body);
}

/// Of two bodies of one length, the one that can hold more rows is the heavier call.
#[test]
fn a_call_is_as_heavy_as_its_type_allows() {
    let (_stage, engine) = open();
    let body = b"1\n".repeat(4000);
    assert!(is_light(&*engine, "text/csv", &body));
    assert!(!is_light(&*engine, "text/libsvm", &body));
    assert!(is_light(&*engine, "text/libsvm", &body[..400]));
}

fn is_light(engine: &dyn Engine, content_type: &str, body: &[u8]) -> bool {
    engine.is_light(Request {
        body: &Bytes::copy_from_slice(body),
        content_type: Some(content_type),
        accept: None,
        custom_attributes: None,
        enable_explanations: None,
    })
}
