//! libsvm bodies that are read and those that are refused.

use records::{Columns, Matrix, libsvm};

use crate::table::{
    Expect::{Columns as Refused, Malformed, Rows},
    NAN, check, named, read_libsvm,
};

#[test]
fn rows() {
    let cases = [
        ("1:1 2:2 3:3", Rows(&[1.0, 2.0, 3.0])),
        ("0 1:1 2:2 3:3\n", Rows(&[1.0, 2.0, 3.0])),
        ("-1.5e3 3:3 1:1", Rows(&[1.0, NAN, 3.0])),
        ("0:1 1:2 2:3", Rows(&[1.0, 2.0, 3.0])),
        ("1:1\n0:7", Rows(&[NAN, 1.0, NAN, 7.0, NAN, NAN])),
        ("1:1\n00:7", Rows(&[NAN, 1.0, NAN, 7.0, NAN, NAN])),
        ("10 1:10\n", Rows(&[10.0, NAN, NAN])),
        ("1:1 2:0 3:-0", Rows(&[1.0, 0.0, -0.0])),
        ("1:.5 2:+2e-1 3:12345678", Rows(&[0.5, 0.2, 12_345_678.0])),
        ("1:nan 2:NA 3:true", Rows(&[NAN, NAN, 1.0])),
        ("1 qid:3 2:5", Rows(&[NAN, 5.0, NAN])),
        ("qid:0 2:5", Rows(&[NAN, 5.0, NAN])),
        ("1:0.2 2:1", Rows(&[0.2, 1.0, NAN])),
        ("1\n0 2:5\n0", Rows(&[NAN, NAN, NAN, NAN, 5.0, NAN, NAN, NAN, NAN])),
        ("\n\r\n 1:1\t2:2 \r\n\n\n3:3 \n", Rows(&[1.0, 2.0, NAN, NAN, NAN, 3.0])),
        ("\u{feff}1 1:4", Rows(&[4.0, NAN, NAN])),
        ("\u{feff}0:4", Rows(&[4.0, NAN, NAN])),
    ];
    check(read_libsvm, &named(3), &cases);
    check(read_libsvm, &Columns::unnamed(3), &cases);
}

#[test]
fn rows_that_are_refused() {
    let cases = [
        ("", Malformed("the body holds no rows")),
        (" \n\r\n", Malformed("the body holds no rows")),
        ("1,2,3", Malformed("row 1: found `1,2,3`, expected `index:value` (at byte 0)")),
        ("1 1:1\n1 5\n", Malformed("row 2: found `5`, expected `index:value` (at byte 8)")),
        ("1:x", Malformed("row 1: found `x`, expected a number (at byte 0)")),
        ("1:1:1", Malformed("row 1: found `1:1`, expected a number (at byte 0)")),
        ("1:inf", Malformed("row 1: found `inf`, expected a finite 32-bit number (at byte 0)")),
        ("-1:1", Malformed("row 1: found `-1:1`, expected `index:value` (at byte 0)")),
        (":1", Malformed("row 1: found `:1`, expected `index:value` (at byte 0)")),
        ("1 qid:1 qid:2", Malformed("row 1: found `qid:2`, expected `index:value` (at byte 8)")),
        ("1:1 1:2", Malformed("row 1: feature 1 stands there twice (at byte 4)")),
        ("4:1", Refused("row 1: found feature 4, but the model has features 1 to 3 (at byte 0)")),
        (
            "0:1\n3:1",
            Refused("row 2: found feature 3, but the model has features 0 to 2 (at byte 4)"),
        ),
        (
            "99999999999999999999:1",
            Refused(
                "row 1: found feature 18446744073709551615, but the model has features 1 to 3 \
                 (at byte 0)",
            ),
        ),
    ];
    check(read_libsvm, &named(3), &cases);
    let no_columns = "the model has no columns, so it can't take any values";
    check(read_libsvm, &named(0), &[("1:1", Refused(no_columns)), ("1", Refused(no_columns))]);
}

#[test]
fn blocks_hold_as_many_rows_as_were_asked_for() {
    let columns = named(2);
    let mut matrix = Matrix::new();
    let mut reader = libsvm::Reader::new(b"1:1\n1:2\n1:3\n1:4\nx", &columns);
    for expect in [&[1.0, 2.0], &[3.0, 4.0]] {
        reader.read(&mut matrix, 2).expect("two rows");
        let first: Vec<f32> = matrix.values().iter().copied().step_by(2).collect();
        assert_eq!(first, expect);
    }
    let error = reader.read(&mut matrix, 2).expect_err("the fifth row");
    assert_eq!(error.to_string(), "row 5: found `x`, expected `index:value` (at byte 16)");
    let mut reader = libsvm::Reader::new(b"1:1\n", &columns);
    for rows in [1, 0, 0] {
        reader.read(&mut matrix, 2).expect("the end is no error");
        assert_eq!(matrix.row_count(), rows);
    }
}
