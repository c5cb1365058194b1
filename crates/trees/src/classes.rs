//! What a classifier's margins say of its classes: the probability of each, and which is meant. The
//! margins and predictions themselves are `model`'s.

use std::cell::RefCell;

use crate::{Input, Model};

thread_local! {
    /// Margins or predictions of some rows: working memory of one thread, grown once and used again.
    static SCORES: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

impl Model {
    /// Computes the probability of every class, [`class_count`](Self::class_count) values for each
    /// row: what `predict_proba` of the scikit-learn classes returns, also of models that were trained
    /// to answer something else (`multi:softmax`, `binary:logitraw`).
    ///
    /// # Panics
    /// If the model is no classifier, the rows' width is not [`feature_count`](Self::feature_count),
    /// or `out` does not have exactly `class_count()` values for each row.
    pub fn probabilities<'a>(&self, rows: impl Into<Input<'a>>, out: &mut [f64]) {
        let rows = self.check_classes(rows, out.len(), self.class_count());
        match self.objective().name() {
            _ if self.group_count() == 1 => self.of_two(rows, |row, probability| {
                out[2 * row] = 1.0 - probability;
                out[2 * row + 1] = probability;
            }),
            "multi:softmax" => {
                self.margins_f64(rows, out);
                out.chunks_exact_mut(self.group_count()).for_each(softmax);
            }
            _ => self.predict_f64(rows, out),
        }
    }

    /// Writes the number of the most probable class of every row: what `predict` of the scikit-learn
    /// classes returns, before it looks up the label ([`classes`](Self::classes)).
    ///
    /// # Panics
    /// If the model is no classifier, the rows' width is not [`feature_count`](Self::feature_count),
    /// or `out` does not have exactly one value for each row.
    pub fn classify<'a>(&self, rows: impl Into<Input<'a>>, out: &mut [u32]) {
        let rows = self.check_classes(rows, out.len(), 1);
        if self.group_count() == 1 {
            self.of_two(rows, |row, probability| out[row] = u32::from(probability > 0.5));
            return;
        }
        SCORES.with_borrow_mut(|margins| {
            margins.resize(rows.len() * self.group_count(), 0.0);
            self.margins_f64(rows, margins);
            for (class, margins) in out.iter_mut().zip(margins.chunks(self.group_count())) {
                *class = greatest(margins);
            }
        });
    }

    /// The probability of the second of two classes, for each row.
    fn of_two(&self, rows: Input<'_>, mut each: impl FnMut(usize, f64)) {
        let is_raw = self.objective().name() == "binary:logitraw";
        SCORES.with_borrow_mut(|scores| {
            scores.resize(rows.len(), 0.0);
            self.predict_f64(rows, scores);
            for (row, score) in scores.iter().enumerate() {
                each(row, if is_raw { 1.0 / (1.0 + (-score).exp()) } else { *score });
            }
        });
    }

    fn check_classes<'a>(
        &self,
        rows: impl Into<Input<'a>>,
        out_len: usize,
        width: usize,
    ) -> Input<'a> {
        let (rows, objective) = (rows.into(), self.objective());
        assert!(self.class_count() > 0, "a model for `{objective}` is no classifier");
        let (have, want) = (out_len, rows.len() * width);
        assert!(have == want, "room for `{have}` values where `{want}` are computed");
        rows
    }
}

/// The place of the greatest value, the first of equals.
fn greatest(values: &[f64]) -> u32 {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best as u32
}

fn softmax(margins: &mut [f64]) {
    let greatest = margins.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for margin in &mut *margins {
        *margin = (*margin - greatest).exp();
        sum += *margin;
    }
    for margin in margins {
        *margin /= sum;
    }
}
