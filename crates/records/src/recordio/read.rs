//! Records to rows: which tensor is the row, and where its values go.

use super::{
    frames::Frames,
    wire::{Fields, Value, varint},
};
use crate::{
    Columns, Error, Matrix, Real,
    error::{no_columns, wrong_count},
    matrix::Scratch,
    number::NotANumber,
};

/// The feature that is the row.
const ROW: &[u8] = b"values";

/// Reads a `RecordIO`-protobuf body, a block of rows at a time.
///
/// A sparse row of a few bytes can be as wide as the model. Blocks keep memory bounded by what the
/// caller allows, not by what a client sends.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    frames: Frames<'a>,
    columns: &'a Columns,
    /// Number of the row being read, from 1.
    row: usize,
}

/// A tensor whose values are not decoded yet.
#[derive(Clone, Copy)]
struct Tensor<'a> {
    kind: Kind,
    message: &'a [u8],
}

#[derive(Clone, Copy)]
enum Kind {
    Float32,
    Float64,
    Int32,
}

impl<'a> Reader<'a> {
    /// Starts on a body whose rows are to be read for a model with these `columns`.
    pub fn new(body: &'a [u8], columns: &'a Columns) -> Self {
        Self { frames: Frames::new(body), columns, row: 0 }
    }

    /// Reads the next rows into `matrix`, at most `rows_max` (which must not be 0), whatever it held
    /// before. At the end of the body `matrix` stays empty.
    ///
    /// After an error, with which `matrix` is empty too, there is nothing more to read. The error is
    /// [`Malformed`](crate::ErrorKind::Malformed) for broken frames and messages, for records without
    /// a row and for infinite values, and [`Columns`](crate::ErrorKind::Columns) for rows that are
    /// not the model's.
    pub fn read<V: Real>(&mut self, matrix: &mut Matrix<V>, rows_max: usize) -> Result<(), Error> {
        let width = self.columns.width();
        matrix.begin(width);
        if width == 0 {
            return Err(no_columns());
        }
        let mut scratch = std::mem::take(&mut matrix.scratch);
        let outcome = self.rows(matrix, &mut scratch, rows_max);
        matrix.scratch = scratch;
        if outcome.is_err() {
            matrix.begin(width);
        } else if self.row == 0 {
            return Err(Error::malformed("the body holds no rows"));
        }
        outcome
    }

    fn rows<V: Real>(
        &mut self,
        matrix: &mut Matrix<V>,
        scratch: &mut Scratch<V>,
        rows_max: usize,
    ) -> Result<(), Error> {
        while matrix.row_count() < rows_max {
            let start = self.frames.at;
            let place = |error: Error| error.in_row(self.row + 1).at(start);
            let Some(record) = self.frames.next().map_err(place)? else { break };
            row_of(record)
                .and_then(|tensor| tensor.gather(scratch))
                .and_then(|shape| fill(matrix.push_row(), scratch, shape))
                .map_err(place)?;
            self.row += 1;
        }
        Ok(())
    }
}

/// The tensor that is the record's row. Of two entries of a map the last one counts.
fn row_of(record: &[u8]) -> Result<Tensor<'_>, Error> {
    let mut fields = Fields::of(record);
    let mut row = None;
    while let Some(field) = fields.next()? {
        if let (1, Value::Bytes(entry)) = field
            && let (ROW, value) = entry_of(entry)?
        {
            row = Some(value);
        }
    }
    let row = row.ok_or_else(|| Error::malformed("the record has no feature `values`"))?;
    let tensor = tensor_of(row)?;
    tensor.ok_or_else(|| Error::malformed("the feature `values` holds no tensor of numbers"))
}

/// The key and the value of a map's entry; both may be left out.
fn entry_of(entry: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let mut fields = Fields::of(entry);
    let (mut key, mut value) = (&entry[..0], &entry[..0]);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Bytes(bytes)) => key = bytes,
            (2, Value::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    Ok((key, value))
}

fn tensor_of(value: &[u8]) -> Result<Option<Tensor<'_>>, Error> {
    let mut fields = Fields::of(value);
    let mut tensor = None;
    while let Some((number, value)) = fields.next()? {
        let kind = match number {
            2 => Some(Kind::Float32),
            3 => Some(Kind::Float64),
            7 => Some(Kind::Int32),
            _ => None,
        };
        if let (Some(kind), Value::Bytes(message)) = (kind, value) {
            tensor = Some(Tensor { kind, message });
        }
    }
    Ok(tensor)
}

impl Tensor<'_> {
    /// Decodes values and keys into the scratch; says how wide the shape is, if there is one.
    fn gather<V: Real>(self, scratch: &mut Scratch<V>) -> Result<Option<u64>, Error> {
        scratch.values.clear();
        scratch.order.clear();
        let mut shape = None;
        let mut fields = Fields::of(self.message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => self.kind.gather(value, &mut scratch.values)?,
                2 => integers(value, |key| {
                    scratch.order.push(u32::try_from(key).unwrap_or(u32::MAX));
                })?,
                3 => integers(value, |size| {
                    shape = Some(shape.unwrap_or(1_u64).saturating_mul(size));
                })?,
                _ => {}
            }
        }
        Ok(shape)
    }
}

impl Kind {
    /// Appends what one field of values holds: many of them packed, or a single one.
    fn gather<V: Real>(self, field: Value<'_>, out: &mut Vec<V>) -> Result<(), Error> {
        match (self, field) {
            (Self::Float32, Value::Bytes(packed)) => {
                extend(packed, out, |bytes| V::from_f32(f32::from_le_bytes(*bytes)))
            }
            (Self::Float64, Value::Bytes(packed)) => {
                extend(packed, out, |bytes| V::from_f64(f64::from_le_bytes(*bytes)))
            }
            (Self::Float32, Value::Fixed32(bytes)) => {
                out.push(V::from_f32(f32::from_le_bytes(bytes)));
                Ok(())
            }
            (Self::Float64, Value::Fixed64(bytes)) => {
                out.push(V::from_f64(f64::from_le_bytes(bytes)));
                Ok(())
            }
            // Negative integers are sign-extended to 64 bits before they are written.
            (Self::Int32, field) => {
                integers(field, |value| out.push(V::from_i64((value as i32).into())))
            }
            _ => Err(wrong_type()),
        }
    }
}

fn extend<V, const N: usize>(
    packed: &[u8],
    out: &mut Vec<V>,
    value: impl Fn(&[u8; N]) -> V,
) -> Result<(), Error> {
    let (values, rest) = packed.as_chunks();
    out.extend(values.iter().map(value));
    if rest.is_empty() { Ok(()) } else { Err(wrong_type()) }
}

/// Shows the integers of one field: many of them packed, or a single one.
fn integers(field: Value<'_>, mut visit: impl FnMut(u64)) -> Result<(), Error> {
    match field {
        Value::Varint(value) => visit(value),
        Value::Bytes(mut packed) => {
            while !packed.is_empty() {
                visit(varint(&mut packed)?);
            }
        }
        _ => return Err(wrong_type()),
    }
    Ok(())
}

#[cold]
fn wrong_type() -> Error {
    Error::malformed("a tensor's values are not of the tensor's type")
}

/// Puts what was gathered into a row of missing values.
fn fill<V: Real>(row: &mut [V], gathered: &Scratch<V>, shape: Option<u64>) -> Result<(), Error> {
    let (values, keys) = (&gathered.values, &gathered.order);
    if let Some(index) = values.iter().position(|value| !value.finite() && !value.missing()) {
        let expected = NotANumber::Infinite.expected::<V>();
        let message = format!("value {} is infinite, expected {expected}", index + 1);
        return Err(Error::malformed(message));
    }
    match (keys.is_empty(), values.is_empty(), shape) {
        (true, true, Some(shape)) => narrow(row, shape),
        (true, ..) if values.len() == row.len() => {
            row.copy_from_slice(values);
            Ok(())
        }
        (true, ..) => Err(wrong_count(values.len(), row.len())),
        (false, ..) => narrow(row, shape.unwrap_or(0)).and_then(|()| scatter(row, keys, values)),
    }
}

/// Whether a sparse row of `columns` columns fits the model.
fn narrow<V>(row: &[V], columns: u64) -> Result<(), Error> {
    if columns <= row.len() as u64 {
        return Ok(());
    }
    let expected = row.len();
    Err(Error::columns(format!("the row has {columns} columns, but the model expects {expected}")))
}

fn scatter<V: Real>(row: &mut [V], keys: &[u32], values: &[V]) -> Result<(), Error> {
    if keys.len() != values.len() {
        let message = format!("a sparse row has {} keys for {} values", keys.len(), values.len());
        return Err(Error::malformed(message));
    }
    let width = row.len();
    for (key, value) in keys.iter().zip(values) {
        let slot = row.get_mut(*key as usize).ok_or_else(|| {
            let last = width - 1;
            Error::columns(format!("found key {key}, but the model has columns 0 to {last}"))
        })?;
        if !slot.missing() {
            return Err(Error::malformed(format!("key {key} stands there twice")));
        }
        *slot = *value;
    }
    Ok(())
}
