//! Rows in every layout get the answers that the same rows get when they are dense.

use std::{fs, path::PathBuf};

use trees::{Column, Columns, Csr, Input, Model, Rows, Validity, Values};

const WIDTH: usize = 5;
const ROWS: usize = 150;

fn model(path: &str) -> Model {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    Model::from_bytes(&fs::read(folder.join(path)).expect("readable")).expect("a model")
}

/// Values that are the same in `f32`; about a third is not there.
fn cell(place: usize) -> Option<f32> {
    let number = place * 7919 % 1009;
    (!number.is_multiple_of(3)).then_some(number as f32 / 64.0 - 8.0)
}

/// Every answer of a model, to compare bit by bit.
fn answers<'a>(model: &Model, rows: impl Into<Input<'a>>) -> Vec<u64> {
    let rows = rows.into();
    let width = model.prediction_width();
    let mut narrow = vec![0.0; rows.len() * width];
    model.predict(rows, &mut narrow);
    let mut wide = vec![0.0; rows.len() * width];
    model.predict_f64(rows, &mut wide);
    let mut margins = vec![0.0; rows.len() * model.group_count()];
    model.margins_f64(rows, &mut margins);
    let mut leaves = vec![0; rows.len() * model.tree_count()];
    model.leaves(rows, &mut leaves);
    let narrow = narrow.iter().map(|value| u64::from(value.to_bits()));
    let wide = wide.iter().chain(&margins).map(|value| value.to_bits());
    assert_eq!(
        in_parts(model, rows),
        (narrow.clone().collect(), wide.clone().take(rows.len() * width).collect())
    );
    narrow.chain(wide).chain(leaves.iter().map(|leaf| u64::from(*leaf))).collect()
}

/// Predictions in both precisions, of which each part has another thread.
fn in_parts(model: &Model, rows: Input<'_>) -> (Vec<u64>, Vec<u64>) {
    let mut narrow = vec![0.0; rows.len() * model.prediction_width()];
    let mut wide = vec![0.0; narrow.len()];
    std::thread::scope(|scope| {
        for part in model.parts(rows, 3, &mut narrow) {
            scope.spawn(|| part.predict());
        }
        for part in model.parts_f64(rows, 3, &mut wide) {
            scope.spawn(|| part.predict());
        }
    });
    let narrow = narrow.iter().map(|value| u64::from(value.to_bits())).collect();
    (narrow, wide.iter().map(|value| value.to_bits()).collect())
}

fn dense(absent: f32) -> Vec<f32> {
    (0..ROWS * WIDTH).map(|place| cell(place).unwrap_or(absent)).collect()
}

const MODELS: [&str; 4] = [
    "goldens/softprob-3.2.model.json",
    "goldens/gblinear-3.2.model.ubj",
    "lightgbm/multiclass.model.txt",
    "lightgbm/missing-zero.model.txt",
];

#[test]
fn rows_of_both_precisions_are_alike() {
    let narrow = dense(f32::NAN);
    let wide: Vec<f64> = narrow.iter().map(|value| (*value).into()).collect();
    for name in MODELS {
        let model = model(name);
        let expected = answers(&model, Rows::new(&narrow, WIDTH));
        assert_eq!(answers(&model, Rows::new(&wide, WIDTH)), expected, "{name}");
    }
}

#[test]
fn sparse_rows_answer_as_dense_ones() {
    let mut starts = vec![0];
    let (mut features, mut values) = (Vec::new(), Vec::new());
    for row in 0..ROWS {
        for feature in 0..WIDTH {
            if let Some(value) = cell(row * WIDTH + feature) {
                features.push(feature as u32);
                values.push(value);
            }
        }
        starts.push(values.len());
    }
    let sparse = Csr::new(&starts, &features, &values, WIDTH).expect("rows");
    for (name, absent) in MODELS.iter().zip([f32::NAN, f32::NAN, 0.0, 0.0]) {
        let model = model(name);
        let own = answers(&model, Rows::new(&dense(absent), WIDTH));
        assert_eq!(answers(&model, sparse), own, "{name}");
        let told = answers(&model, Rows::new(&dense(2.5), WIDTH));
        assert_eq!(answers(&model, sparse.absent(2.5)), told, "{name}");
    }
}

#[test]
fn columns_answer_as_dense_rows() {
    let column = |feature: usize| -> Vec<f32> {
        (0..ROWS).map(|row| cell(row * WIDTH + feature).unwrap_or(77.0)).collect()
    };
    // Bits that start in the middle of a byte.
    let bits = |feature: usize| -> Vec<u8> {
        let mut bits = vec![0_u8; (ROWS + 3).div_ceil(8)];
        for row in (0..ROWS).filter(|row| cell(row * WIDTH + feature).is_some()) {
            bits[(row + 3) / 8] |= 1 << ((row + 3) % 8);
        }
        bits
    };
    let narrow: Vec<_> = (0..WIDTH).map(column).collect();
    let wide: Vec<f64> = narrow[1].iter().map(|value| (*value).into()).collect();
    let bits: Vec<_> = (0..WIDTH).map(bits).collect();
    let columns: Vec<_> = (0..WIDTH)
        .map(|feature| Column {
            values: if feature == 1 { Values::F64(&wide) } else { Values::F32(&narrow[feature]) },
            validity: Some(Validity { bits: &bits[feature], offset: 3 }),
        })
        .collect();
    let columns = Columns::new(&columns).expect("columns");
    for name in MODELS {
        let model = model(name);
        let expected = answers(&model, Rows::new(&dense(f32::NAN), WIDTH));
        assert_eq!(answers(&model, columns), expected, "{name}");
    }
}

#[test]
fn columns_of_every_type_are_taken() {
    let model = model("goldens/softprob-3.2.model.json");
    let expected =
        answers(&model, Rows::new(&[0.0_f32, 1.0, 1.0, 0.0, 2.0, 1.0, 2.0, 0.0, 3.0, 4.0], 5));
    let bits = Validity { bits: &[0b10], offset: 0 };
    for (second, third) in [
        (Values::I8(&[1, 2]), Values::U8(&[1, 0])),
        (Values::I16(&[1, 2]), Values::U16(&[1, 0])),
        (Values::I32(&[1, 2]), Values::U32(&[1, 0])),
        (Values::I64(&[1, 2]), Values::U64(&[1, 0])),
        (Values::F64(&[1.0, 2.0]), Values::F32(&[1.0, 0.0])),
    ] {
        let columns =
            [Values::Bool(bits, 2), second, third, Values::I64(&[0, 3]), Values::F32(&[2.0, 4.0])];
        let columns = columns.map(|values| Column { values, validity: None });
        assert_eq!(answers(&model, Columns::new(&columns).expect("columns")), expected);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for (starts, features, values, words) in [
        (&[][..], &[][..], &[][..], "do not ascend"),
        (&[0, 2, 1], &[0, 1], &[1.0, 2.0], "do not ascend"),
        (&[0, 3], &[0, 1], &[1.0, 2.0], "do not ascend"),
        (&[0, 2], &[0, 1], &[1.0], "2 features and 1 values"),
        (&[0, 2], &[0, 5], &[1.0, 2.0], "feature 5 of 5"),
    ] {
        let error = Csr::new(starts, features, values, 5).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    let short = Validity { bits: &[0], offset: 6 };
    for columns in [
        vec![],
        vec![
            Column { values: Values::F32(&[1.0]), validity: None },
            Column { values: Values::U8(&[]), validity: None },
        ],
        vec![Column { values: Values::F32(&[1.0; 3]), validity: Some(short) }],
        vec![Column { values: Values::Bool(short, 3), validity: None }],
        vec![Column {
            values: Values::I8(&[1]),
            validity: Some(Validity { bits: &[1], offset: usize::MAX }),
        }],
    ] {
        assert!(Columns::new(&columns).is_err(), "{columns:?}");
    }
}
