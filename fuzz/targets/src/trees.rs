//! Models: whatever a file says, it is refused at a place of it, or it answers and explains alike on
//! every path.
//!
//! The reader is found out from the bytes, so the targets differ in their seeds, and in the first
//! bytes without which another reader would be tried.

use trees::{Error, Explainer, Format, Model, Rows, Shape};

/// A row alone, the rest of a tile, whole tiles, and more than the widest kernels take at once.
const ROW_COUNTS: [usize; 4] = [1, 7, 32, 133];
/// No more numbers go in or come out: an input is to be judged in milliseconds.
const VALUES_MAX: usize = 1 << 16;
/// So much memory a loaded model may take beside what its bytes warrant.
const MEMORY_MIN: usize = 1 << 20;
/// So many bytes of a model may stand behind one byte of its file: a node of a few characters is
/// kept in several layouts, and a shallow tree is filled up.
const MEMORY_GROWTH_MAX: usize = 256;

/// CatBoost's JSON.
pub fn catboost_json(bytes: &[u8]) {
    check_if(bytes, b"{");
}

/// JSON exported from scikit-learn.
pub fn exported_json(bytes: &[u8]) {
    check_if(bytes, b"{");
}

/// Pickles of LightGBM's boosters and scikit-learn classes.
pub fn lightgbm_pickle(bytes: &[u8]) {
    check_if(bytes, b"\x80");
}

/// LightGBM's text.
pub fn lightgbm_text(bytes: &[u8]) {
    check_if(bytes, b"tree");
}

/// Pickles of XGBoost's boosters and scikit-learn classes.
pub fn pickle(bytes: &[u8]) {
    check_if(bytes, b"\x80");
}

/// XGBoost's binary format of before 2.2.
pub fn xgboost_binary(bytes: &[u8]) {
    check(bytes);
}

/// XGBoost's JSON.
pub fn xgboost_json(bytes: &[u8]) {
    check_if(bytes, b"{");
}

/// XGBoost's UBJSON.
pub fn xgboost_ubjson(bytes: &[u8]) {
    check_if(bytes, b"{");
}

/// No message is longer, whatever it quotes.
const MESSAGE_MAX: usize = 400;

fn check_if(bytes: &[u8], start: &[u8]) {
    if bytes.starts_with(start) {
        check(bytes);
    }
}

fn check(bytes: &[u8]) {
    let models = match Model::on_every_instruction_set(bytes) {
        Ok(models) => models,
        Err(error) => return check_refusal(bytes, &error),
    };
    let portable = &models[0];
    let widest = portable.group_count().max(portable.tree_count());
    let per_row = portable.feature_count().max(widest);
    for model in &models {
        let most = MEMORY_MIN + MEMORY_GROWTH_MAX * bytes.len();
        assert!(model.byte_size() <= most, "{} bytes from {}", model.byte_size(), bytes.len());
    }
    for count in ROW_COUNTS.into_iter().filter(|count| count * per_row <= VALUES_MAX) {
        let values = values(bytes, count * portable.feature_count());
        let rows = Rows::new(&values, portable.feature_count());
        let expected = Answers::of(portable, rows);
        for model in &models[1..] {
            assert!(Answers::of(model, rows) == expected, "{model:?} for {count} rows");
        }
        check_alone(portable, rows, &expected);
    }
    check_importance(bytes);
    check_explanations(bytes, portable);
}

/// What features came to takes memory for those that are used, however many there are.
fn check_importance(bytes: &[u8]) {
    match trees::importance(bytes) {
        Ok(features) => assert!(features.len() <= bytes.len(), "{} features", features.len()),
        Err(error) => assert!(error.offset().is_some_and(|at| at <= bytes.len()), "{error}"),
    }
}

/// An error has a place, and it is in the file.
fn check_refusal(bytes: &[u8], error: &Error) {
    assert!(error.offset().is_some_and(|at| at <= bytes.len()), "{error}");
    assert!(!error.to_string().is_empty(), "an error says something");
    assert!(error.to_string().len() <= MESSAGE_MAX, "an error does not repeat the file");
    assert!(Explainer::from_bytes(bytes).is_err(), "what is no model explains nothing");
}

/// All that a model says of some rows, as bits.
#[derive(Debug, PartialEq)]
struct Answers {
    margins: Vec<u64>,
    predictions: Vec<u64>,
    leaves: Vec<u32>,
}

impl Answers {
    fn of(model: &Model, rows: Rows<'_, f64>) -> Self {
        let mut margins = vec![0.0; rows.len() * model.group_count()];
        model.margins_f64(rows, &mut margins);
        let mut predictions = vec![0.0; rows.len() * model.prediction_width()];
        model.predict_f64(rows, &mut predictions);
        let mut leaves = vec![0; rows.len() * model.tree_count()];
        model.leaves(rows, &mut leaves);
        Self { margins: bits(&margins), predictions: bits(&predictions), leaves }
    }
}

/// What is no number is so in many bits, of which none is more right than another.
fn bits(values: &[f64]) -> Vec<u64> {
    let canonical = |value: &f64| if value.is_nan() { f64::NAN } else { *value };
    values.iter().map(|value| canonical(value).to_bits()).collect()
}

/// A row gets alone what it gets among others.
fn check_alone(model: &Model, rows: Rows<'_, f64>, together: &Answers) {
    let width = model.group_count();
    let Some((row, margins)) = rows.iter().zip(together.margins.chunks(width)).next_back() else {
        return;
    };
    let mut alone = vec![0.0; width];
    model.margins_f64(Rows::new(row, row.len()), &mut alone);
    assert_eq!(bits(&alone), margins, "the last row alone");
}

/// Contributions sum to the margin, up to the rounding of sums of the model's greatest leaf, from
/// either start.
fn check_explanations(bytes: &[u8], model: &Model) {
    let shape = trees::shape(bytes).expect("what is a model has a shape");
    let Some(leaf) = greatest_leaf(&shape).filter(|_| model.feature_count() <= VALUES_MAX) else {
        return;
    };
    let scale = Scale { leaves: leaf * shape.leaves as f64, rounding: rounding(shape.format) };
    let values = values(bytes, 5 * model.feature_count());
    let (background, rows) = values.split_at(2 * model.feature_count());
    let background = Rows::new(background, model.feature_count());
    let rows = Rows::new(rows, model.feature_count());
    for explainer in [Explainer::from_bytes(bytes), Explainer::against(bytes, background)] {
        if let Ok(explainer) = explainer.as_ref()
            && explainer.width() <= VALUES_MAX
            && explainer.expected().iter().all(|expected| expected.is_finite())
        {
            check_sums(model, explainer, rows, &scale);
            check_interactions(explainer, rows, &scale);
        }
    }
}

/// Where the interactions of a row are no more than a few numbers, they sum to its contributions.
fn check_interactions(explainer: &Explainer, rows: Rows<'_, f64>, scale: &Scale) {
    if explainer.interaction_width() * rows.len() > VALUES_MAX {
        return;
    }
    let mut matrices = vec![0.0; rows.len() * explainer.interaction_width()];
    if explainer.interactions(rows, &mut matrices).is_err() {
        return;
    }
    let mut contributions = vec![0.0; rows.len() * explainer.width()];
    explainer.contributions(rows, &mut contributions);
    let sides = matrices.chunks(explainer.feature_count() + 1);
    for (values, contribution) in sides.zip(&contributions) {
        let sum: f64 = values.iter().sum();
        let parts: f64 = values.iter().map(|value| value.abs()).sum();
        let most = 1e-9 * (parts + scale.leaves);
        let differs = (sum - contribution).abs() > most;
        assert!(!differs, "{sum}, not {contribution}, by more than {most}");
    }
}

/// How great the terms of a sum may be, and what part of them rounding may take.
struct Scale {
    leaves: f64,
    rounding: f64,
}

fn check_sums(model: &Model, explainer: &Explainer, rows: Rows<'_, f64>, scale: &Scale) {
    let mut margins = vec![0.0; rows.len() * model.group_count()];
    model.margins_f64(rows, &mut margins);
    let mut contributions = vec![0.0; rows.len() * explainer.width()];
    explainer.contributions(rows, &mut contributions);
    let groups = contributions.chunks(explainer.feature_count() + 1).zip(&margins);
    for (values, margin) in groups.filter(|(_, margin)| margin.is_finite()) {
        let sum: f64 = values.iter().sum();
        let parts: f64 = values.iter().map(|value| value.abs()).sum();
        let most = scale.rounding * (parts + scale.leaves);
        assert!((sum - margin).abs() <= most, "{sum}, not {margin}, by more than {most}");
    }
}

/// What sums may lose of their greatest part: models of some formats compute in `f32`.
fn rounding(format: Format) -> f64 {
    match format {
        Format::LightgbmText | Format::CatboostJson | Format::SklearnJson => 1e-9,
        _ => 1e-5,
    }
}

/// The greatest value of a leaf, without its sign; nothing where sums of such may have no end.
fn greatest_leaf(shape: &Shape) -> Option<f64> {
    let (least, greatest) = shape.leaf_values.unwrap_or_default();
    let leaf = greatest.max(-least);
    (leaf < 1e30).then_some(leaf)
}

/// Numbers that depend on the bytes alone: those that readers and kernels treat in ways of their own,
/// small ones, and some that are no category, from a generator of Marsaglia's.
fn values(bytes: &[u8], count: usize) -> Vec<f64> {
    const SPECIAL: [f64; 16] = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        1e-36,
        -1e-36,
        0.5,
        1.0,
        -1.0,
        1.5,
        31.0,
        32.0,
        4.5e9,
        1e300,
        -1e300,
    ];
    let mix = |state: u64, byte: &u8| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let mut state = bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match (state >> 33) % 4 {
            0 => SPECIAL[(state >> 40) as usize % SPECIAL.len()],
            1 => ((state >> 40) % 16) as f64 - 4.0,
            _ => ((state >> 40) % 4096) as f64 / 512.0 - 4.0,
        }
    };
    (0..count).map(|_| next()).collect()
}
