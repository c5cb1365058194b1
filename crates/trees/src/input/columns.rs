//! Columns as Arrow lays them out: a slice of values for each feature, and a bit for each row that
//! says whether its value is there.

use std::ops::Range;

use super::Float;
use crate::Error;

/// A slice for each feature, borrowed as they are.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    columns: &'a [Column<'a>],
    /// The first row.
    start: usize,
    len: usize,
}

/// The values of one feature.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// One per row.
    pub values: Values<'a>,
    /// Which of them are there; `None` if all are.
    pub validity: Option<Validity<'a>>,
}

/// Values of one of Arrow's primitive types. They become `f32` or `f64`, whichever the model takes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Values<'a> {
    /// `NaN` is missing.
    F32(&'a [f32]),
    /// `NaN` is missing.
    F64(&'a [f64]),
    #[expect(missing_docs, reason = "the name is the type")]
    I8(&'a [i8]),
    #[expect(missing_docs, reason = "the name is the type")]
    I16(&'a [i16]),
    #[expect(missing_docs, reason = "the name is the type")]
    I32(&'a [i32]),
    #[expect(missing_docs, reason = "the name is the type")]
    I64(&'a [i64]),
    #[expect(missing_docs, reason = "the name is the type")]
    U8(&'a [u8]),
    #[expect(missing_docs, reason = "the name is the type")]
    U16(&'a [u16]),
    #[expect(missing_docs, reason = "the name is the type")]
    U32(&'a [u32]),
    #[expect(missing_docs, reason = "the name is the type")]
    U64(&'a [u64]),
    /// 1 and 0, of so many rows.
    Bool(Validity<'a>, usize),
}

/// Bits, the lowest of each byte first: row `i` has bit `offset + i`.
#[derive(Clone, Copy, Debug)]
pub struct Validity<'a> {
    /// The bytes.
    pub bits: &'a [u8],
    /// The bit of the first row.
    pub offset: usize,
}

impl Validity<'_> {
    fn get(&self, row: usize) -> bool {
        let bit = self.offset + row;
        self.bits[bit / 8] >> (bit % 8) & 1 == 1
    }

    fn covers(&self, rows: usize) -> bool {
        self.offset.checked_add(rows).is_some_and(|end| end.div_ceil(8) <= self.bits.len())
    }
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::I8(values) => values.len(),
            Self::I16(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::Bool(_, len) => *len,
        }
    }
}

impl<'a> Columns<'a> {
    /// One column for each feature, in the model's order.
    ///
    /// Fails if there is none, if they differ in length, or if bits are fewer than rows.
    pub fn new(columns: &'a [Column<'a>]) -> Result<Self, Error> {
        let Some(len) = columns.first().map(|column| column.values.len()) else {
            return Err(Error::malformed("no columns: give one for each feature of the model"));
        };
        for (number, column) in columns.iter().enumerate() {
            let own = column.values.len();
            let bits = match column.values {
                Values::Bool(bits, len) => bits.covers(len),
                _ => true,
            };
            if own != len || !bits || column.validity.is_some_and(|bits| !bits.covers(len)) {
                let message =
                    format!("column {number} has {own} values or too few bits for {len} rows");
                return Err(Error::malformed(message));
            }
        }
        Ok(Self { columns, start: 0, len })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Values per row.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Some of the rows.
    pub(super) fn slice(self, rows: Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.len, "no rows {rows:?}");
        Self { start: self.start + rows.start, len: rows.len(), ..self }
    }

    /// Writes rows one after the other.
    pub(super) fn copy<F: Float>(&self, rows: Range<usize>, block: &mut [F]) {
        let width = self.width();
        let rows = self.start + rows.start..self.start + rows.end;
        for (number, column) in self.columns.iter().enumerate() {
            let slots = block.iter_mut().skip(number).step_by(width);
            column.copy(rows.clone(), slots);
        }
    }
}

impl Column<'_> {
    fn copy<'s, F: Float + 's>(&self, rows: Range<usize>, slots: impl Iterator<Item = &'s mut F>) {
        match self.values {
            Values::F32(values) => self.put(values, rows, slots, |v| F::rounded(v.into())),
            Values::F64(values) => self.put(values, rows, slots, F::rounded),
            Values::I8(values) => self.put(values, rows, slots, |v| F::rounded(v.into())),
            Values::I16(values) => self.put(values, rows, slots, |v| F::rounded(v.into())),
            Values::I32(values) => self.put(values, rows, slots, |v| F::rounded(v.into())),
            Values::I64(values) => self.put(values, rows, slots, |v| F::rounded(v as f64)),
            Values::U8(values) => self.put(values, rows, slots, |v| F::rounded(v.into())),
            Values::U16(values) => self.put(values, rows, slots, |v| F::rounded(v.into())),
            Values::U32(values) => self.put(values, rows, slots, |v| F::rounded(v.into())),
            Values::U64(values) => self.put(values, rows, slots, |v| F::rounded(v as f64)),
            Values::Bool(bits, _) => {
                for (row, slot) in rows.zip(slots) {
                    let value = f64::from(u8::from(bits.get(row)));
                    *slot = F::rounded(if self.is_there(row) { value } else { f64::NAN });
                }
            }
        }
    }

    fn put<'s, V: Copy, F: Float + 's>(
        &self,
        values: &[V],
        rows: Range<usize>,
        slots: impl Iterator<Item = &'s mut F>,
        convert: impl Fn(V) -> F,
    ) {
        let values = &values[rows.clone()];
        for ((row, value), slot) in rows.zip(values).zip(slots) {
            *slot = if self.is_there(row) { convert(*value) } else { F::rounded(f64::NAN) };
        }
    }

    fn is_there(&self, row: usize) -> bool {
        self.validity.is_none_or(|bits| bits.get(row))
    }
}
