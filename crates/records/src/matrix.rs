//! The reusable buffer that readers fill: dense rows of `f32`, or of `f64`.
//!
//! Owns the values and the readers' working memory, so that a thread that keeps a `Matrix` reads
//! bodies without allocating. What the values mean is the caller's business.

use crate::Real;

/// Rows of equal width, row by row; `NaN` is a missing value.
#[derive(Debug, Default)]
pub struct Matrix<V: Real = f32> {
    values: Vec<V>,
    row_count: usize,
    width: usize,
    pub(crate) scratch: Scratch<V>,
}

/// What readers remember between fields, rows and calls. None of it is trusted across calls.
#[derive(Debug, Default)]
pub(crate) struct Scratch<V> {
    /// Position in the body's rows -> column of the model, or [`SKIP`]. Keys of a sparse row.
    pub(crate) order: Vec<u32>,
    /// Column -> number of the last row that set it, to find columns that come twice or not at all.
    pub(crate) seen: Vec<u32>,
    /// The values of a row before they are put in their places.
    pub(crate) values: Vec<V>,
    /// A name with its escapes resolved.
    pub(crate) text: Vec<u8>,
}

/// A column of the body that the model doesn't have.
pub(crate) const SKIP: u32 = u32::MAX;

impl Matrix {
    /// An empty matrix of `f32`; it grows with the first body. [`default`](Self::default) gives one of
    /// either precision.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<V: Real> Matrix<V> {
    /// All values, row by row: `row_count() * width()` of them.
    pub fn values(&self) -> &[V] {
        &self.values
    }

    /// How many rows the last body held.
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// Values per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Gives memory back if one large body has made the buffer keep more than `values_max` values,
    /// or as many columns or bytes of a text; the rows are lost then.
    pub fn release_above(&mut self, values_max: usize) {
        if self.values.capacity() > values_max {
            self.values.clear();
            self.row_count = 0;
            self.values.shrink_to(values_max);
        }
        if self.scratch.text.capacity() > values_max {
            self.scratch.text = Vec::new();
        }
        if self.scratch.order.capacity() > values_max {
            self.scratch.order = Vec::new();
        }
        if self.scratch.values.capacity() > values_max {
            self.scratch.values = Vec::new();
        }
    }

    /// Forgets all rows and starts on a body whose rows have `width` values.
    pub(crate) fn begin(&mut self, width: usize) {
        self.values.clear();
        self.row_count = 0;
        self.width = width;
    }

    /// Appends a row of missing values and hands it out to be filled.
    pub(crate) fn push_row(&mut self) -> &mut [V] {
        let start = self.values.len();
        self.values.resize(start + self.width, V::MISSING);
        self.row_count += 1;
        &mut self.values[start..]
    }

    /// The row pushed last.
    pub(crate) fn last_row(&mut self) -> &mut [V] {
        let start = self.values.len() - self.width;
        &mut self.values[start..]
    }

    /// Takes back the row pushed last.
    pub(crate) fn pop_row(&mut self) {
        self.values.truncate(self.values.len() - self.width);
        self.row_count -= 1;
    }
}
