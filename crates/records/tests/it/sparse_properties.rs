//! Properties of the formats that are not text, and of libsvm: no panic on any bytes, and every row
//! that can be written is read back, whatever the size of blocks.

use proptest::{collection::vec, prelude::*};
use records::{Cell, Columns, Error, Matrix, jsonlines, libsvm, npy, recordio};

use crate::table::{NAN, Read, bits, named, read_libsvm, read_recordio};

/// The values of a row; `None` is not written.
fn row(width: usize) -> impl Strategy<Value = Vec<Option<f32>>> {
    let value = any::<f32>().prop_filter("finite", |value| value.is_finite());
    vec(prop::option::of(value), width)
}

fn values_of(rows: &[Vec<Option<f32>>]) -> Vec<f32> {
    rows.iter().flatten().map(|value| value.unwrap_or(NAN)).collect()
}

/// One line per row, features counted from `base`.
fn libsvm_body(rows: &[Vec<Option<f32>>], base: usize, label: &str) -> String {
    let line = |row: &Vec<Option<f32>>| {
        let present = row.iter().enumerate().filter_map(|(i, v)| v.map(|v| (i, v)));
        let features = present.map(|(index, value)| format!(" {}:{value}", index + base));
        format!("{label}{}\n", features.collect::<String>())
    };
    rows.iter().map(line).collect()
}

fn varint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    varint(bytes.len(), &mut out);
    out.extend_from_slice(bytes);
    out
}

/// A sparse record; all its parts packed.
fn record(row: &[Option<f32>]) -> Vec<u8> {
    let (mut keys, mut values, mut shape) = (Vec::new(), Vec::new(), Vec::new());
    for (key, value) in row.iter().enumerate().filter_map(|(key, v)| v.map(|v| (key, v))) {
        varint(key, &mut keys);
        values.extend_from_slice(&value.to_le_bytes());
    }
    varint(row.len(), &mut shape);
    let tensor = [field(1, &values), field(2, &keys), field(3, &shape)].concat();
    let entry = [field(1, b"values"), field(2, &field(2, &tensor))].concat();
    let mut payload = field(1, &entry);
    let length = u32::try_from(payload.len()).expect("short");
    payload.resize(payload.len().next_multiple_of(4), 0);
    [&0xCED7_230A_u32.to_le_bytes()[..], &length.to_le_bytes(), &payload].concat()
}

/// All rows of a body that is read in blocks.
fn in_blocks(
    mut read: impl FnMut(&mut Matrix) -> Result<(), Error>,
) -> Result<Vec<f32>, TestCaseError> {
    let (mut matrix, mut values) = (Matrix::new(), Vec::new());
    loop {
        read(&mut matrix).map_err(|error| TestCaseError::fail(error.to_string()))?;
        if matrix.row_count() == 0 {
            return Ok(values);
        }
        values.extend_from_slice(matrix.values());
    }
}

const READERS: [Read; 4] = [read_libsvm, read_recordio, npy::read, jsonlines::read];

fn never_panics(body: &[u8], width: usize) -> Result<(), TestCaseError> {
    let mut matrix = Matrix::new();
    for columns in [named(width), Columns::unnamed(width)] {
        for read in READERS {
            let outcome = read(body, &columns, &mut matrix);
            prop_assert_eq!(outcome.is_ok(), matrix.row_count() > 0);
            prop_assert_eq!(matrix.values().len(), matrix.row_count() * width);
            prop_assert!(matrix.values().iter().all(|value| !value.is_infinite()));
        }
    }
    Ok(())
}

/// Text that comes close to libsvm more often than random bytes do.
fn almost_libsvm() -> impl Strategy<Value = String> {
    let pieces =
        ["1", "0", "2", ":", ":", " ", "\n", "\t", "\r", "1:", "0:", "nan", "qid:", "-", "."];
    vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat())
}

/// A header of an array that comes close to those of `NumPy`.
fn almost_header() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "'descr'",
        ":",
        "'<f4'",
        "'|b1'",
        ", ",
        "'fortran_order'",
        "True",
        "False",
        "'shape'",
        "(",
        ")",
        "2",
        "1",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (",
    ];
    vec(prop::sample::select(pieces.to_vec()), 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in vec(any::<u8>(), 0..200), width in 0..4_usize) {
        never_panics(&body, width)?;
    }

    #[test]
    fn bytes_in_a_frame_are_read_or_refused(payload in vec(any::<u8>(), 0..100), width in 0..4_usize) {
        let length = u32::try_from(payload.len()).expect("short");
        let body = [&0xCED7_230A_u32.to_le_bytes()[..], &length.to_le_bytes(), &payload].concat();
        never_panics(&body, width)?;
        let tensor = [field(1, b"values"), field(2, &field(2, &payload))].concat();
        let payload = field(1, &tensor);
        let length = u32::try_from(payload.len()).expect("short");
        let body = [&0xCED7_230A_u32.to_le_bytes()[..], &length.to_le_bytes(), &payload].concat();
        never_panics(&body, width)?;
    }

    #[test]
    fn damaged_bodies_are_read_or_refused(
        rows in vec(row(3), 1..4),
        at in any::<prop::sample::Index>(),
        byte: u8,
        cut in any::<prop::sample::Index>(),
    ) {
        let records: Vec<u8> = rows.iter().flat_map(|row| record(row)).collect();
        let mut array = Vec::new();
        npy::write(&values_of(&rows), 3, &mut array);
        for mut body in [records, array, libsvm_body(&rows, 1, "1").into_bytes()] {
            let place = at.index(body.len());
            body[place] = byte;
            never_panics(&body, 3)?;
            body.truncate(cut.index(body.len()));
            never_panics(&body, 3)?;
        }
    }

    #[test]
    fn almost_libsvm_is_read_or_refused(body in almost_libsvm(), width in 0..4_usize) {
        never_panics(body.as_bytes(), width)?;
    }

    #[test]
    fn almost_headers_are_read_or_refused(header in almost_header(), data in vec(any::<u8>(), 0..17)) {
        let length = u16::try_from(header.len()).expect("short");
        let start = [b"\x93NUMPY\x01\x00", &length.to_le_bytes()[..]].concat();
        never_panics(&[&start, header.as_bytes(), &data].concat(), 2)?;
    }

    #[test]
    fn libsvm_is_read_back(rows in vec(row(4), 1..8), rows_max in 1..9_usize, from_0: bool) {
        // Only an index that is 0 tells that features count from 0.
        let from_0 = from_0 && rows.iter().any(|row| row[0].is_some());
        let body = libsvm_body(&rows, usize::from(!from_0), "-1.5");
        let columns = named(4);
        let mut reader = libsvm::Reader::new(body.as_bytes(), &columns);
        let values = in_blocks(|matrix| reader.read(matrix, rows_max))?;
        prop_assert_eq!(bits(&values), bits(&values_of(&rows)));
    }

    #[test]
    fn records_are_read_back(rows in vec(row(300), 1..5), rows_max in 1..6_usize) {
        let body: Vec<u8> = rows.iter().flat_map(|row| record(row)).collect();
        let columns = Columns::unnamed(300);
        let mut reader = recordio::Reader::new(&body, &columns);
        let values = in_blocks(|matrix| reader.read(matrix, rows_max))?;
        prop_assert_eq!(bits(&values), bits(&values_of(&rows)));
    }

    #[test]
    fn arrays_are_read_back(rows in vec(row(3), 1..5)) {
        let values = values_of(&rows);
        let mut body = Vec::new();
        npy::write(&values, 3, &mut body);
        let mut matrix = Matrix::new();
        npy::read(&body, &named(3), &mut matrix).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(bits(matrix.values()), bits(&values));
    }

    #[test]
    fn json_lines_agree_with_json(rows in vec(row(3), 1..5)) {
        let lines: Vec<String> = rows
            .iter()
            .map(|row| serde_json::to_string(row).expect("numbers"))
            .collect();
        let (mut matrix, mut other) = (Matrix::new(), Matrix::new());
        jsonlines::read(lines.join("\n").as_bytes(), &named(3), &mut matrix)
            .map_err(|e| TestCaseError::fail(e.to_string()))?;
        records::json::read(format!("[{}]", lines.join(",")).as_bytes(), &named(3), &mut other)
            .map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(bits(matrix.values()), bits(other.values()));
    }

    #[test]
    fn objects_of_any_names_are_json(name in ".{0,9}", values in vec(any::<f32>(), 0..4)) {
        let row = [(&*name, Cell::Numbers(&values)), ("another name", Cell::Missing)];
        let mut out = Vec::new();
        jsonlines::write_records(std::iter::once(row.into_iter()), &mut out);
        let document: serde_json::Value = serde_json::from_slice(&out)
            .map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(document[&name].as_array().map(Vec::len), Some(values.len()));
    }
}
