//! Arrays to rows: which shapes fit a model, and numbers of any type to the model's.

use super::header::{self, Header};
use crate::{
    Columns, Error, Matrix, Real,
    error::{no_columns, quote, wrong_count},
    number::NotANumber,
};

/// Reads an array in `NumPy`'s format into the rows of `matrix`, whatever it held before.
///
/// See the [module](super) for what is read. On an error `matrix` is empty; the error is
/// [`Malformed`](crate::ErrorKind::Malformed) for what isn't an array of numbers and for infinite
/// values, and [`Columns`](crate::ErrorKind::Columns) for shapes that don't fit the model.
pub fn read<V: Real>(body: &[u8], columns: &Columns, matrix: &mut Matrix<V>) -> Result<(), Error> {
    matrix.begin(columns.width());
    if columns.width() == 0 {
        return Err(no_columns());
    }
    let (text, data) = header::split(body)?;
    let header = Header::parse(text)?;
    let element = Element::of(header.descr)?;
    let array = Array {
        data,
        row_count: row_count(&header, columns.width())?,
        width: columns.width(),
        fortran_order: header.fortran_order,
    };
    array.check_length(element.size)?;
    element.fill(&array, matrix);
    finite(matrix).inspect_err(|_| matrix.begin(columns.width()))
}

/// Numbers and how they are laid out.
struct Array<'a> {
    data: &'a [u8],
    row_count: u64,
    width: usize,
    fortran_order: bool,
}

fn row_count(header: &Header<'_>, width: usize) -> Result<u64, Error> {
    let [first, second] = header.sizes;
    let (rows, found) = match header.dimensions {
        1 if width == 1 => (first, 1),
        1 => (1, first),
        2 => (first, second),
        count => {
            let message = format!("the array has {count} dimensions; send one row or a matrix");
            return Err(Error::columns(message));
        }
    };
    if rows == 0 {
        return Err(Error::malformed("the body holds no rows"));
    }
    if found != width as u64 {
        return Err(wrong_count(usize::try_from(found).unwrap_or(usize::MAX), width));
    }
    Ok(rows)
}

impl Array<'_> {
    /// Nothing is read of an array that is not there as a whole, so that no header can ask for more
    /// memory than its body has bytes.
    fn check_length(&self, size: usize) -> Result<(), Error> {
        let expected = self.row_count.checked_mul(self.width as u64 * size as u64);
        if expected == Some(self.data.len() as u64) {
            return Ok(());
        }
        let expected = expected.map_or("far more".to_owned(), |bytes| bytes.to_string());
        let found = self.data.len();
        Err(Error::malformed(format!("the array has {found} bytes, its shape asks for {expected}")))
    }

    /// The numbers of `N` bytes in the order of rows.
    fn fill<V: Real, const N: usize>(&self, matrix: &mut Matrix<V>, value: impl Fn([u8; N]) -> V) {
        let (numbers, _) = self.data.as_chunks::<N>();
        let row_count = numbers.len() / self.width;
        for row in 0..row_count {
            let values = matrix.push_row();
            let (start, step) =
                if self.fortran_order { (row, row_count) } else { (row * self.width, 1) };
            for (column, slot) in values.iter_mut().enumerate() {
                *slot = value(numbers[start + column * step]);
            }
        }
    }
}

/// The type of an array's numbers.
#[derive(Clone, Copy)]
struct Element {
    kind: u8,
    /// Bytes per number.
    size: usize,
    big_endian: bool,
}

impl Element {
    /// By `NumPy`'s array protocol: byte order, kind, bytes.
    fn of(descr: &[u8]) -> Result<Self, Error> {
        let (order, kind, size) = match descr {
            [order @ (b'<' | b'>' | b'|' | b'='), kind, size] => (*order, *kind, *size),
            _ => return Err(unknown(descr)),
        };
        match (kind, size) {
            (b'f', b'2' | b'4' | b'8')
            | (b'i' | b'u', b'1' | b'2' | b'4' | b'8')
            | (b'b', b'1') => {
                Ok(Self { kind, size: usize::from(size - b'0'), big_endian: order == b'>' })
            }
            _ => Err(unknown(descr)),
        }
    }

    fn fill<V: Real>(self, array: &Array<'_>, matrix: &mut Matrix<V>) {
        let (signed, unsigned) = (V::from_i64, V::from_u64);
        match (self.kind, self.size) {
            (b'f', 2) => self.put(array, matrix, |b| V::from_f32(half(u16::from_le_bytes(b)))),
            (b'f', 4) => self.put(array, matrix, |b| V::from_f32(f32::from_le_bytes(b))),
            (b'f', _) => self.put(array, matrix, |b| V::from_f64(f64::from_le_bytes(b))),
            (b'i', 1) => self.put(array, matrix, |b| signed(i8::from_le_bytes(b).into())),
            (b'i', 2) => self.put(array, matrix, |b| signed(i16::from_le_bytes(b).into())),
            (b'i', 4) => self.put(array, matrix, |b| signed(i32::from_le_bytes(b).into())),
            (b'i', _) => self.put(array, matrix, |b| signed(i64::from_le_bytes(b))),
            (b'u', 2) => self.put(array, matrix, |b| unsigned(u16::from_le_bytes(b).into())),
            (b'u', 4) => self.put(array, matrix, |b| unsigned(u32::from_le_bytes(b).into())),
            (b'u', 8) => self.put(array, matrix, |b| unsigned(u64::from_le_bytes(b))),
            // Booleans and the shortest integers.
            _ => self.put(array, matrix, |[byte]| unsigned(byte.into())),
        }
    }

    fn put<V: Real, const N: usize>(
        self,
        array: &Array<'_>,
        matrix: &mut Matrix<V>,
        value: impl Fn([u8; N]) -> V,
    ) {
        if self.big_endian {
            array.fill(matrix, |mut bytes: [u8; N]| {
                bytes.reverse();
                value(bytes)
            });
        } else {
            array.fill(matrix, value);
        }
    }
}

/// A float of 16 bits, by IEEE 754: 1 sign, 5 exponent, 10 fraction. `f32` holds all of them.
fn half(bits: u16) -> f32 {
    const ONE_STEP: f32 = 1.0 / 16_777_216.0;
    let fraction = u32::from(bits & 0x3FF);
    let magnitude = match u32::from(bits >> 10 & 0x1F) {
        0 => fraction as f32 * ONE_STEP,
        0x1F => f32::from_bits(0x7F80_0000 | fraction << 13),
        exponent => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cold]
fn unknown(descr: &[u8]) -> Error {
    let found = quote(descr);
    Error::malformed(format!("the array is of type {found}; send one of floats or integers"))
}

fn finite<V: Real>(matrix: &Matrix<V>) -> Result<(), Error> {
    match matrix.values().iter().position(|value| !value.finite() && !value.missing()) {
        None => Ok(()),
        Some(at) => {
            let (row, column) = (at / matrix.width(), at % matrix.width());
            let expected = NotANumber::Infinite.expected::<V>();
            let message = format!("found an infinite value, expected {expected}");
            Err(Error::malformed(message).in_row(row + 1).in_column(column + 1))
        }
    }
}
