//! From a body to the predictions of its rows.
//!
//! Owns how much of a body is in memory at a time, and the working memory of a thread for it. What
//! an unreadable body is answered with is `invoke`'s business.

use records::{Columns, Error, Matrix, csv, json, jsonlines, libsvm, npy, recordio};
use trees::Rows;

use super::{ensemble::Ensemble, media::Input, precision::Precision};

/// How many values of a large body a thread keeps memory for.
const RETAINED_VALUES_MAX: usize = 64 * 1024;
/// How many values of a sparse body are in memory at a time.
const BLOCK_VALUES: usize = RETAINED_VALUES_MAX / 2;

/// The working memory of a thread: what a call leaves behind for the next.
#[derive(Default)]
pub(super) struct Predictions<V: Precision> {
    matrix: Matrix<V>,
    members: Vec<V>,
    values: Vec<V>,
}

/// Who predicts.
#[derive(Clone, Copy)]
pub(super) struct Predictor<'a> {
    pub(super) ensemble: &'a Ensemble,
    pub(super) columns: &'a Columns,
}

type Read<V> = fn(&[u8], &Columns, &mut Matrix<V>) -> Result<(), Error>;

impl<V: Precision> Predictions<V> {
    /// The predictions of the last body, row by row.
    pub(super) fn values(&self) -> &[V] {
        &self.values
    }

    /// The rows of the last body, unless it was of a sparse format, whose rows come in blocks.
    pub(super) fn rows(&self) -> &Matrix<V> {
        &self.matrix
    }

    /// Reads a body and predicts all its rows.
    pub(super) fn of(
        &mut self,
        body: &[u8],
        input: Input,
        predictor: Predictor<'_>,
    ) -> Result<(), Error> {
        self.values.clear();
        let columns = predictor.columns;
        match input {
            Input::Csv => self.whole(csv::read, body, predictor),
            Input::Json => self.whole(json::read, body, predictor),
            Input::JsonLines => self.whole(jsonlines::read, body, predictor),
            Input::Npy => self.whole(npy::read, body, predictor),
            Input::Libsvm => {
                let mut reader = libsvm::Reader::new(body, columns);
                self.blocks(|matrix, rows_max| reader.read(matrix, rows_max), predictor)
            }
            Input::RecordIo => {
                let mut reader = recordio::Reader::new(body, columns);
                self.blocks(|matrix, rows_max| reader.read(matrix, rows_max), predictor)
            }
        }
    }

    /// Formats in which each value takes some of the body: their rows are a few times as large.
    fn whole(&mut self, read: Read<V>, body: &[u8], to: Predictor<'_>) -> Result<(), Error> {
        read(body, to.columns, &mut self.matrix)?;
        self.predict(to);
        Ok(())
    }

    /// Formats in which a short row can be a wide one.
    fn blocks(
        &mut self,
        mut read: impl FnMut(&mut Matrix<V>, usize) -> Result<(), Error>,
        to: Predictor<'_>,
    ) -> Result<(), Error> {
        let rows_max = (BLOCK_VALUES / to.columns.width().max(1)).max(1);
        loop {
            read(&mut self.matrix, rows_max)?;
            if self.matrix.row_count() == 0 {
                return Ok(());
            }
            self.predict(to);
        }
    }

    /// Appends the predictions of the rows that were read last.
    fn predict(&mut self, to: Predictor<'_>) {
        let start = self.values.len();
        let width = to.ensemble.first().prediction_width();
        self.values.resize(start + self.matrix.row_count() * width, V::default());
        let rows = Rows::new(self.matrix.values(), self.matrix.width());
        to.ensemble.predict(rows, &mut self.values[start..], &mut self.members);
    }

    /// Gives back what one large call has made the thread keep.
    pub(super) fn release(&mut self) {
        self.matrix.release_above(RETAINED_VALUES_MAX);
        for values in [&mut self.members, &mut self.values] {
            if values.capacity() > RETAINED_VALUES_MAX {
                *values = Vec::new();
            }
        }
    }
}
