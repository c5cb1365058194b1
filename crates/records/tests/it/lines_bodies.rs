//! JSON Lines bodies that are read and those that are refused.

use records::jsonlines;

use crate::table::{
    Expect::{Columns as Refused, Malformed, Rows},
    NAN, check, named,
};

const TWO: &[f32] = &[1.0, 2.0, 3.0, 4.0];

#[test]
fn rows() {
    let cases = [
        ("[1,2]", Rows(&[1.0, 2.0])),
        ("[1,2]\n[3,4]\n", Rows(TWO)),
        ("\n[1,2] \r\n\n\t[3,4]\r\n\r\n", Rows(TWO)),
        (r#"{"a":1,"b":2}"#, Rows(&[1.0, 2.0])),
        ("{\"b\":2,\"a\":1}\n{\"a\":3,\"x\":[],\"b\":4}", Rows(TWO)),
        ("{\"features\":[1,2]}\n{\"data\":{\"features\":{\"values\":[3,4]}}}", Rows(TWO)),
        ("[null,NaN]\n{\"a\":\"1\",\"b\":true}\n", Rows(&[NAN, NAN, 1.0, 1.0])),
        (
            "{\"columns\":[\"b\",\"a\"],\"data\":[[2,1]]}\n[3,4]\n\
             {\"columns\":[\"b\",\"a\"],\"data\":[[2,1]]}",
            Rows(&[1.0, 2.0, 3.0, 4.0, 1.0, 2.0]),
        ),
    ];
    check(jsonlines::read, &named(2), &cases);
}

#[test]
fn lines_that_are_refused() {
    let cases = [
        ("", Malformed("the body holds no rows")),
        (" \n", Malformed("the body holds no rows")),
        ("[1,2] [3,4]", Malformed("row 1: found a list, expected the end of the line (at byte 6)")),
        (
            "[1,2]\n[3,4],\n[5,6]",
            Malformed("row 2: found `,`, expected the end of the line (at byte 11)"),
        ),
        ("[[1,2]]", Malformed("row 1, column 1: found a list, expected a number (at byte 1)")),
        (
            "[1,2]\n{\"data\":[[1,2],[3,4]]}",
            Malformed("row 2: found 2 rows, expected one (at byte 6)"),
        ),
        (
            "[1,2]\n3",
            Malformed("row 2: found `3`, expected a row: a list or an object (at byte 6)"),
        ),
        ("[1,2]\n[3]", Refused("row 2: found 1 values, but the model expects 2 (at byte 6)")),
        ("[1,2]\n{\"a\":3}", Refused("row 2: the model needs `b`, not found here (at byte 6)")),
    ];
    check(jsonlines::read, &named(2), &cases);
}
