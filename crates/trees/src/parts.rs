//! A batch in parts, for threads that the caller has. Owns where it is cut; threads are the caller's,
//! and computing a part is `model`'s.

use std::ops::Range;

use crate::{Input, Model};

/// Parts begin at multiples of so many rows, for fewer than the kernels take at once cost more each.
const STEP: usize = 128;

/// Some rows of a batch with the place for their predictions: work for one thread.
#[derive(Debug)]
pub struct Part<'a, T = f32> {
    model: &'a Model,
    rows: Input<'a>,
    out: &'a mut [T],
}

impl Model {
    /// Cuts [`predict`](Self::predict) into at most `parts_max` parts of about the same size, each
    /// to be computed by any thread: the answers are those of the whole, wherever it is cut.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/goldens");
    /// # let bytes = std::fs::read(format!("{folder}/softprob-3.2.model.json"))?;
    /// use trees::{Model, Rows};
    ///
    /// let model = Model::from_bytes(&bytes)?;
    /// let values = vec![0.25; 1000 * model.feature_count()];
    /// let rows = Rows::new(&values, model.feature_count());
    /// let mut out = vec![0.0; rows.len() * model.prediction_width()];
    /// std::thread::scope(|scope| {
    ///     for part in model.parts(rows, 2, &mut out) {
    ///         scope.spawn(|| part.predict());
    ///     }
    /// });
    /// # let mut whole = vec![0.0; out.len()];
    /// # model.predict(rows, &mut whole);
    /// # assert_eq!(out, whole);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// As [`predict`](Self::predict) does.
    pub fn parts<'a>(
        &'a self,
        rows: impl Into<Input<'a>>,
        parts_max: usize,
        out: &'a mut [f32],
    ) -> impl Iterator<Item = Part<'a>> {
        self.cut(rows.into(), parts_max, out)
    }

    /// Cuts [`predict_f64`](Self::predict_f64) into parts, as [`parts`](Self::parts) does.
    ///
    /// # Panics
    /// As [`predict`](Self::predict) does.
    pub fn parts_f64<'a>(
        &'a self,
        rows: impl Into<Input<'a>>,
        parts_max: usize,
        out: &'a mut [f64],
    ) -> impl Iterator<Item = Part<'a, f64>> {
        self.cut(rows.into(), parts_max, out)
    }

    fn cut<'a, T>(
        &'a self,
        rows: Input<'a>,
        parts_max: usize,
        out: &'a mut [T],
    ) -> impl Iterator<Item = Part<'a, T>> {
        let width = self.prediction_width();
        let rows = self.check(rows, out.len(), width);
        let ranges = ranges(rows.len(), parts_max);
        let step = ranges.first().map_or(1, Range::len);
        let places = out.chunks_mut(step * width);
        let part = move |(range, out)| Part { model: self, rows: rows.slice(range), out };
        ranges.into_iter().zip(places).map(part)
    }
}

impl Part<'_> {
    /// Computes the part's predictions.
    pub fn predict(self) {
        self.model.predict(self.rows, self.out);
    }
}

impl Part<'_, f64> {
    /// Computes the part's predictions.
    pub fn predict(self) {
        self.model.predict_f64(self.rows, self.out);
    }
}

/// All but the last are of one length.
fn ranges(rows: usize, parts_max: usize) -> Vec<Range<usize>> {
    let step = rows.div_ceil(parts_max.max(1)).next_multiple_of(STEP).max(STEP);
    (0..rows).step_by(step).map(|start| start..rows.min(start + step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_few_and_whole_blocks() {
        for (rows, parts_max, expected) in [
            (0, 4, &[][..]),
            (1, 4, &[1]),
            (300, 0, &[300]),
            (300, 1, &[300]),
            (300, 2, &[256, 300]),
            (300, 9, &[128, 256, 300]),
            (1024, 2, &[512, 1024]),
        ] {
            let ranges = ranges(rows, parts_max);
            let ends: Vec<_> = ranges.iter().map(|range| range.end).collect();
            assert_eq!(ends, expected, "{rows} rows in {parts_max}");
            let starts: Vec<_> = ranges.iter().map(|range| range.start).skip(1).collect();
            assert_eq!(starts, ends[..ends.len().saturating_sub(1)], "{rows} rows in {parts_max}");
        }
    }
}
