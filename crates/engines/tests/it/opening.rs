//! Which artifacts, images and environments are opened, and what is said about the others.

use std::path::Path;

use engines::Factory;

use crate::{
    models::{Files, artifact},
    stage::{IMAGE, Stage, covtype, covtype_file},
};

#[test]
fn the_model_file_is_found_among_others() {
    let model = covtype_file("model/xgboost-model");
    let cases: &[Files<'_>] = &[
        &[("xgboost-model", &model)],
        &[("forest.ubj", &model), (".hidden", b"x"), ("code/inference.py", b"x")],
        &[("a-readme.txt", b"x"), ("xgboost-model", &model), ("z", b"")],
        &[("a-readme.txt", b"x"), ("xgboost-model.ubj", &model)],
        &[("xgboost-model-0", &model), ("xgboost-model-1", &model), ("folds.csv", b"1,2\n")],
    ];
    for files in cases {
        let directory = artifact(files);
        let stage = Stage::new(directory.path());
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        stage.open().unwrap_or_else(|error| panic!("{names:?}: {}", error.message));
    }
}

#[test]
fn loading_is_logged_in_one_line() {
    let stage = Stage::new(&covtype().join("model"));
    stage.open().expect("the example opens");
    let lines = stage.lines.all();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    let start = "loaded xgboost-model: 350 trees, 54 features, multi:softprob, 7 classes, ";
    assert!(line.starts_with(start) && line.contains(" MB in ") && line.ends_with(" ms"), "{line}");
}

#[test]
fn files_that_are_passed_over_are_logged() {
    let model = covtype_file("model/xgboost-model");
    let directory = artifact(&[("xgboost-model", &model), ("notes", b"hello")]);
    let stage = Stage::new(directory.path());
    stage.open().expect("the model is there");
    let lines = stage.lines.all();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let start = "passed over a file beside the model: model file `notes` is not a model";
    assert!(lines[1].starts_with(start), "{lines:?}");
}

#[test]
fn a_model_that_is_open_is_not_read_again() {
    let factory = Factory::new();
    let examples = covtype().join("..");
    for (image, example) in [(IMAGE, "covtype"), ("registry/object2vec:1", "movie-ratings")] {
        let opened_twice: Vec<_> = (0..2)
            .map(|_| {
                let stage = Stage { image, ..Stage::new(&examples.join(example).join("model")) };
                let engine = stage.open_by(&factory).expect("the example opens");
                (engine, stage.lines.all().concat())
            })
            .collect();
        let said: Vec<_> = opened_twice.iter().map(|(_, line)| line.as_str()).collect();
        assert!(said[0].ends_with(" ms"), "{said:?}");
        assert!(said[1].ends_with(", which was open already"), "{said:?}");
    }
}

#[test]
fn an_ensemble_is_logged_as_such() {
    let model = covtype_file("model/xgboost-model");
    let directory = artifact(&[("a", &model), ("b", &model)]);
    let stage = Stage::new(directory.path());
    stage.open().expect("two models");
    let lines = stage.lines.all();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("loaded a: ") && lines[1].starts_with("loaded b: "), "{lines:?}");
    assert_eq!(lines[2], "2 model files answer as one ensemble");
}

#[test]
fn artifacts_that_are_refused() {
    let model = covtype_file("model/xgboost-model");
    let cases: &[(Files<'_>, &str)] = &[
        (&[], "holds no model file at its top level; put `xgboost-model` into the root"),
        (&[(".hidden", &model), ("model/xgboost-model", &model)], "holds no model file"),
        (&[("a", &model), ("b", b"x")], "model file `b` is not a model that clary reads: "),
        (
            &[("xgboost-model", &model), ("xgboost-model-1", &model[..9])],
            "model file `xgboost-model-1` is not a model that clary reads: ",
        ),
        (&[("xgboost-model", b"")], "model file `xgboost-model` is empty"),
        (
            &[("xgboost-model", b"hello")],
            "model file `xgboost-model` is not a model that clary reads: ",
        ),
        (&[("xgboost-model", b"\x80\x03cxgboost.core\nBooster\n")], "is not a model that clary"),
        (&[("xgboost-model", b"binf\0\0\0\x3f")], "is not a model that clary reads: "),
        (&[("xgboost-model", &model[..model.len() / 2])], "is not a model that clary reads: "),
    ];
    for (files, part) in cases {
        let directory = artifact(files);
        let error = Stage::new(directory.path()).open().expect_err(part);
        assert!(error.message.contains(part), "{}\nlacks {part}", error.message);
    }
}

#[test]
fn a_directory_that_is_not_there_is_named_as_such() {
    let error = Stage::new(Path::new("/no/such/artifact")).open().expect_err("nothing there");
    assert!(
        error.message.starts_with("the model's directory can't be read: "),
        "{}",
        error.message
    );
}

#[test]
fn other_images_are_refused_by_name() {
    let mut stage = Stage::new(&covtype().join("model"));
    stage.image = "registry/sagemaker-scikit-learn:1.2-1";
    let error = stage.open().expect_err("not served");
    assert!(
        error.message.starts_with("image `registry/sagemaker-scikit-learn:1.2-1` is not served: "),
        "{}",
        error.message
    );
    assert!(error.message.contains("sagemaker-xgboost"), "{}", error.message);
}

#[test]
fn settings_that_are_not_served_are_refused_by_name() {
    for (variable, value, part) in [
        ("SAGEMAKER_PROGRAM", "inference.py", "scripts are not served yet"),
        ("SAGEMAKER_MULTI_MODEL", "true", "many models"),
        ("MAX_CONTENT_LENGTH", "6MB", "use a number of bytes"),
        ("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "image/png", "use one of `text/csv`"),
    ] {
        let stage = Stage::new(&covtype().join("model")).with(variable, value);
        let error = stage.open().expect_err(variable);
        let named = error.message.contains(&format!("`{variable}`"));
        assert!(named && error.message.contains(part), "{}", error.message);
        let stage = Stage::new(&covtype().join("model")).with(variable, "");
        stage.open().expect("an empty variable is as good as none");
    }
}
