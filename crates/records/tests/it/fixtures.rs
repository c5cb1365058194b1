//! Bodies that other software has written are read as other software reads them, and what the
//! writers print is what other software would: one case per file in `fixtures`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use records::{Cell, Columns, Matrix, npy, recordio};
use serde_json::Value;

use crate::table::{NAN, Read, bits, read_libsvm, read_recordio};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Checks every body in `name` that has its rows beside it; says how many.
fn check(name: &str, read: Read) -> usize {
    let entries = fs::read_dir(directory(name)).expect("a directory");
    let mut count = 0;
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            check_file(&path.with_extension(""), &path, read);
            count += 1;
        }
    }
    count
}

fn check_file(body: &Path, expected: &Path, read: Read) {
    let name = body.display();
    let expected: Value = serde_json::from_slice(&bytes(expected)).expect("JSON");
    let width = expected["width"].as_u64().expect("a number") as usize;
    let rows: Vec<Vec<Option<f32>>> =
        serde_json::from_value(expected["rows"].clone()).expect("rows");
    let values: Vec<f32> = rows.concat().into_iter().map(|v| v.unwrap_or(NAN)).collect();
    let mut matrix = Matrix::new();
    let outcome = read(&bytes(body), &Columns::unnamed(width), &mut matrix);
    outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(matrix.row_count(), rows.len(), "{name}");
    assert_eq!(bits(matrix.values()), bits(&values), "{name}: {:?}", matrix.values());
}

#[test]
fn bodies_of_other_software_are_read() {
    assert_eq!(check("libsvm", read_libsvm), 2);
    assert_eq!(check("recordio", read_recordio), 19);
    assert_eq!(check("npy", npy::read), 27);
}

type Write = fn(&[f32], usize, &mut Vec<u8>);

/// The scores that `generate.py` has written.
const SCORES: [f32; 6] = [0.25, 0.1, -3.0, 7e9, NAN, f32::INFINITY];

#[test]
fn scores_are_printed_as_by_other_software() {
    let wide: Vec<f32> = (0..100_u8).map(f32::from).collect();
    let cases: [(&str, Write, &[f32], usize); 6] = [
        ("vector.npy", npy::write, &SCORES, 1),
        ("matrix.npy", npy::write, &SCORES, 2),
        ("nothing.npy", npy::write, &[], 1),
        ("vector.pbr", recordio::write, &SCORES, 1),
        ("matrix.pbr", recordio::write, &SCORES, 2),
        ("wide.pbr", recordio::write, &wide, 100),
    ];
    for (name, write, values, width) in cases {
        let mut out = Vec::new();
        write(values, width, &mut out);
        assert_eq!(out, bytes(&directory("replies").join(name)), "{name}");
    }
}

#[test]
fn records_of_cells_are_printed_as_by_the_sdk() {
    let row = |label, pair: [f32; 2]| {
        let cells = [
            ("predicted_label", Cell::Label(label)),
            ("labels", Cell::Labels(2)),
            ("probabilities", Cell::Pair(pair)),
            ("x", Cell::Missing),
        ];
        cells.into_iter()
    };
    let mut out = Vec::new();
    let rows = [row(1, [0.75, 0.25]), row(0, [0.125, 0.875])];
    recordio::write_records(rows.into_iter(), &mut out);
    assert_eq!(out, bytes(&directory("replies").join("selected.pbr")));
}
