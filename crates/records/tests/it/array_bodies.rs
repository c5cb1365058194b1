//! `NumPy` arrays that are refused, and forms of the header that `NumPy` doesn't write by itself.

use records::npy;

use crate::table::{
    Expect::{Columns as Refused, Malformed, Rows},
    check, named,
};

/// An array of version 1 with this header and these numbers.
fn array(header: &str, data: &[f32]) -> Vec<u8> {
    let length = u16::try_from(header.len()).expect("a short header");
    let mut body = b"\x93NUMPY\x01\x00".to_vec();
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(header.as_bytes());
    body.extend(data.iter().flat_map(|value| value.to_le_bytes()));
    body
}

#[test]
fn headers_in_other_words() {
    let cases = [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }\n", 3),
        ("{\"shape\":(1,3),\"fortran_order\":True,\"descr\":\"<f4\"}", 3),
        ("{'descr': '=f4', 'fortran_order': False, 'shape': (2L, 3L)}", 6),
        (" {'descr': '<f4', 'fortran_order': False, 'shape': (3,)} ", 3),
    ];
    let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    for (header, count) in cases {
        let body = array(header, &numbers[..count]);
        let expect: &'static [f32] =
            if count == 3 { &[1.0, 2.0, 3.0] } else { &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        check(npy::read, &named(3), &[(body, Rows(expect))]);
    }
    let vector = array("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", &[1.0, 2.0]);
    check(npy::read, &named(1), &[(vector, Rows(&[1.0, 2.0]))]);
}

#[test]
fn arrays_that_are_refused() {
    let typed = |descr: &str| {
        array(
            &format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1, 2)}}"),
            &[1.0, 2.0],
        )
    };
    let shaped = |shape: &str| {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}");
        array(&header, &[1.0, 2.0])
    };
    let infinite = array(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}",
        &[1.0, 2.0, 3.0, f32::NEG_INFINITY],
    );
    let cases = [
        (
            b"1,2".to_vec(),
            Malformed("the body is no NumPy array: it doesn't start with `\\x93NUMPY`"),
        ),
        (b"\x93NUMPY".to_vec(), Malformed("the body ends within the header of the array")),
        (
            b"\x93NUMPY\x01\x00\x08\x00{}".to_vec(),
            Malformed("the body ends within the header of the array"),
        ),
        (
            b"\x93NUMPY\x04\x00\x02\x00\x00\x00{}".to_vec(),
            Malformed("version 4 of NumPy's format is unknown"),
        ),
        (
            array("{}", &[]),
            Malformed("the header of the array lacks `descr`, `fortran_order` or `shape`"),
        ),
        (array("[1]", &[]), Malformed("the header of the array can't be read at `[1]`")),
        (array("{'x': 1}", &[]), Malformed("the header of the array can't be read at `1}`")),
        (typed("'|O'"), Malformed("the array is of type `|O`; send one of floats or integers")),
        (typed("'<U4'"), Malformed("the array is of type `<U4`; send one of floats or integers")),
        (typed("'<c16'"), Malformed("the array is of type `<c16`; send one of floats or integers")),
        (
            typed("[('a', '<f4'), ('b', '<f4')]"),
            Malformed(
                "the array has named fields; send a plain array of numbers, one row per record",
            ),
        ),
        (shaped("(0, 2)"), Malformed("the body holds no rows")),
        (shaped("(2, 2)"), Malformed("the array has 8 bytes, its shape asks for 16")),
        (
            shaped("(9999999999999999999, 2)"),
            Malformed("the array has 8 bytes, its shape asks for far more"),
        ),
        (
            shaped("(99999999999999999999, 2)"),
            Malformed("the header of the array can't be read at `99999999999999999999, 2)}`"),
        ),
        (shaped("(1, -2)"), Malformed("the header of the array can't be read at `-2)}`")),
        (shaped("()"), Refused("the array has 0 dimensions; send one row or a matrix")),
        (shaped("(1, 1, 2)"), Refused("the array has 3 dimensions; send one row or a matrix")),
        (shaped("(2, 1)"), Refused("found 1 values, but the model expects 2")),
        (shaped("(1, 3)"), Refused("found 3 values, but the model expects 2; leave the label out")),
        (
            infinite,
            Malformed("row 2, column 2: found an infinite value, expected a finite 32-bit number"),
        ),
    ];
    check(npy::read, &named(2), &cases);
}
