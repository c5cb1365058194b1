//! JSON bodies that are read and those that are refused.

use records::{Columns, ErrorKind, Matrix, json};

use crate::table::{
    Expect::{Columns as Refused, Malformed, Rows},
    NAN, check, named,
};

const ONE: &[f32] = &[1.0, 2.0, 3.0];
const TWO: &[f32] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

#[test]
fn lists() {
    let cases = [
        ("[1,2,3]", Rows(ONE)),
        (" [ 1 , 2\t,\r\n3 ] ", Rows(ONE)),
        ("\u{feff}[1,2,3]", Rows(ONE)),
        ("[[1,2,3]]", Rows(ONE)),
        ("[[1,2,3],[4,5,6]]", Rows(TWO)),
        (r#"{"instances":[[1,2,3],[4,5,6]]}"#, Rows(TWO)),
        (r#"{"instances":[{"features":[1,2,3]},{"features":[4,5,6]}]}"#, Rows(TWO)),
        (r#"{"instances":[{"data":{"features":{"values":[1,2,3]}}}]}"#, Rows(ONE)),
        (
            r#"{"signature":"x","instances":[[1,2,3]],"more":{"a\n":[{},[],"\\",1e5,null]}}"#,
            Rows(ONE),
        ),
        (r#"{"data":[1,2,3]}"#, Rows(ONE)),
        (r#"{"data":[[1,2,3],[4,5,6]]}"#, Rows(TWO)),
        (r#"{"features":[1,2,3]}"#, Rows(ONE)),
        (r#"{"data":{"instances":[[1,2,3]]}}"#, Rows(ONE)),
        (r#"[[1,2,3],{"features":[4,5,6]}]"#, Rows(TWO)),
        ("[null,true,false]", Rows(&[NAN, 1.0, 0.0])),
        ("[NaN,-0,-0.5e+1]", Rows(&[NAN, -0.0, -5.0])),
        (r#"["1.5","-2","1e3"]"#, Rows(&[1.5, -2.0, 1000.0])),
        (r#"["\u0031","NaN",12345678]"#, Rows(&[1.0, NAN, 12_345_678.0])),
    ];
    check(json::read, &named(3), &cases);
    check(json::read, &Columns::unnamed(3), &cases);
}

#[test]
fn records() {
    check(
        json::read,
        &named(3),
        &[
            (r#"{"a":1,"b":2,"c":3}"#, Rows(ONE)),
            (r#"[{"c":3,"a":1,"b":2},{"b":5,"c":6,"a":4}]"#, Rows(TWO)),
            (r#"[{"c": 3, "x": {"a": [9]}, "a": 1, "b": 2, "label": "z"}]"#, Rows(ONE)),
            (r#"{"\u0061":1,"\u0062":2,"c":3}"#, Rows(ONE)),
            (r#"{"instances":[{"a":1,"b":2,"c":3}]}"#, Rows(ONE)),
            (r#"{"data":{"a":1,"b":2,"c":3}}"#, Rows(ONE)),
            (r#"[{"a":1,"b":2,"c":3},[4,5,6]]"#, Rows(TWO)),
            (r#"{"a":null,"b":"2","c":true}"#, Rows(&[NAN, 2.0, 1.0])),
            (r#"{"columns":["c","x","a","b"],"index":[0],"data":[[3,"x",1,2]]}"#, Rows(ONE)),
            (r#"{"columns":["a","b","c"],"data":[[1,2,3],{"a":4,"b":5,"c":6}]}"#, Rows(TWO)),
        ],
    );
}

#[test]
fn a_model_may_have_columns_called_like_wrappers() {
    let columns = Columns::named(["data".into(), "values".into(), "say \"hi\"\\".into()]);
    check(
        json::read,
        &columns,
        &[
            (r#"[{"data":1,"values":2,"say \"hi\"\\":3}]"#, Rows(ONE)),
            (r#"{"data":[[1,2,3]]}"#, Rows(ONE)),
            (r#"{"data":[{"data":1,"values":2,"say \"hi\"\\":3}]}"#, Rows(ONE)),
            (r#"{"values":{"values":2,"data":1,"say \u0022hi\"\\":3}}"#, Rows(ONE)),
        ],
    );
}

#[test]
fn columns_that_are_refused() {
    check(
        json::read,
        &named(3),
        &[
            ("[1,2]", Refused("row 1: found 2 values, but the model expects 3 (at byte 0)")),
            (
                "[[1,2,3],[1,2,3,4]]",
                Refused(
                    "row 2: found 4 values, but the model expects 3; leave the label out (at byte 9)",
                ),
            ),
            ("[[]]", Refused("row 1: found 0 values, but the model expects 3 (at byte 1)")),
            (r#"{"a":1}"#, Refused("row 1: the model needs `b`, `c`, not found here (at byte 0)")),
            (
                r#"[{"a":1,"b":2,"c":3},{"a":1,"c":3}]"#,
                Refused("row 2: the model needs `b`, not found here (at byte 21)"),
            ),
            ("{}", Refused("row 1: the model needs `a`, `b`, `c`, not found here (at byte 0)")),
            (
                r#"{"A":1}"#,
                Refused("row 1: the model needs `a`, `b`, `c`, not found here (at byte 0)"),
            ),
            (
                r#"{"a":1,"b":2,"a":1,"c":3}"#,
                Refused("row 1: the column `a` stands there twice (at byte 17)"),
            ),
            (
                r#"{"columns":["a","b"],"data":[[1,2]]}"#,
                Refused("the model needs `c`, not found here"),
            ),
            (
                r#"{"columns":["a","b","a"],"data":[[1,2,3]]}"#,
                Refused("the column `a` stands there twice (at byte 23)"),
            ),
        ],
    );
}

#[test]
fn records_need_a_model_with_names() {
    let refused = |at| {
        let text = "row 1: the columns are named, but the model was saved without column names; \
                    send lists of values in the model's order (at byte ";
        format!("{text}{at})")
    };
    for (body, at) in [(r#"{"a":1,"b":2}"#, 0), (r#"[{"a":1,"b":2}]"#, 1)] {
        let error = json::read(body.as_bytes(), &Columns::unnamed(2), &mut Matrix::new())
            .expect_err("no names");
        assert_eq!((error.to_string(), error.kind()), (refused(at), ErrorKind::Columns));
    }
    check(
        json::read,
        &Columns::unnamed(2),
        &[(
            r#"{"columns":["a","b"],"data":[[1,2]]}"#,
            Refused(
                "the columns are named, but the model was saved without column names; \
                 send lists in the model's order without `columns`",
            ),
        )],
    );
}

#[test]
fn text_that_is_refused() {
    let cases = [
        ("", Malformed("found the end of the body, expected a list or an object (at byte 0)")),
        ("[]", Malformed("the body holds no rows")),
        (r#"{"instances":[]}"#, Malformed("the body holds no rows")),
        ("1", Malformed("found `1`, expected a list or an object (at byte 0)")),
        (
            "[[1,2],3]",
            Malformed("row 2: found `3`, expected a row: a list or an object (at byte 7)"),
        ),
        ("[1,2", Malformed("row 1: found the end of the body, expected `,` or `]` (at byte 4)")),
        ("[1 2]", Malformed("row 1: found `2`, expected `,` or `]` (at byte 3)")),
        ("[1,2]x", Malformed("found `x`, expected the end of the body (at byte 5)")),
        ("[1,]", Malformed("row 1, column 2: found `]`, expected a number (at byte 3)")),
        ("[1,x]", Malformed("row 1, column 2: found `x`, expected a number (at byte 3)")),
        ("[1,[2]]", Malformed("row 1, column 2: found a list, expected a number (at byte 3)")),
        ("[01,2]", Malformed("row 1, column 1: found `01`, expected a number (at byte 1)")),
        ("[-01,2]", Malformed("row 1, column 1: found `-01`, expected a number (at byte 1)")),
        ("[+1,2]", Malformed("row 1, column 1: found `+1`, expected a number (at byte 1)")),
        ("[1.,2]", Malformed("row 1, column 1: found `1.`, expected a number (at byte 1)")),
        ("[1e,2]", Malformed("row 1, column 1: found `1e`, expected a number (at byte 1)")),
        (
            "[1e39,2]",
            Malformed("row 1, column 1: found `1e39`, expected a finite 32-bit number (at byte 1)"),
        ),
        (
            "[Infinity,2]",
            Malformed("row 1, column 1: found `Infinity`, expected a number (at byte 1)"),
        ),
        (r#"["",2]"#, Malformed("row 1, column 1: found ``, expected a number (at byte 1)")),
        (
            r#"["high",2]"#,
            Malformed("row 1, column 1: found `high`, expected a number (at byte 1)"),
        ),
        (
            r#"[{"a":"high","b":2}]"#,
            Malformed("row 1: column `a`: found `high`, expected a number (at byte 6)"),
        ),
        (
            r#"{"a":1,"b":[2]}"#,
            Malformed("row 1: column `b`: found a list, expected a number (at byte 11)"),
        ),
        (r#"{"a" 1}"#, Malformed("found `1`, expected `:` (at byte 5)")),
        (r#"{"a":1,}"#, Malformed("found `}`, expected a string (at byte 7)")),
        ("{a:1}", Malformed("found `a`, expected a string (at byte 1)")),
        (r#"{"a"#, Malformed("found the end of the body, expected a closing quote (at byte 3)")),
        ("{\"a\n\":1}", Malformed("found a control character in a string (at byte 3)")),
        (r#"{"\x":1}"#, Malformed("found an unknown escape in a string (at byte 3)")),
        (r#"{"\ud800":1}"#, Malformed("found half of a surrogate pair in a string (at byte 7)")),
        (r#"{"\u12"#, Malformed("found an unknown escape in a string (at byte 5)")),
        (
            r#"{"data":[[1,2]],"data":[[1,2]]}"#,
            Malformed("an object holds rows in two members (at byte 0)"),
        ),
        (
            r#"{"a":1,"data":[[1,2]]}"#,
            Malformed("an object holds both columns and rows (at byte 0)"),
        ),
        (
            r#"[{"features":[[1,2],[3,4]]}]"#,
            Malformed("row 1: found 2 rows, expected one (at byte 1)"),
        ),
        (
            r#"{"data":{"features":{"keys":[1,0],"shape":[2],"values":[1,2]}}}"#,
            Malformed(
                "an object gives `keys` for its values; sparse rows are not read from JSON, send \
                 libsvm or RecordIO (at byte 20)",
            ),
        ),
        (
            r#"{"data":[[1,2]],"columns":["b","a"]}"#,
            Malformed("`columns` must stand before the rows (at byte 26)"),
        ),
        (
            r#"{"columns":["b","a"],"data":[[1,2,3]]}"#,
            Malformed("row 1: found 3 values, but `columns` names 2 (at byte 29)"),
        ),
    ];
    check(json::read, &named(2), &cases);
}

#[test]
fn nesting_is_bounded() {
    let mut matrix = Matrix::new();
    for body in [
        "[".repeat(1_000_000),
        r#"{"data":"#.repeat(100_000),
        format!(r#"{{"x":{}"#, "[".repeat(1_000_000)),
        format!(r#"{{"x":{}"#, r#"{"a":"#.repeat(100_000)),
    ] {
        let error = json::read(body.as_bytes(), &named(1), &mut matrix).expect_err("too deep");
        let text = error.to_string();
        assert!(text.contains("64 deep") || text.contains("found a list"), "{text}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    let error = json::read(b"{\"\xff\":1}", &named(1), &mut Matrix::new()).expect_err("not UTF-8");
    assert_eq!(error.to_string(), "the body is not UTF-8 (at byte 2)");
}
