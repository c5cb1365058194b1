//! Properties that hold for any body: no panic, and agreement with the crates that everybody uses.

use proptest::{collection::vec, prelude::*};
use records::{Columns, Matrix, csv, json, jsonlines};
use serde_json::Value;

use crate::table::{bits, named};

/// A number as a client may write it, in both formats.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (-30_000_000_i64..30_000_000).prop_map(|value| value.to_string()),
        2 => any::<f32>().prop_filter("finite", |v| v.is_finite()).prop_map(|v| v.to_string()),
        2 => (-1e6..1e6_f64).prop_map(|value| format!("{value:e}")),
        1 => Just("null".to_owned()),
    ]
}

fn rows(width: usize) -> impl Strategy<Value = Vec<Vec<String>>> {
    vec(vec(number(), width), 1..6)
}

/// A column's name: any text that blanks and the choice of a delimiter leave as it is, and that is
/// not a value.
fn name() -> impl Strategy<Value = String> {
    "[^\t ][^\t]{0,8}[^\t ]".prop_filter("a name", |name| {
        name.trim() == name && name.parse::<f32>().is_err() && !name.starts_with('\u{feff}')
    })
}

fn value_of(text: &str) -> f32 {
    if text == "null" { f32::NAN } else { text.parse().expect("a number") }
}

fn values_of(rows: &[Vec<String>]) -> Vec<f32> {
    rows.iter().flatten().map(|text| value_of(text)).collect()
}

/// Text that comes close to a body more often than random bytes do.
fn almost(alphabet: &'static [&'static str]) -> impl Strategy<Value = String> {
    vec(prop::sample::select(alphabet), 0..40).prop_map(|pieces| pieces.concat())
}

const JSON_PIECES: &[&str] = &[
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    " ",
    "\n",
    "1",
    "-",
    "0",
    ".5",
    "e1",
    "null",
    "NaN",
    "true",
    "\"",
    "\"a\":",
    "\"b\":",
    "\"a\"",
    "\"data\":",
    "\"instances\":[",
    "\"columns\":[",
    "\\u0061",
    "\\",
    "\"x\":",
    "é",
];
const CSV_PIECES: &[&str] = &[
    "1", "-2", "3.5", ",", ",", "\n", "\r\n", "\r", "\"", "\"\"", " ", "\t", ";", "a", "b", "nan",
    "é", "1e5", "12345678",
];

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in vec(any::<u8>(), 0..200), width in 0..4_usize) {
        let mut matrix = Matrix::new();
        for columns in [named(width), Columns::unnamed(width)] {
            for read in [csv::read, json::read] {
                let outcome = read(&body, &columns, &mut matrix);
                prop_assert_eq!(outcome.is_ok(), matrix.row_count() > 0);
                prop_assert_eq!(matrix.values().len(), matrix.row_count() * width);
            }
        }
    }

    #[test]
    fn almost_json_is_read_only_if_serde_reads_it(body in almost(JSON_PIECES)) {
        let mut matrix = Matrix::new();
        if json::read(body.as_bytes(), &named(2), &mut matrix).is_ok() {
            // The one thing that is read beyond RFC 8259.
            let strict = body.replace("NaN", "null");
            let parsed = serde_json::from_str::<Value>(&strict);
            prop_assert!(parsed.is_ok(), "{body} {parsed:?}");
        }
    }

    #[test]
    fn almost_csv_is_read_or_refused_with_any_model(body in almost(CSV_PIECES), width in 0..5_usize) {
        let mut matrix = Matrix::new();
        for columns in [named(width), Columns::unnamed(width)] {
            let outcome = csv::read(body.as_bytes(), &columns, &mut matrix);
            prop_assert_eq!(outcome.is_ok(), matrix.row_count() > 0, "{:?}", outcome);
        }
    }

    #[test]
    fn csv_agrees_with_the_csv_crate(rows in rows(4), delimiter in prop::sample::select(b",\t;|".as_slice()), crlf: bool) {
        let mut writer = ::csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(if crlf { ::csv::Terminator::CRLF } else { ::csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).expect("writes to memory");
        }
        let body = writer.into_inner().expect("writes to memory");
        let mut matrix = Matrix::new();
        csv::read(&body, &named(4), &mut matrix).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(bits(matrix.values()), bits(&values_of(&rows)));
    }

    #[test]
    fn names_of_any_kind_are_matched_in_any_order(
        names in prop::collection::hash_set(name(), 2..6),
        shift in 0..5_usize,
        row in vec(number(), 6),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let row = &row[..names.len()];
        let columns = Columns::named(names.clone());
        let expect: Vec<f32> = row.iter().map(|text| value_of(text)).collect();
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.rotate_left(shift % names.len());

        let members: Vec<String> = order
            .iter()
            .map(|i| format!("{}: {}", Value::String(names[*i].clone()), row[*i]))
            .collect();
        let mut matrix = Matrix::new();
        let body = format!("[{{{0}}},{{{0}}}]", members.join(","));
        json::read(body.as_bytes(), &columns, &mut matrix).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(bits(matrix.values()), bits(&[&*expect, &*expect].concat()));

        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(order.iter().map(|i| &names[*i])).expect("writes to memory");
        writer.write_record(order.iter().map(|i| &row[*i])).expect("writes to memory");
        let body = writer.into_inner().expect("writes to memory");
        csv::read(&body, &columns, &mut matrix).map_err(|e| TestCaseError::fail(format!("{e} {body:?}")))?;
        prop_assert_eq!(bits(matrix.values()), bits(&expect));
    }

    #[test]
    fn json_lists_agree_with_serde(rows in rows(3)) {
        let lists: Vec<String> = rows.iter().map(|row| format!("[{}]", row.join(" , "))).collect();
        let body = format!("[{}]", lists.join(","));
        let parsed: Vec<Vec<Option<f32>>> = serde_json::from_str(&body).expect("valid");
        let expect: Vec<f32> = parsed.into_iter().flatten().map(|v| v.unwrap_or(f32::NAN)).collect();
        let mut matrix = Matrix::new();
        json::read(body.as_bytes(), &named(3), &mut matrix).map_err(|e| TestCaseError::fail(e.to_string()))?;
        for (ours, theirs) in matrix.values().iter().zip(&expect) {
            // serde_json rounds to 64 bits first, which can be off by one unit in the last place.
            let close = ours.to_bits().abs_diff(theirs.to_bits()) <= 1;
            prop_assert!(close || (ours.is_nan() && theirs.is_nan()), "{ours} {theirs}");
        }
        prop_assert_eq!(bits(matrix.values()), bits(&values_of(&rows)));
    }

    #[test]
    fn what_is_written_reads_back(values in vec(any::<f32>(), 0..20), width in 1..4_usize) {
        let values = &values[..values.len() / width * width];
        let mut out = Vec::new();
        csv::write(values, width, &mut out);
        let text = String::from_utf8(out.clone()).expect("text");
        let read: Vec<f32> = text.split([',', '\n']).filter(|t| !t.is_empty()).map(|t| t.parse().expect("a number")).collect();
        prop_assert_eq!(bits(&read), bits(values));

        out.clear();
        json::write(values, width, &mut out);
        let document: Value = serde_json::from_slice(&out).expect("valid JSON");
        prop_assert_eq!(document["predictions"].as_array().map(Vec::len), Some(values.len() / width));

        out.clear();
        jsonlines::write(values, width, &mut out);
        let lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        prop_assert_eq!(lines.len(), values.len() / width);
        for line in lines {
            prop_assert!(serde_json::from_slice::<Value>(line).is_ok());
        }
    }
}
