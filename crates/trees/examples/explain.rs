//! Measures how fast a model is explained on this machine: time for one row and rows per second for
//! many.
//!
//! ```text
//! cargo run --release -p trees --example explain -- MODEL [ROWS [FILE]]
//! ```
//!
//! Rows are random, or those of a file of little-endian `f32`, repeated as needed.

use std::{env, fs, hint::black_box, time::Instant};

use trees::{Explainer, Rows};

const REPEATS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let path = arguments.first().ok_or("usage: explain MODEL [ROWS [FILE]]")?;
    let row_count = arguments.get(1).map_or(Ok(1000), |count| count.parse::<usize>())?;
    let bytes = fs::read(path)?;
    let start = Instant::now();
    let explainer = Explainer::from_bytes(&bytes)?;
    println!("load        {:9.2} ms", start.elapsed().as_secs_f64() * 1e3);
    println!("memory      {:9} KiB", explainer.byte_size() / 1024);
    let width = explainer.feature_count();
    let values: Vec<f64> = match arguments.get(2) {
        Some(file) => {
            let words = fs::read(file)?;
            let values = words.as_chunks().0.iter().map(|word| f32::from_le_bytes(*word).into());
            values.collect::<Vec<_>>().into_iter().cycle().take(row_count * width).collect()
        }
        None => (0..row_count * width).map(|i| (i * 7919 % 1009) as f64 / 101.0 - 5.0).collect(),
    };
    for rows in [1, 8, 32, row_count] {
        measure(&explainer, Rows::new(&values[..rows * width], width));
    }
    Ok(())
}

fn measure(explainer: &Explainer, rows: Rows<'_, f64>) {
    let mut out = vec![0.0; rows.len() * explainer.width()];
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        let start = Instant::now();
        explainer.contributions(black_box(rows), black_box(&mut out));
        best = best.min(start.elapsed().as_secs_f64());
    }
    let (count, micros) = (rows.len(), best * 1e6);
    println!("{count:6} rows {micros:11.1} µs a call, {:10.0} rows/s", count as f64 / best);
}
