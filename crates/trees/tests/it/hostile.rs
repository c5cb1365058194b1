//! Bytes that are no model, and models that were damaged: always an error or a model that answers,
//! never a panic, never more time or memory than the bytes warrant.

use std::{fs, path::Path};

use proptest::prelude::*;
use trees::{ErrorKind, Explainer, Model, Rows};

const SMALL: [&str; 20] = [
    "squaredlogerror-2.1.model.ubj",
    "squarederror-3.2.model.json",
    "binary-logistic-base-3.2.model.ubj",
    "poisson-1.0.model.json",
    "categories-3.2.model.json",
    "multi-output-tree-3.2.model.ubj",
    "dart-2.1.model.ubj",
    "legacy-dart-2.1.model.bin",
    "legacy-gblinear-1.6.model.bin",
    "wrapper-2.1.model.pkl",
    "../lightgbm/categories.model.txt",
    "../lightgbm/binary.model.txt",
    "../lightgbm/linear.model.txt",
    "../labels/xgboost-1.5-texts.model.json",
    "../labels/xgboost-0.90-texts.model.pkl",
    "../labels/lightgbm-4.7-texts.model.pkl",
    "../others/catboost-categories.model.json",
    "../others/catboost-lossguide-classes.model.json",
    "../others/sklearn-1.9-histogram-categories.model.json",
    "../others/sklearn-1.9-tree-classifier.model.json",
];

/// Prime, so that it falls in step with no repetition in a model.
const LENGTHS_STEP: usize = 7;

fn small(number: usize) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/goldens");
    let name = SMALL[number % SMALL.len()];
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Whatever was read must answer.
fn read_and_answer(bytes: &[u8]) {
    match Model::from_bytes(bytes) {
        Ok(model) => {
            let mut out = vec![0.0; model.prediction_width()];
            let row = vec![f32::NAN; model.feature_count()];
            model.predict(Rows::new(&row, row.len()), &mut out);
            explain(bytes, &row);
        }
        Err(error) => {
            assert!(error.offset().is_some_and(|at| at <= bytes.len()), "{error}");
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Whatever can be explained must be.
fn explain(bytes: &[u8], row: &[f32]) {
    if let Ok(explainer) = Explainer::from_bytes(bytes) {
        let mut out = vec![0.0; explainer.width()];
        explainer.contributions(Rows::new(row, row.len()), &mut out);
    }
}

/// What a model answers to rows of zeros and of missing values.
fn answers(model: &Model) -> Vec<f32> {
    let rows = [vec![0.0; model.feature_count()], vec![f32::NAN; model.feature_count()]].concat();
    let mut out = vec![0.0; 2 * model.prediction_width()];
    model.predict(Rows::new(&rows, model.feature_count()), &mut out);
    out
}

/// These formats end in attributes and parameters that change no answer.
fn may_be_cut(name: &str) -> bool {
    name.contains("legacy") || name.contains("lightgbm")
}

#[test]
fn a_truncated_model_is_refused_wherever_it_ends() {
    for (number, name) in SMALL.iter().enumerate() {
        let whole = small(number);
        let expected = answers(&Model::from_bytes(&whole).expect(name));
        for length in (0..whole.len()).step_by(LENGTHS_STEP) {
            match Model::from_bytes(&whole[..length]) {
                Err(error) => assert!(error.offset().is_some_and(|at| at <= length), "{error}"),
                Ok(model) => {
                    assert!(may_be_cut(name), "{name} of {length}");
                    assert_eq!(answers(&model), expected);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn flipped_bits_do_no_harm(
        number in 0..SMALL.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..5),
    ) {
        let mut bytes = small(number);
        for (place, bit) in flips {
            *place.get_mut(&mut bytes) ^= 1 << bit;
        }
        read_and_answer(&bytes);
    }

    #[test]
    fn spliced_bytes_do_no_harm(
        number in 0..SMALL.len(),
        place in any::<prop::sample::Index>(),
        removed in 0..64_usize,
        inserted in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut bytes = small(number);
        let start = place.index(bytes.len());
        let end = bytes.len().min(start + removed);
        bytes.splice(start..end, inserted);
        read_and_answer(&bytes);
    }

    #[test]
    fn any_bytes_do_no_harm(tail in prop::collection::vec(any::<u8>(), 0..256), json: bool) {
        let mut bytes = if json { b"{\"learner\":".to_vec() } else { b"{i\x07learner".to_vec() };
        bytes.extend(tail);
        read_and_answer(&bytes);
    }
}

#[test]
fn other_files_are_recognised() {
    for (bytes, kind, words) in [
        (&b""[..], ErrorKind::Malformed, "the model is empty"),
        (b"binf\0\0\0\0", ErrorKind::Malformed, "the model ends too early, at byte 8"),
        (b"\0\0\0\x3f\x04\0\0\0", ErrorKind::Malformed, "no model of a known format"),
        (b"CONFIG-offset:\x09\0\0\0\0\0\0\0{}", ErrorKind::Malformed, "ends too early"),
        (b"\x80\x04\x95", ErrorKind::Malformed, "the pickle ends too early"),
        (b"\x80\x04N.", ErrorKind::Unsupported, "no `Booster` of XGBoost or LightGBM"),
        (b"\x80\x02R.", ErrorKind::Malformed, "takes more than it put on its stack"),
        (b"\x80\x02h\x07.", ErrorKind::Malformed, "no memo 7"),
        (b"\x80\x02\x82\x01.", ErrorKind::Unsupported, "opcode 0x82"),
        (b"\x80\x04}\x8c\x06handleC\x02{}s.", ErrorKind::Malformed, "the pickled model: "),
        (b"\x1f\x8b\x08", ErrorKind::Unsupported, "gzip"),
        (b"<html>", ErrorKind::Malformed, "neither JSON nor UBJSON"),
        (b"{}", ErrorKind::Malformed, "it has no `learner`"),
        (b"{\"learner\":{}} x", ErrorKind::Malformed, "something follows the model, at byte 15"),
        (b"{i\x01aZ}Z", ErrorKind::Malformed, "it has no `learner`"),
    ] {
        let error = Model::from_bytes(bytes).expect_err(words);
        assert!(error.to_string().contains(words), "`{error}` does not say `{words}`");
        assert_eq!(error.kind(), kind);
    }
}

/// A chain: every split's left child is a leaf, its right child the next split.
#[test]
fn a_tree_as_deep_as_it_is_large_is_walked() {
    const SPLITS: usize = 20_000;
    let list = |of: &dyn Fn(usize) -> i64| {
        (0..=2 * SPLITS).map(|node| of(node).to_string()).collect::<Vec<_>>().join(",")
    };
    let is_split = |node: usize| node.is_multiple_of(2) && node < 2 * SPLITS;
    let child = |step: usize| move |node| if is_split(node) { (node + step) as i64 } else { -1 };
    let zeros = list(&|_| 0);
    let model = format!(
        r#"{{"learner":{{"gradient_booster":{{"name":"gbtree","model":{{"tree_info":[0],"trees":[{{
        "left_children":[{}],"right_children":[{}],"split_conditions":[{}],
        "split_indices":[{zeros}],"default_left":[{zeros}]}}]}}}},
        "learner_model_param":{{"base_score":"0","num_feature":"1"}},
        "objective":{{"name":"reg:squarederror"}}}}}}"#,
        list(&child(1)),
        list(&child(2)),
        list(&|node| node as i64),
    );
    let model = Model::from_bytes(model.as_bytes()).expect("a model");
    let mut out = vec![0.0; 3];
    model.predict(Rows::new(&[-1.0, 11.0, f32::NAN], 1), &mut out);
    assert_eq!(out, [1.0, 13.0, 2.0 * SPLITS as f32]);
}
