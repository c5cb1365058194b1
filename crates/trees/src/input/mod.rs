//! What a model is asked about, in whatever layout it is there: dense rows, compressed sparse rows or
//! columns. Owns how each is brought before the kernels: as it is where that fits, else in blocks that
//! stay in the cache, never as a whole.

mod columns;
mod csr;

use std::{cell::RefCell, ops::Range};

use crate::Rows;
pub use columns::{Column, Columns, Validity, Values};
pub use csr::Csr;

/// Rows that are converted at a time.
const BLOCK_ROWS: usize = 64;
/// Values that are converted at a time, if one row has no more.
const BLOCK_VALUES: usize = 1 << 16;

thread_local! {
    static NARROW: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    static WIDE: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

/// Rows in any layout. Every method that takes rows takes [`Rows`], [`Csr`] and [`Columns`] as they
/// are; this is what these have in common.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// Dense rows.
    Narrow(Rows<'a, f32>),
    /// Dense rows.
    Wide(Rows<'a, f64>),
    /// Sparse rows.
    Sparse(Csr<'a>),
    /// A slice for each feature.
    Columns(Columns<'a>),
}

impl Input<'_> {
    /// Some of the rows, where they are.
    ///
    /// # Panics
    /// If there are no such rows.
    #[must_use]
    pub fn slice(self, rows: Range<usize>) -> Self {
        match self {
            Self::Narrow(all) => Self::Narrow(all.slice(rows)),
            Self::Wide(all) => Self::Wide(all.slice(rows)),
            Self::Sparse(all) => Self::Sparse(all.slice(rows)),
            Self::Columns(all) => Self::Columns(all.slice(rows)),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Narrow(rows) => rows.len(),
            Self::Wide(rows) => rows.len(),
            Self::Sparse(rows) => rows.len(),
            Self::Columns(columns) => columns.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values per row.
    pub fn width(&self) -> usize {
        match self {
            Self::Narrow(rows) => rows.width(),
            Self::Wide(rows) => rows.width(),
            Self::Sparse(rows) => rows.width(),
            Self::Columns(columns) => columns.width(),
        }
    }

    /// Lets `work` fill `out`, part by part, for rows in `f32`; what sparse rows do not mention is
    /// missing, and so is the value of `marker`.
    #[allow(clippy::float_cmp, reason = "the marker is this very number")]
    pub(crate) fn narrow<T>(
        self,
        marker: Option<f32>,
        out: &mut [T],
        mut work: impl FnMut(Rows<'_, f32>, &mut [T]),
    ) {
        match (self, marker) {
            (Self::Narrow(rows), None) => work(rows, out),
            (_, None) => NARROW.with_borrow_mut(|buffer| {
                self.converted(f32::NAN, buffer, out, |block, width, out| {
                    work(Rows::new(block, width), out);
                });
            }),
            (_, Some(marker)) => NARROW.with_borrow_mut(|buffer| {
                self.converted(f32::NAN, buffer, out, |block, width, out| {
                    let is_marker = |value: &&mut f32| **value == marker;
                    for value in block.iter_mut().filter(is_marker) {
                        *value = f32::NAN;
                    }
                    work(Rows::new(block, width), out);
                });
            }),
        }
    }

    /// Lets `work` fill `out`, part by part, for rows in `f64`.
    pub(crate) fn wide<T>(
        self,
        absent: f64,
        out: &mut [T],
        mut work: impl FnMut(Rows<'_, f64>, &mut [T]),
    ) {
        match self {
            Self::Wide(rows) => work(rows, out),
            _ => WIDE.with_borrow_mut(|buffer| {
                self.converted(absent, buffer, out, |block, width, out| {
                    work(Rows::new(block, width), out);
                });
            }),
        }
    }

    fn converted<F: Float, T>(
        self,
        absent: F,
        buffer: &mut Vec<F>,
        out: &mut [T],
        mut work: impl FnMut(&mut [F], usize, &mut [T]),
    ) {
        let (len, width) = (self.len(), self.width());
        if len == 0 {
            return;
        }
        let out_width = out.len() / len;
        let step = (BLOCK_VALUES / width.max(1)).clamp(1, BLOCK_ROWS).min(len);
        let absent = match self {
            Self::Sparse(rows) => rows.own_absent().map_or(absent, |own| F::rounded(own.into())),
            _ => absent,
        };
        buffer.clear();
        buffer.resize(step * width, absent);
        for start in (0..len).step_by(step) {
            let rows = start..len.min(start + step);
            let block = &mut buffer[..rows.len() * width];
            let out = &mut out[rows.start * out_width..rows.end * out_width];
            match self {
                Self::Narrow(all) => copy(all, rows, block),
                Self::Wide(all) => copy(all, rows, block),
                Self::Columns(columns) => columns.copy(rows, block),
                Self::Sparse(all) => {
                    all.scatter(rows.clone(), block);
                    work(block, width, out);
                    all.clear(rows, absent, block);
                    continue;
                }
            }
            work(block, width, out);
        }
    }
}

fn copy<S: Into<f64> + Copy, F: Float>(rows: Rows<'_, S>, wanted: Range<usize>, block: &mut [F]) {
    let values = &rows.values()[wanted.start * rows.width()..wanted.end * rows.width()];
    for (slot, value) in block.iter_mut().zip(values) {
        *slot = F::rounded((*value).into());
    }
}

/// A precision.
pub(crate) trait Float: Copy {
    /// The nearest number of this precision.
    fn rounded(value: f64) -> Self;
}

impl Float for f32 {
    fn rounded(value: f64) -> Self {
        value as f32
    }
}

impl Float for f64 {
    fn rounded(value: f64) -> Self {
        value
    }
}

impl<'a> From<Rows<'a, f32>> for Input<'a> {
    fn from(rows: Rows<'a, f32>) -> Self {
        Self::Narrow(rows)
    }
}

impl<'a> From<Rows<'a, f64>> for Input<'a> {
    fn from(rows: Rows<'a, f64>) -> Self {
        Self::Wide(rows)
    }
}

impl<'a> From<Csr<'a>> for Input<'a> {
    fn from(rows: Csr<'a>) -> Self {
        Self::Sparse(rows)
    }
}

impl<'a> From<Columns<'a>> for Input<'a> {
    fn from(columns: Columns<'a>) -> Self {
        Self::Columns(columns)
    }
}
