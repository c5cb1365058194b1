//! The input: a borrowed, dense, row-major matrix. Where the numbers came from is the caller's.

use std::ops::Range;

/// Dense rows of `f32` or `f64`, one after the other; `NaN` is a missing value.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T = f32> {
    values: &'a [T],
    width: usize,
}

impl<'a, T> Rows<'a, T> {
    /// `values.len() / width` rows of `width` values each.
    ///
    /// # Panics
    /// If `width` is zero or `values.len()` is not a multiple of it.
    pub fn new(values: &'a [T], width: usize) -> Self {
        assert!(
            width > 0 && values.len().is_multiple_of(width),
            "`{}` values do not make rows of `{width}`",
            values.len()
        );
        Self { values, width }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Values per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The rows in order, each a slice of [`width`](Self::width) values.
    pub fn iter(&self) -> std::slice::ChunksExact<'a, T> {
        self.values.chunks_exact(self.width)
    }

    /// Some of the rows.
    pub(crate) fn slice(self, rows: Range<usize>) -> Self {
        Self { values: &self.values[rows.start * self.width..rows.end * self.width], ..self }
    }

    /// One row.
    pub(crate) fn row(&self, number: usize) -> &'a [T] {
        &self.values[number * self.width..][..self.width]
    }

    /// All values, row by row.
    pub(crate) fn values(&self) -> &'a [T] {
        self.values
    }

    /// The same rows in pieces of at most `rows_max` rows.
    pub(crate) fn blocks(self, rows_max: usize) -> impl Iterator<Item = Rows<'a, T>> {
        let width = self.width;
        self.values.chunks(rows_max * width).map(move |values| Rows { values, width })
    }
}

impl<'a, T> IntoIterator for &Rows<'a, T> {
    type Item = &'a [T];
    type IntoIter = std::slice::ChunksExact<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
