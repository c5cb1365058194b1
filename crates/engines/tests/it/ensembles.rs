//! Several model files that answer as one.

use crate::{
    models::{Files, artifact, stumps},
    stage::{Stage, call, text},
};

/// The answer to the rows 0 and 1.
fn answer(files: Files<'_>, ensemble: &str) -> String {
    let directory = artifact(files);
    let stage = Stage::new(directory.path()).with("SAGEMAKER_INFERENCE_ENSEMBLE", ensemble);
    let engine = stage.open().unwrap_or_else(|error| panic!("{}", error.message));
    let reply = call(&*engine, "text/csv", b"0\n1\n");
    assert_eq!(reply.status, 200, "{}", text(&reply));
    text(&reply).to_owned()
}

#[test]
fn scores_and_probabilities_are_averaged() {
    let one = stumps("reg:squarederror", &[[1.0, 2.0]]);
    let two = stumps("reg:squarederror", &[[2.0, -4.0]]);
    let three = stumps("reg:squarederror", &[[6.0, 0.5]]);
    let files: Files<'_> = &[("a", &one), ("b", &two), ("c", &three)];
    assert_eq!(answer(files, ""), "3.0\n-0.5\n");
    assert_eq!(answer(files, "true"), "3.0\n-0.5\n");
    assert_eq!(answer(files, "false"), "1.0\n2.0\n");
    let named: Files<'_> = &[("a", &one), ("xgboost-model", &two)];
    assert_eq!(answer(named, ""), "1.5\n-1.0\n");
    assert_eq!(answer(named, "false"), "2.0\n-4.0\n", "the file that is named like a model");

    let even = stumps("multi:softprob", &[[0.0, 0.0], [0.0, 0.0]]);
    let sure = stumps("multi:softprob", &[[90.0, 0.0], [0.0, 90.0]]);
    let files: Files<'_> = &[("xgboost-model-0", &even), ("xgboost-model-1", &sure)];
    assert_eq!(answer(files, ""), "0.75,0.25\n0.25,0.75\n");
}

#[test]
fn classes_are_voted_for() {
    let class = |low: usize, high: usize| {
        let mut leaves = [[0.0; 2]; 3];
        leaves[low][0] = 1.0;
        leaves[high][1] = 1.0;
        stumps("multi:softmax", &leaves)
    };
    let models = [class(2, 2), class(1, 1), class(2, 0)];
    let files: Files<'_> = &[("a", &models[0]), ("b", &models[1]), ("c", &models[2])];
    // The mean of the labels would be 1.67 and 1; where all differ, the smallest class wins.
    assert_eq!(answer(files, ""), "2.0\n0.0\n");

    let hinge = |low, high| stumps("binary:hinge", &[[low, high]]);
    let models = [hinge(-1.0, 1.0), hinge(-1.0, 1.0), hinge(1.0, -1.0)];
    let files: Files<'_> = &[("a", &models[0]), ("b", &models[1]), ("c", &models[2])];
    assert_eq!(answer(files, ""), "0.0\n1.0\n");
}

#[test]
fn selected_content_is_that_of_the_ensemble() {
    let models = [[-8.0, 8.0], [-8.0, 8.0]].map(|leaves| stumps("binary:logitraw", &[leaves]));
    let third = stumps("binary:logitraw", &[[1.0, -100.0]]);
    let directory = artifact(&[("a", &models[0]), ("b", &models[1]), ("c", &third)]);
    let stage = Stage::new(directory.path())
        .with("SAGEMAKER_INFERENCE_OUTPUT", "predicted_label,raw_score");
    let engine = stage.open().expect("opens");
    assert_eq!(text(&call(&*engine, "text/csv", b"0\n1\n")), "0,-5.0\n0,-28.0");
}

#[test]
fn many_rows_are_answered_like_few() {
    let one = stumps("reg:squarederror", &[[1.0, 2.0]]);
    let two = stumps("reg:squarederror", &[[2.0, -4.0]]);
    let directory = artifact(&[("a", &one), ("b", &two)]);
    let engine = Stage::new(directory.path()).open().expect("opens");
    let reply = call(&*engine, "text/libsvm", &b"1:0\n1:1\n".repeat(40_000));
    assert_eq!(text(&reply), "1.5\n-1.0\n".repeat(40_000));
}

#[test]
fn models_that_do_not_go_together_are_refused() {
    let one = stumps("reg:squarederror", &[[1.0, 2.0]]);
    let other_task = stumps("binary:logistic", &[[1.0, 2.0]]);
    let text = |model: &[u8]| String::from_utf8(model.to_vec()).expect("JSON");
    let renamed = text(&one).replace("[\"x\"]", "[\"y\"]").into_bytes();
    let unnamed = text(&one).replace("[\"x\"]", "[]").into_bytes();
    let wider = text(&unnamed).replace("\"num_feature\":\"1\"", "\"num_feature\":\"2\"");
    let classes = |count| stumps("multi:softprob", &vec![[0.0, 1.0]; count]);
    for (first, second, part) in [
        (&one, &other_task, "their objectives are `reg:squarederror` and `binary:logistic`"),
        (&one, &renamed, "their features have different names"),
        (&one, &wider.into_bytes(), "they have 1 and 2 features"),
        (&classes(2), &classes(3), "they have 2 and 3 classes"),
    ] {
        let directory = artifact(&[("a", first), ("b", second)]);
        let error = Stage::new(directory.path()).open().expect_err(part);
        let start = "model files `a` and `b` can't answer together: ";
        assert!(error.message.starts_with(start), "{}", error.message);
        assert!(error.message.contains(part), "{}\nlacks {part}", error.message);
    }
    let directory = artifact(&[("a", &unnamed), ("b", &one)]);
    let engine = Stage::new(directory.path()).open().expect("one of them knows the names");
    assert_eq!(call(&*engine, "application/json", br#"{"x":1}"#).status, 200);
}
