//! Measures a model on this machine: time for one row and rows per second for many.
//!
//! ```text
//! cargo run --release -p trees --example throughput -- MODEL [ROWS]
//! ```
//!
//! Rows are random, on the scale of the model's own thresholds only by chance: pass a file of
//! little-endian `f32` rows as a third argument to measure on real ones, repeated as needed.

use std::{env, fs, hint::black_box, time::Instant};

use trees::{Model, Rows};

const REPEATS: usize = 15;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let path = arguments.first().ok_or("usage: throughput MODEL [ROWS [FILE]]")?;
    let row_count = arguments.get(1).map_or(Ok(100_000), |count| count.parse())?;
    let bytes = fs::read(path)?;
    let start = Instant::now();
    let model = Model::from_bytes(&bytes)?;
    println!("load       {:9.2} ms", start.elapsed().as_secs_f64() * 1e3);
    println!("memory     {:9} KiB for {} trees", model.byte_size() / 1024, model.tree_count());
    let values = match arguments.get(2) {
        Some(file) => repeated(&fs::read(file)?, row_count * model.feature_count()),
        None => random(row_count * model.feature_count()),
    };
    measure(&model, &values);
    Ok(())
}

fn measure(model: &Model, values: &[f32]) {
    let width = model.feature_count();
    let mut out = vec![0.0; values.len() / width * model.prediction_width()];
    for rows in [1, 2, 8, 100, values.len() / width] {
        let (values, out) = (&values[..rows * width], &mut out[..rows * model.prediction_width()]);
        let calls = 20_000_usize.div_ceil(rows);
        let seconds = fastest(|| {
            for _ in 0..calls {
                model.predict(Rows::new(black_box(values), width), black_box(out));
            }
        }) / calls as f64;
        println!(
            "{rows:6} rows {:9.2} µs a call, {:10.0} rows/s",
            seconds * 1e6,
            rows as f64 / seconds
        );
    }
    let alone = fastest(|| {
        for row in values.chunks(width).take(20_000) {
            model.predict(Rows::new(row, width), black_box(&mut out[..model.prediction_width()]));
        }
    });
    println!("each alone  {:8.2} µs", alone * 1e6 / values.chunks(width).take(20_000).len() as f64);
}

fn fastest(mut work: impl FnMut()) -> f64 {
    let seconds = |()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    std::iter::repeat_n((), REPEATS).map(seconds).fold(f64::INFINITY, f64::min)
}

fn repeated(bytes: &[u8], length: usize) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).cycle().take(length).collect()
}

/// A linear congruential generator (Knuth's MMIX), so that runs compare.
fn random(length: usize) -> Vec<f32> {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 4096.0
    };
    (0..length).map(|_| next()).collect()
}
