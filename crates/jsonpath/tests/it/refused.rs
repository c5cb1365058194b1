//! Paths that are none, that are not of the subset, or that go too far; and noise, which must never
//! do worse than fail.

use jsonpath::{ErrorKind, Options, Path};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn errors_name_their_place() {
    for (text, wanted) in [
        ("", "found no name at byte 0 of the path"),
        ("$.", "found no name at byte 2 of the path"),
        ("$.a[", "found no name, number, `*` or filter at byte 4 of the path"),
        ("$.a[1", "found no `]` at byte 5 of the path"),
        ("$['a", "found a string that does not end at byte 2 of the path"),
        ("$.a b", "found more text behind the path at byte 4 of the path"),
        (
            "$[?(@.a ==)]",
            "found no path, string, number, list, pattern or word at byte 10 of the path",
        ),
        ("$[?(@.a", "found no `)` at byte 7 of the path"),
        ("$.a.nope()", "the function `nope` is not known at byte 4 of the path"),
        ("$[99999999999999999999]", "found a number that is too large at byte 2 of the path"),
    ] {
        let error = Path::parse(text, &Options::jayway()).expect_err(text);
        assert_eq!(error.to_string(), wanted, "{text}");
    }
}

#[test]
fn fields_are_names_and_indexes_only() {
    for text in [
        "$.*",
        "$..a",
        "$.a[*]",
        "$.a[0:1]",
        "$.a[0,1]",
        "$['a','b']",
        "$.a[?(@.b)]",
        "$.a.length()",
    ] {
        let error = Path::parse(text, &Options::fields()).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{text}");
    }
}

#[test]
fn functions_need_numbers() {
    let path = Path::parse("$.a.sum()", &Options::jayway()).expect("a path");
    let error = path.find(&json!({"a": ["x"]})).expect_err("no numbers");
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Function, 4));
}

#[test]
fn ends_in_a_limit() {
    let mut wide = json!(0);
    for _ in 0..10 {
        wide = json!([wide, wide]);
    }
    for text in ["$..*..*..*..*..*..*", "$..[?($..* subsetof $..*)]"] {
        let path = Path::parse(text, &Options { visits: 50_000, ..Options::jayway() }).expect(text);
        assert_eq!(path.find(&wide).expect_err(text).kind(), ErrorKind::Limit, "{text}");
    }
    for text in [
        "$[?(".repeat(1000) + "@.a",
        "$[?(".to_owned() + &"!".repeat(2000) + "@.a)]",
        "$".to_owned() + &".a".repeat(5000),
    ] {
        let error = Path::parse(&text, &Options::jayway()).expect_err("too much");
        assert!(matches!(error.kind(), ErrorKind::Limit | ErrorKind::Syntax), "{error}");
    }
    let mut deep = Value::Null;
    for _ in 0..2000 {
        deep = Value::Array(vec![deep]);
    }
    let path = Path::parse("$..a", &Options::jayway()).expect("a path");
    assert_eq!(path.find(&deep).expect_err("too deep").kind(), ErrorKind::Limit);
    // Its destructor would recurse just as deep.
    while let Value::Array(items) = &mut deep {
        deep = items.pop().unwrap_or_default();
    }
}

proptest! {
    #[test]
    fn noise_does_no_harm(text in "\\PC{0,40}") {
        let _ = Path::parse(&text, &Options::jayway());
    }

    #[test]
    fn pieces_do_no_harm(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..24)) {
        let document = json!({"a": [1, {"b": "x", "a": [true, null]}], "b": {"a": 2.5}});
        let options = Options { visits: 10_000, ..Options::jayway() };
        if let Ok(path) = Path::parse(&pieces.concat(), &options) {
            let _ = path.find(&document);
        }
    }
}

const PIECES: &[&str] = &[
    "$", "@", ".", "..", "a", "b", "[", "]", "*", "0", "-1", ":", ",", "'a'", "\"b\"", "[?(", ")]",
    "(", ")", "==", "<", "!", "&&", "||", " ", "=~", "/x/", "/", "in", "[1,2]", "length()", "sum(",
    "null", "true", "1.5", "é", "$.a", "@.b", "[0]", "[*]",
];
