//! The input: a borrowed, dense, row-major matrix. Where the numbers came from is the caller's.

/// Dense rows of `f32`, one after the other; `NaN` is a missing value.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    values: &'a [f32],
    width: usize,
}

impl<'a> Rows<'a> {
    /// `values.len() / width` rows of `width` values each.
    ///
    /// # Panics
    /// If `width` is zero or `values.len()` is not a multiple of it.
    pub fn new(values: &'a [f32], width: usize) -> Self {
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
    pub fn iter(&self) -> std::slice::ChunksExact<'a, f32> {
        self.values.chunks_exact(self.width)
    }

    /// The same rows in pieces of at most `rows_max` rows.
    pub(crate) fn blocks(self, rows_max: usize) -> impl Iterator<Item = Rows<'a>> {
        self.values.chunks(rows_max * self.width).map(move |values| Rows { values, ..self })
    }
}

impl<'a> IntoIterator for &Rows<'a> {
    type Item = &'a [f32];
    type IntoIter = std::slice::ChunksExact<'a, f32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
