//! Bodies of invocations: whatever is sent, rows are as wide as the model or there are none, and
//! what an earlier body left behind shows in nothing.

use records::{Columns, Error, Matrix};

/// Rows whole bodies are read to, in one piece.
const ROWS_MAX: usize = 1 << 12;

/// CSV, with and without names.
pub fn csv(body: &[u8]) {
    check(body, records::csv::read);
}

/// JSON, in every shape. What is read as JSON is JSON.
pub fn json(body: &[u8]) {
    check(body, records::json::read);
}

/// JSON Lines.
pub fn jsonlines(body: &[u8]) {
    check(body, records::jsonlines::read);
}

/// Arrays of `NumPy`.
pub fn npy(body: &[u8]) {
    check(body, records::npy::read);
}

/// libsvm. Blocks of any size hold the same rows.
pub fn libsvm(body: &[u8]) {
    check(body, |body, columns, matrix| {
        records::libsvm::Reader::new(body, columns).read(matrix, ROWS_MAX)
    });
    for columns in columns() {
        let mut reader = records::libsvm::Reader::new(body, &columns);
        let whole = reader.clone();
        check_blocks(
            |matrix, rows| reader.read(matrix, rows),
            |matrix, rows| whole.clone().read(matrix, rows),
        );
    }
}

/// `RecordIO`-protobuf. Blocks of any size hold the same rows.
pub fn recordio(body: &[u8]) {
    check(body, |body, columns, matrix| {
        records::recordio::Reader::new(body, columns).read(matrix, ROWS_MAX)
    });
    for columns in columns() {
        let mut reader = records::recordio::Reader::new(body, &columns);
        let whole = reader.clone();
        check_blocks(
            |matrix, rows| reader.read(matrix, rows),
            |matrix, rows| whole.clone().read(matrix, rows),
        );
    }
}

/// Models of the least width, of a few named columns, and of so many that a reader's memory for
/// them matters.
fn columns() -> [Columns; 4] {
    let wide = (0..40).map(|index| format!("c{index}"));
    [
        Columns::unnamed(1),
        Columns::unnamed(3),
        Columns::named(["a", "b", "c"].map(str::to_owned)),
        Columns::named(wide),
    ]
}

fn check(body: &[u8], read: impl Fn(&[u8], &Columns, &mut Matrix) -> Result<(), Error>) {
    let mut used = Matrix::new();
    for columns in columns() {
        let mut fresh = Matrix::new();
        let outcome = read(body, &columns, &mut fresh);
        check_rows(&outcome, &fresh, columns.width());
        let again = read(body, &columns, &mut used);
        assert_eq!(outcome, again, "a used matrix is read into as a new one is");
        assert_eq!(bits(&fresh), bits(&used), "a used matrix is read into as a new one is");
    }
}

fn check_rows(outcome: &Result<(), Error>, matrix: &Matrix, width: usize) {
    let values = matrix.values();
    assert_eq!(values.len(), matrix.row_count() * width);
    assert!(!values.iter().any(|value| value.is_infinite()), "infinite values are refused");
    match outcome {
        Ok(()) => assert!(matrix.row_count() > 0, "a body without rows is refused"),
        Err(error) => {
            assert_eq!(matrix.row_count(), 0, "an error leaves no rows");
            assert!(!error.to_string().is_empty(), "an error says something");
        }
    }
}

/// Row by row until the first error, and as much at once.
fn check_blocks(
    mut next: impl FnMut(&mut Matrix, usize) -> Result<(), Error>,
    whole: impl Fn(&mut Matrix, usize) -> Result<(), Error>,
) {
    let (mut matrix, mut rows) = (Matrix::new(), Vec::new());
    let mut count = 0;
    while count < ROWS_MAX && next(&mut matrix, 1).is_ok() && matrix.row_count() > 0 {
        rows.extend(bits(&matrix));
        count += 1;
    }
    if count > 0 {
        whole(&mut matrix, count).expect("rows that are read one by one are read together");
        assert_eq!(rows, bits(&matrix), "a block holds the rows that blocks of one hold");
    }
}

fn bits(matrix: &Matrix) -> Vec<u32> {
    matrix.values().iter().map(|value| value.to_bits()).collect()
}
