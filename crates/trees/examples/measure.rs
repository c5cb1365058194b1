//! What `cargo xtask bench trees` asks of this crate: the counterpart of `bench/peers/trees.py`.
//!
//! ```text
//! measure MODEL DIRECTORY FILE [ISA | load | threads]
//! ```
//!
//! Answers all rows of DIRECTORY and writes the answers there, for the others to compare theirs with.
//! Then each line on stdin names a measurement, which is made and answered with a line. With `load`
//! it prints seconds and bytes instead, and with `threads` rows per second with one thread and two.

#![expect(
    clippy::disallowed_methods,
    reason = "a tool that measures; nothing it writes has to last"
)]

use std::{
    env,
    error::Error,
    fs,
    hint::black_box,
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use trees::{Column, Columns, Csr, Explainer, Input, Isa, Model, Rows, Values};

const ROWS_ALONE: usize = 500;
const ROWS_EXPLAINED: usize = 500;
/// A measurement repeats its work for about so long, and keeps the best lap.
const LAPS: Duration = Duration::from_millis(150);
/// How often one thread and two take turns.
const TURNS: usize = 9;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [name, directory, path, rest @ ..] = &arguments[..] else {
        return Err("usage: measure MODEL DIRECTORY FILE [ISA | load | threads]".into());
    };
    let directory = PathBuf::from(directory);
    let rows = directory.join(if name == "covtype" { "covtype.f32" } else { "narrow.f32" });
    if rest.iter().any(|word| word == "load") {
        return load(path);
    }
    let rows = floats(&fs::read(rows)?);
    let bytes = fs::read(path)?;
    let wanted = rest.iter().find(|word| *word != "threads");
    let isa =
        Isa::available().into_iter().rfind(|isa| wanted.is_none_or(|w| isa.to_string() == *w));
    let model =
        Model::from_bytes_on(&bytes, isa.ok_or("this processor has no such instructions")?)?;
    let subject = Subject::new(&bytes, model, &rows);
    if rest.iter().any(|word| word == "threads") {
        subject.threads();
        return Ok(());
    }
    subject.write_answers(&directory, name)?;
    println!("ready {}", env!("CARGO_PKG_VERSION"));
    for line in io::stdin().lines() {
        match subject.measure(&line?)? {
            Some(figure) => println!("{figure:?}"),
            None => println!("none"),
        }
    }
    Ok(())
}

/// Seconds from the file to a model, and by how many bytes the process has grown after the first
/// prediction, and had grown at most.
///
/// Nothing large is read before: once glibc has given back a large block, it keeps smaller ones, and
/// what a model's file took would count as memory of the model.
fn load(path: &str) -> Result<()> {
    // Writing 5 sets the peak to what there is now.
    fs::write("/proc/self/clear_refs", "5")?;
    let before = status("VmRSS")?;
    let start = Instant::now();
    let model = Model::from_bytes(&fs::read(path)?)?;
    let seconds = start.elapsed().as_secs_f64();
    let mut out = vec![0.0; model.prediction_width()];
    let row = vec![0.5; model.feature_count()];
    model.predict(Rows::new(&row, row.len()), &mut out);
    println!("{seconds} {} {}", status("VmRSS")? - before, status("VmHWM")? - before);
    Ok(())
}

/// Bytes, by their name in what the kernel says of this process.
fn status(name: &str) -> Result<i64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("no such line")?;
    Ok(kib.parse::<i64>()? * 1024)
}

/// A model with rows, which LightGBM's models get in `f64`, as LightGBM does.
struct Subject<'a> {
    bytes: &'a [u8],
    model: Model,
    narrow: &'a [f32],
    wide: Option<Vec<f64>>,
    width: usize,
}

impl<'a> Subject<'a> {
    fn new(bytes: &'a [u8], model: Model, narrow: &'a [f32]) -> Self {
        let is_wide = bytes.starts_with(b"tree");
        let wide = is_wide.then(|| narrow.iter().map(|value| f64::from(*value)).collect());
        Self { bytes, width: model.feature_count(), model, narrow, wide }
    }

    fn len(&self) -> usize {
        self.narrow.len() / self.width
    }

    fn write_answers(&self, directory: &std::path::Path, name: &str) -> Result<()> {
        let mut out = vec![0.0; self.len() * self.model.prediction_width()];
        let mut write = |rows: Input<'_>, to: String| {
            self.model.predict_f64(rows, &mut out);
            fs::write(
                directory.join(to),
                out.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>(),
            )
        };
        if let Some(wide) = &self.wide {
            write(Rows::new(wide, self.width).into(), format!("{name}.answers"))?;
        } else {
            write(Rows::new(self.narrow, self.width).into(), format!("{name}.answers"))?;
            let sparse = Sparse::new(self.narrow, self.width);
            write(sparse.rows(self.width)?.into(), format!("{name}.csr.answers"))?;
        }
        Ok(())
    }

    fn measure(&self, what: &str) -> Result<Option<f64>> {
        Ok(match what {
            "one_row_us" => Some(self.alone()),
            "rows_per_s" => Some(self.rate_of_all()),
            "csr_rows_per_s" => {
                let sparse = Sparse::new(self.narrow, self.width);
                Some(self.rate(sparse.rows(self.width)?))
            }
            "columns_rows_per_s" => {
                let values: Vec<Vec<f32>> = (0..self.width)
                    .map(|f| self.narrow.iter().skip(f).step_by(self.width).copied().collect())
                    .collect();
                let column = |v| Column { values: Values::F32(v), validity: None };
                let columns: Vec<_> = values.iter().map(|values| column(values)).collect();
                Some(self.rate(Columns::new(&columns)?))
            }
            "shap_rows_per_s" => Some(self.explanations()?),
            _ => None,
        })
    }

    fn alone(&self) -> f64 {
        let width = self.width;
        let mut out = vec![0.0; self.model.prediction_width()];
        let mut wide_out = vec![0.0; out.len()];
        let seconds = fastest(|| {
            for place in (0..ROWS_ALONE * width).step_by(width) {
                let place = place..place + width;
                if let Some(wide) = &self.wide {
                    let row = Rows::new(&wide[place], width);
                    self.model.predict_f64(row, black_box(&mut wide_out));
                } else {
                    let row = Rows::new(&self.narrow[place], width);
                    self.model.predict(row, black_box(&mut out));
                }
            }
        });
        seconds / ROWS_ALONE as f64 * 1e6
    }

    fn rate_of_all(&self) -> f64 {
        let Some(wide) = &self.wide else {
            return self.rate(Rows::new(self.narrow, self.width));
        };
        let mut out = vec![0.0; self.len() * self.model.prediction_width()];
        let rows = Rows::new(wide, self.width);
        self.len() as f64 / fastest(|| self.model.predict_f64(rows, black_box(&mut out)))
    }

    fn rate<'r>(&self, rows: impl Into<Input<'r>>) -> f64 {
        let rows = rows.into();
        let mut out = vec![0.0; rows.len() * self.model.prediction_width()];
        rows.len() as f64 / fastest(|| self.model.predict(rows, black_box(&mut out)))
    }

    fn explanations(&self) -> Result<f64> {
        let explainer = Explainer::from_bytes(self.bytes)?;
        let rows = Rows::new(&self.narrow[..ROWS_EXPLAINED * self.width], self.width);
        let mut out = vec![0.0; rows.len() * explainer.width()];
        let seconds = fastest(|| explainer.contributions(rows, black_box(&mut out)));
        Ok(rows.len() as f64 / seconds)
    }

    /// One thread and two in turns: the rates of both, and the median of the ratios.
    fn threads(&self) {
        let mut out = vec![0.0; self.len() * self.model.prediction_width()];
        let rows = Rows::new(self.narrow, self.width);
        let mut lap = |parts: usize| {
            let start = Instant::now();
            std::thread::scope(|scope| {
                for part in self.model.parts(rows, parts, &mut out) {
                    scope.spawn(|| part.predict());
                }
            });
            self.len() as f64 / start.elapsed().as_secs_f64()
        };
        let mut turns: Vec<_> = (0..TURNS).map(|_| (lap(1), lap(2))).collect();
        turns.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
        let (one, two) = turns[TURNS / 2];
        println!("{one} {two} {}", two / one);
    }
}

/// Rows without their zeros.
struct Sparse {
    starts: Vec<usize>,
    features: Vec<u32>,
    values: Vec<f32>,
}

impl Sparse {
    fn new(values: &[f32], width: usize) -> Self {
        let mut sparse = Self { starts: vec![0], features: Vec::new(), values: Vec::new() };
        for row in values.chunks(width) {
            for (feature, value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                sparse.features.push(feature as u32);
                sparse.values.push(*value);
            }
            sparse.starts.push(sparse.values.len());
        }
        sparse
    }

    fn rows(&self, width: usize) -> Result<Csr<'_>> {
        Ok(Csr::new(&self.starts, &self.features, &self.values, width)?)
    }
}

/// Seconds of the best lap.
fn fastest(mut lap: impl FnMut()) -> f64 {
    let (started, mut best) = (Instant::now(), f64::INFINITY);
    while best.is_infinite() || started.elapsed() < LAPS {
        let start = Instant::now();
        lap();
        best = best.min(start.elapsed().as_secs_f64());
    }
    best
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}
