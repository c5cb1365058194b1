//! What the writers print.

use records::{Cell, csv, json, jsonlines};

type Write = fn(&[f32], usize, &mut Vec<u8>);

fn check(write: Write, values: &[f32], width: usize, expect: &str) {
    let mut out = Vec::new();
    write(values, width, &mut out);
    assert_eq!(String::from_utf8(out).expect("text"), expect);
}

#[test]
fn one_value_per_row() {
    let scores = [0.87, 0.1, -3.0];
    check(csv::write, &scores, 1, "0.87\n0.1\n-3.0\n");
    check(
        json::write,
        &scores,
        1,
        r#"{"predictions":[{"score":0.87},{"score":0.1},{"score":-3.0}]}"#,
    );
    check(jsonlines::write, &scores, 1, "{\"score\":0.87}\n{\"score\":0.1}\n{\"score\":-3.0}\n");
}

#[test]
fn several_values_per_row() {
    let scores = [0.25, 0.75, 1.0, 0.0];
    check(csv::write, &scores, 2, "0.25,0.75\n1.0,0.0\n");
    check(
        json::write,
        &scores,
        2,
        r#"{"predictions":[{"score":[0.25,0.75]},{"score":[1.0,0.0]}]}"#,
    );
    check(jsonlines::write, &scores, 2, "{\"score\":[0.25,0.75]}\n{\"score\":[1.0,0.0]}\n");
}

#[test]
fn no_rows() {
    check(csv::write, &[], 1, "");
    check(json::write, &[], 1, r#"{"predictions":[]}"#);
    check(jsonlines::write, &[], 1, "");
}

#[test]
fn what_is_not_a_finite_number() {
    let scores = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    check(csv::write, &scores, 3, "nan,inf,-inf\n");
    check(json::write, &scores, 3, r#"{"predictions":[{"score":[null,null,null]}]}"#);
}

#[test]
fn the_fewest_digits_that_read_back() {
    for value in [0.1_f32, 1.0 / 3.0, 16_777_216.0, f32::MAX, f32::MIN_POSITIVE, 1e-45, -0.0] {
        let mut out = Vec::new();
        csv::write(&[value], 1, &mut out);
        let text = String::from_utf8(out).expect("text");
        let read: f32 = text.trim_end().parse().expect("a number");
        assert_eq!(read.to_bits(), value.to_bits(), "{text}");
        assert!(text.len() <= "-1.1754944e-38\n".len(), "{text}");
    }
}

#[test]
fn rows_for_batch_transform() {
    let scores = [0.25, 0.75, 1.0, 0.0];
    check(csv::write_lists, &scores, 1, "0.25\n0.75\n1.0\n0.0\n");
    check(csv::write_lists, &scores, 2, "[0.25, 0.75]\n[1.0, 0.0]\n");
}

/// Two rows of every kind of cell.
fn cells() -> impl Iterator<Item = impl Iterator<Item = (&'static str, Cell<'static>)>> {
    let row = |label: u32, numbers: &'static [f32]| {
        [
            ("label", Cell::Label(label)),
            ("score", Cell::Number(0.5)),
            ("n\"a\n", Cell::Missing),
            ("labels", Cell::Labels(3)),
            ("pair", Cell::Pair([0.4, 0.6])),
            ("numbers", Cell::Numbers(numbers)),
        ]
        .into_iter()
    };
    [row(1, &[1.0]), row(0, &[f32::NAN, -2.0])].into_iter()
}

#[test]
fn named_cells() {
    let mut out = Vec::new();
    csv::write_records(cells(), &mut out);
    let expect = "1,0.5,nan,\"[0, 1, 2]\",\"[0.4, 0.6]\",\"[1.0]\"\n\
                  0,0.5,nan,\"[0, 1, 2]\",\"[0.4, 0.6]\",\"[nan, -2.0]\"";
    assert_eq!(String::from_utf8(out).expect("text"), expect);

    let first = r#"{"label":1,"score":0.5,"n\"a\u000a":null,"labels":[0,1,2],"pair":[0.4,0.6],"numbers":[1.0]}"#;
    let second = r#"{"label":0,"score":0.5,"n\"a\u000a":null,"labels":[0,1,2],"pair":[0.4,0.6],"numbers":[null,-2.0]}"#;
    let mut out = Vec::new();
    json::write_records(cells(), &mut out);
    let text = String::from_utf8(out).expect("text");
    assert_eq!(text, format!("{{\"predictions\":[{first},{second}]}}"));

    let mut out = Vec::new();
    jsonlines::write_records(cells(), &mut out);
    assert_eq!(String::from_utf8(out).expect("text"), format!("{first}\n{second}\n"));
}
