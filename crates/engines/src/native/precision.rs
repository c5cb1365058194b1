//! The precision in which a model takes rows and answers, and large batches on all cores.
//!
//! XGBoost's models compute in `f32`, those of other libraries in `f64`; rows are read, and scores
//! printed, in the model's own precision, so that nothing is rounded on the way. Owns what differs
//! between the two, and how many threads a batch may take; the arithmetic is `trees`' business.

use std::{
    num::NonZero,
    ops::{AddAssign, DivAssign, Sub},
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use records::Real;
use trees::{Input, Model, Part, Rows};

/// Rows times trees that are worth a thread of their own: a millisecond or a few.
const SHARE_MIN: usize = 1 << 20;
/// Parts for each thread, so that one whose core is busy elsewhere holds nobody up for long.
const PARTS_PER_THREAD: usize = 4;

/// The type of a model's rows and answers.
pub(super) trait Precision:
    Real + PartialOrd + From<f32> + Sub<Output = Self> + AddAssign + DivAssign + Send + Sync
{
    fn input(rows: Rows<'_, Self>) -> Input<'_>;

    /// As [`Model::predict`] does.
    fn predict(model: &Model, rows: Rows<'_, Self>, out: &mut [Self]);

    /// As [`Model::parts`] does; the parts are to be [`answer`](Self::answer)ed.
    fn parts<'a>(
        model: &'a Model,
        rows: Rows<'a, Self>,
        parts_max: usize,
        out: &'a mut [Self],
    ) -> impl Iterator<Item = Part<'a, Self>> + Send;

    fn answer(part: Part<'_, Self>);

    /// A class that is answered as a number.
    fn class(self) -> usize;

    /// The same number, if it is the same to the last bit.
    fn is(self, other: Self) -> bool;
}

macro_rules! precision {
    ($type:ty, $predict:ident, $parts:ident) => {
        impl Precision for $type {
            fn input(rows: Rows<'_, Self>) -> Input<'_> {
                rows.into()
            }

            fn predict(model: &Model, rows: Rows<'_, Self>, out: &mut [Self]) {
                model.$predict(rows, out);
            }

            fn parts<'a>(
                model: &'a Model,
                rows: Rows<'a, Self>,
                parts_max: usize,
                out: &'a mut [Self],
            ) -> impl Iterator<Item = Part<'a, Self>> + Send {
                model.$parts(rows, parts_max, out)
            }

            fn answer(part: Part<'_, Self>) {
                part.predict();
            }

            fn class(self) -> usize {
                self as usize
            }

            fn is(self, other: Self) -> bool {
                self.to_bits() == other.to_bits()
            }
        }
    };
}

precision!(f32, predict, parts);
precision!(f64, predict_f64, parts_f64);

/// Predicts as [`Model::predict`] does, a large batch on as many cores as are free.
pub(super) fn predict<V: Precision>(model: &Model, rows: Rows<'_, V>, out: &mut [V]) {
    let shares = rows.len().saturating_mul(model.tree_count()) / SHARE_MIN;
    if shares < 2 {
        return V::predict(model, rows, out);
    }
    let helpers = Helpers::take(shares - 1);
    let parts_max = (helpers.0 + 1) * PARTS_PER_THREAD;
    let parts = Mutex::new(V::parts(model, rows, parts_max, out));
    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(part) = next() {
            V::answer(part);
        }
    };
    thread::scope(|scope| {
        for _ in 0..helpers.0 {
            // Without a thread more, those that there are do its work.
            let _ = thread::Builder::new().name("batch".to_owned()).spawn_scoped(scope, work);
        }
        work();
    });
}

/// Cores that no large batch of this process is on: one thread is the caller's own.
static FREE: LazyLock<AtomicUsize> = LazyLock::new(|| {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    AtomicUsize::new(cores - 1)
});

/// Threads that may be used beside the caller's, until they are dropped. However many calls there
/// are, all of them together have one for each core.
struct Helpers(usize);

impl Helpers {
    fn take(wanted: usize) -> Self {
        let before = FREE.fetch_update(Relaxed, Relaxed, |free| Some(free - free.min(wanted)));
        Self(before.map_or(0, |free| free.min(wanted)))
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        FREE.fetch_add(self.0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One split, a million times: enough trees for a few rows to be a large batch.
    fn model() -> Model {
        let tree = r#"{"left":[1,-1,-1],"right":[2,-1,-1],"feature":[0,0,0],
            "threshold":[0.5,0,0],"missing_left":[0,0,0],"value":[0.25,0.5]}"#;
        let trees = vec![tree; 4096].join(",");
        let json = format!(
            r#"{{"format":"clary-trees","version":1,"estimator":"x","feature_count":1,"rows":"f64",
            "transform":"identity","base":[0],"values_per_leaf":1,"trees":[{trees}]}}"#
        );
        Model::from_bytes(json.as_bytes()).expect("a model")
    }

    #[test]
    fn a_large_batch_is_answered_as_a_small_one_is() {
        let model = model();
        let values: Vec<f64> = (0..1024).map(|row| f64::from(row % 2)).collect();
        let mut whole = vec![f64::NAN; values.len()];
        predict(&model, Rows::new(&values, 1), &mut whole);
        let mut expected = vec![f64::NAN; values.len()];
        model.predict_f64(Rows::new(&values, 1), &mut expected);
        assert_eq!(whole, expected);
        assert_eq!(whole[..2], [1024.0, 2048.0]);
    }

    #[test]
    fn no_more_threads_are_lent_than_there_are_cores() {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let lent: Vec<_> = (0..3).map(|_| Helpers::take(usize::MAX)).collect();
        assert!(lent.iter().map(|helpers| helpers.0).sum::<usize>() < cores);
    }
}
