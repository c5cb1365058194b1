//! Which artifacts, images and environments are opened, and what is said about the others.

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::stage::{Stage, covtype, covtype_file};

/// Names and contents of files.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// A directory with these files.
fn artifact(files: Files<'_>) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, bytes) in files {
        put(&directory.path().join(name), bytes);
    }
    directory
}

#[expect(clippy::disallowed_methods, reason = "a test's artifact need not be durable")]
fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a file in a directory")).expect("a directory");
    fs::write(path, bytes).expect("a file");
}

#[test]
fn the_model_file_is_found_among_others() {
    let model = covtype_file("model/xgboost-model");
    let cases: &[Files<'_>] = &[
        &[("xgboost-model", &model)],
        &[("forest.ubj", &model), (".hidden", b"x"), ("code/inference.py", b"x")],
        &[("a-readme.txt", b"x"), ("xgboost-model", &model), ("xgboost-model.json", b"x")],
        &[("a-readme.txt", b"x"), ("xgboost-model.ubj", &model)],
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
fn artifacts_that_are_refused() {
    let model = covtype_file("model/xgboost-model");
    let cases: &[(Files<'_>, &str)] = &[
        (&[], "holds no model file at its top level; put `xgboost-model` into the root"),
        (&[(".hidden", &model), ("model/xgboost-model", &model)], "holds no model file"),
        (&[("a", &model), ("b", &model)], "several model files (`a`, `b`)"),
        (
            &[("xgboost-model.json", &model), ("xgboost-model.ubj", &model), ("z", b"x")],
            "several model files (`xgboost-model.json`, `xgboost-model.ubj`)",
        ),
        (&[("xgboost-model", b"")], "model file `xgboost-model` is empty"),
        (
            &[("xgboost-model", b"\x80\x03cxgboost.core\nBooster\n")],
            "model file `xgboost-model` is not a model that clary reads: \
             looks like a Python pickle, which is not supported; save the booster with `save_model`",
        ),
        (&[("xgboost-model", b"binf\0\0\0\x3f")], "legacy binary format"),
        (&[("xgboost-model", b"hello")], "neither JSON nor UBJSON"),
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
        ("SAGEMAKER_INFERENCE_OUTPUT", "predicted_label", "selects what an answer holds"),
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
