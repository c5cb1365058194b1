//! Rows of `body -> rows or message`, and how they are checked.

use records::{Columns, Error, ErrorKind, Matrix, libsvm, recordio};

/// What a reader should make of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expect {
    /// The values of all rows; `NAN` is a missing value.
    Rows(&'static [f32]),
    /// Malformed, with this message.
    Malformed(&'static str),
    /// Columns that are not the model's, with this message.
    Columns(&'static str),
}

pub(crate) type Read = fn(&[u8], &Columns, &mut Matrix) -> Result<(), Error>;

pub(crate) const NAN: f32 = f32::NAN;

/// A whole libsvm body at once.
pub(crate) fn read_libsvm(
    body: &[u8],
    columns: &Columns,
    matrix: &mut Matrix,
) -> Result<(), Error> {
    libsvm::Reader::new(body, columns).read(matrix, usize::MAX)
}

/// A whole `RecordIO` body at once.
pub(crate) fn read_recordio(
    body: &[u8],
    columns: &Columns,
    matrix: &mut Matrix,
) -> Result<(), Error> {
    recordio::Reader::new(body, columns).read(matrix, usize::MAX)
}

/// The columns `a`, `b` and so on, `width` of them.
pub(crate) fn named(width: usize) -> Columns {
    Columns::named(('a'..).take(width).map(String::from))
}

/// Reads every body with the same matrix, as a server's thread does, and compares.
pub(crate) fn check<B>(read: Read, columns: &Columns, cases: &[(B, Expect)])
where
    B: AsRef<[u8]>,
{
    let mut matrix = Matrix::new();
    for (body, expect) in cases {
        let outcome = read(body.as_ref(), columns, &mut matrix);
        let body = String::from_utf8_lossy(body.as_ref());
        match (*expect, outcome) {
            (Expect::Rows(values), Ok(())) => {
                assert_eq!(bits(matrix.values()), bits(values), "{body:?}: {:?}", matrix.values());
                assert_eq!(matrix.row_count() * columns.width(), values.len(), "{body:?}");
            }
            (Expect::Malformed(message), Err(error)) => {
                assert_eq!(error.to_string(), message, "{body:?}");
                assert_eq!(error.kind(), ErrorKind::Malformed, "{body:?}");
                assert_eq!(matrix.row_count(), 0, "{body:?} left rows behind");
            }
            (Expect::Columns(message), Err(error)) => {
                assert_eq!(error.to_string(), message, "{body:?}");
                assert_eq!(error.kind(), ErrorKind::Columns, "{body:?}");
                assert_eq!(matrix.row_count(), 0, "{body:?} left rows behind");
            }
            (expect, outcome) => panic!("{body:?}: expected {expect:?}, found {outcome:?}"),
        }
    }
}

/// Values as bits, so that missing values compare equal and -0 differs from 0.
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| if v.is_nan() { NAN.to_bits() } else { v.to_bits() }).collect()
}
