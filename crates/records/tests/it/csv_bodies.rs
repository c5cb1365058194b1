//! CSV bodies that are read and those that are refused.

use records::{Columns, Matrix, csv};

use crate::table::{
    Expect::{Columns as Refused, Malformed, Rows},
    NAN, check, named,
};

#[test]
fn rows_without_a_header() {
    let cases = [
        ("1,2,3", Rows(&[1.0, 2.0, 3.0])),
        ("1,2,3\n", Rows(&[1.0, 2.0, 3.0])),
        ("1,2,3\r\n4,5,6\r\n", Rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
        ("1,2,3\r4,5,6", Rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
        ("\n \n1,2,3\n\n  \r\n4,5,6\n\n", Rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
        ("\u{feff}1,2,3", Rows(&[1.0, 2.0, 3.0])),
        ("-1,-0,+2.5", Rows(&[-1.0, -0.0, 2.5])),
        (".5,1.,1e-3", Rows(&[0.5, 1.0, 0.001])),
        ("1234567,12345678,123456789012", Rows(&[1_234_567.0, 12_345_678.0, 123_456_790_000.0])),
        ("0.1,3.4028235e38,1e-50", Rows(&[0.1, f32::MAX, 0.0])),
        (",,", Rows(&[NAN, NAN, NAN])),
        ("1,,3\n,2,\n", Rows(&[1.0, NAN, 3.0, NAN, 2.0, NAN])),
        ("nan,NA,null", Rows(&[NAN, NAN, NAN])),
        ("None,n/a,<NA>", Rows(&[NAN, NAN, NAN])),
        ("True,false,1", Rows(&[1.0, 0.0, 1.0])),
        (" 1 ,\t2, 3 \n", Rows(&[1.0, 2.0, 3.0])),
        ("\"1\",\" 2\",\"\"\n", Rows(&[1.0, 2.0, NAN])),
        ("1\t2\t3\n4\t\t6", Rows(&[1.0, 2.0, 3.0, 4.0, NAN, 6.0])),
        ("1;2;3", Rows(&[1.0, 2.0, 3.0])),
        ("1|2|3", Rows(&[1.0, 2.0, 3.0])),
        ("1 2 3\n 4  5 6 \n", Rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
    ];
    check(csv::read, &named(3), &cases);
    check(csv::read, &Columns::unnamed(3), &cases);
}

#[test]
fn one_column() {
    let cases = [
        ("1\n2\n", Rows(&[1.0, 2.0])),
        (" 7 ", Rows(&[7.0])),
        ("nan\n\"\"\n", Rows(&[NAN, NAN])),
        ("a\n5\n", Rows(&[5.0])),
        (
            "1,2",
            Refused(
                "row 1: found 2 values, but the model expects 1; leave the label out (at byte 0)",
            ),
        ),
    ];
    check(csv::read, &named(1), &cases);
}

#[test]
fn rows_that_are_refused() {
    let cases = [
        ("", Malformed("the body holds no rows")),
        ("\n \r\n", Malformed("the body holds no rows")),
        ("1,2\n", Refused("row 1: found 2 values, but the model expects 3 (at byte 0)")),
        (
            "1,2,3\n4,5,6,7,8\n",
            Refused("row 2: found 5 values, but the model expects 3 (at byte 6)"),
        ),
        (
            "1,2,3\n4,5,6,7\n",
            Refused(
                "row 2: found 4 values, but the model expects 3; leave the label out (at byte 6)",
            ),
        ),
        (
            "1,2,3,\n",
            Refused(
                "row 1: found 4 values, but the model expects 3; leave the label out (at byte 0)",
            ),
        ),
        ("1,2,3\n4,x,6", Malformed("row 2, column 2: found `x`, expected a number (at byte 8)")),
        ("1,2,x", Malformed("row 1, column 3: found `x`, expected a number (at byte 4)")),
        (
            "1,inf,2",
            Malformed("row 1, column 2: found `inf`, expected a finite 32-bit number (at byte 2)"),
        ),
        (
            "1,2,1e39",
            Malformed("row 1, column 3: found `1e39`, expected a finite 32-bit number (at byte 4)"),
        ),
        ("1,\"2,3", Malformed("row 1, column 2: a quoted field has no closing quote (at byte 2)")),
        (
            "1,\"2\"x,3",
            Malformed(
                "row 1, column 2: found text behind the closing quote of a field, expected a delimiter (at byte 5)",
            ),
        ),
        ("1,5;2,5;3,5", Malformed("row 1, column 2: found `5;2`, expected a number (at byte 2)")),
        (
            "1,2,\u{1}\u{e9}",
            Malformed("row 1, column 3: found `\\u{1}é`, expected a number (at byte 4)"),
        ),
    ];
    check(csv::read, &named(3), &cases);
    check(csv::read, &Columns::unnamed(3), &cases);
}

#[test]
fn headers_match_by_name() {
    check(
        csv::read,
        &named(3),
        &[
            ("a,b,c\n1,2,3\n", Rows(&[1.0, 2.0, 3.0])),
            ("c,a,b\n3,1,2\n6,4,5\n", Rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
            ("\u{feff}\"c\", a ,b\r\n3,1,2\r\n", Rows(&[1.0, 2.0, 3.0])),
            (",c,note,a,b\n0,3,\"x, \"\"y\"\"\nz\",1,\n", Rows(&[1.0, NAN, 3.0])),
            ("c;x;a;b\n3;x y;1;2", Rows(&[1.0, 2.0, 3.0])),
            (
                "\"a,x\" \"\"\tc\ta\tb\n0\t3\t1\t2",
                Malformed(
                    "row 1, column 1: found text behind the closing quote of a field, expected a delimiter (at byte 6)",
                ),
            ),
            ("c a b\n3 1 2", Rows(&[1.0, 2.0, 3.0])),
            ("a,b\n1,2\n", Refused("row 1: the model needs `c`, not found here")),
            ("c,label\n1,2\n", Refused("row 1: the model needs `a`, `b`, not found here")),
            ("a,b,c,b\n1,2,3,4\n", Refused("row 1: the header names `b` more than once")),
            (
                "x,y,z\n1,2,3\n",
                Malformed(
                    "row 1: found text that is neither numbers nor a header with the columns `a`, `b`, `c` (at byte 0)",
                ),
            ),
            (
                "a,b,c\n1,2\n",
                Malformed("row 2: found 2 values, but the header names 3 columns (at byte 6)"),
            ),
            (
                "c,x,a,b\n3,,1,q\n",
                Malformed("row 2, column 4: found `q`, expected a number (at byte 13)"),
            ),
            ("a,b,c\n", Malformed("the body holds a header, but no rows")),
        ],
    );
}

#[test]
fn a_long_list_of_missing_columns_is_cut_short() {
    check(
        csv::read,
        &named(9),
        &[(
            "a,x\n1,2\n",
            Refused("row 1: the model needs `b`, `c`, `d` and 5 more, not found here"),
        )],
    );
}

#[test]
fn a_header_needs_a_model_with_names() {
    check(
        csv::read,
        &Columns::unnamed(2),
        &[(
            "a,b\n1,2\n",
            Malformed(
                "row 1: found text instead of numbers; the model was saved without column names, \
                 so send the rows without a header, in the model's order (at byte 0)",
            ),
        )],
    );
}

#[test]
fn errors_tell_their_place_apart_from_their_text() {
    let error = csv::read(b"1,2\n3,x\n", &Columns::unnamed(2), &mut Matrix::new())
        .expect_err("`x` is not a number");
    assert_eq!((error.row(), error.column(), error.offset()), (Some(2), Some(2), Some(6)));
}

#[test]
fn bytes_that_are_not_utf8_are_refused_as_values_and_ignored_in_other_columns() {
    let mut matrix = Matrix::new();
    csv::read(b"a,note\n1,caf\xe9\n", &named(1), &mut matrix).expect("the note doesn't count");
    assert_eq!(matrix.values(), [1.0]);
    let error = csv::read(b"1\n\xff", &named(1), &mut matrix).expect_err("not a number");
    assert!(error.to_string().contains('\u{fffd}'), "{error}");
}

#[test]
fn memory_of_a_large_body_is_given_back() {
    let mut matrix = Matrix::new();
    csv::read("1\n".repeat(100_000).as_bytes(), &named(1), &mut matrix).expect("fixture");
    assert_eq!(matrix.row_count(), 100_000);
    matrix.release_above(1000);
    assert_eq!((matrix.row_count(), matrix.values().len()), (0, 0));
    csv::read(b"1\n", &named(1), &mut matrix).expect("fixture");
    assert_eq!(matrix.values(), [1.0]);
}
