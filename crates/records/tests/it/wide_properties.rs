//! Numbers of 64 bits: every format keeps each bit of them, read and printed.

use proptest::{collection::vec, prelude::*};
use records::{Matrix, csv, json, jsonlines, libsvm, npy, recordio};

use crate::table::named;

type Read = fn(&[u8], &records::Columns, &mut Matrix<f64>) -> Result<(), records::Error>;

/// Numbers of any size, also such as `f32` would round, and short ones.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |value| value.is_finite()),
        (-9_999_999..=9_999_999_i32).prop_map(f64::from),
        (any::<f32>(), any::<bool>())
            .prop_filter("finite", |(value, _)| value.is_finite())
            .prop_map(|(value, up)| {
                let value = f64::from(value);
                if up { value.next_up() } else { value.next_down() }
            }),
    ]
}

/// The bodies of some rows of two values, in each format, and who reads them.
fn bodies(values: &[f64]) -> Vec<(&'static str, Vec<u8>, Read)> {
    let (rows, _) = values.as_chunks::<2>();
    let lines = |line: &dyn Fn(&[f64; 2]) -> String| {
        rows.iter().map(line).collect::<Vec<_>>().join("\n").into_bytes()
    };
    let mut array = Vec::new();
    npy::write(values, 2, &mut array);
    let list = serde_json::to_vec(&rows).expect("numbers");
    let sparse: Read =
        |body, columns, matrix| libsvm::Reader::new(body, columns).read(matrix, usize::MAX);
    vec![
        ("csv", lines(&|[a, b]| format!("{a:e},{b}")), csv::read),
        (
            "csv with a header",
            [b"b,a\n".to_vec(), lines(&|[a, b]| format!("{b},{a}"))].concat(),
            csv::read,
        ),
        ("json", list, json::read),
        ("json lines", lines(&|[a, b]| format!("{{\"b\":{b:e},\"a\":{a:e}}}")), jsonlines::read),
        ("npy", array, npy::read),
        ("libsvm", lines(&|[a, b]| format!("0:{a} 1:{b:e}")), sparse),
    ]
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #[test]
    fn no_format_loses_a_bit(rows in vec([number(), number()], 1..5)) {
        let values = rows.concat();
        let mut matrix = Matrix::default();
        for (format, body, read) in bodies(&values) {
            let outcome = read(&body, &named(2), &mut matrix);
            prop_assert!(outcome.is_ok(), "{}: {:?}", format, outcome);
            prop_assert_eq!(bits(matrix.values()), bits(&values), "{}", format);
        }
    }

    #[test]
    fn printed_scores_read_back_as_they_were(values in vec(number(), 2..3)) {
        let mut text = Vec::new();
        csv::write(&values, 2, &mut text);
        let mut matrix = Matrix::default();
        prop_assert!(csv::read(&text, &named(2), &mut matrix).is_ok());
        prop_assert_eq!(bits(matrix.values()), bits(&values));
        text.clear();
        jsonlines::write(&values, 2, &mut text);
        let line = String::from_utf8_lossy(&text);
        let list = line.trim_start_matches("{\"score\":[").trim_end_matches("]}\n");
        let read: Vec<f64> = list.split(',').map(|score| score.parse().expect("a number")).collect();
        prop_assert_eq!(bits(&read), bits(&values));
    }
}

#[test]
fn a_record_holds_a_tensor_of_as_many_bits_as_the_scores() {
    let mut record = Vec::new();
    recordio::write(&[0.1_f64], 1, &mut record);
    // The field of a 64-bit tensor, its length, that of the values and theirs.
    let expected = [&[3 << 3 | 2, 10, 0x0a, 8][..], &0.1_f64.to_le_bytes()].concat();
    assert!(record.windows(expected.len()).any(|part| part == expected), "{record:x?}");
}

#[test]
fn what_is_beyond_the_greatest_number_of_either_type_is_refused_by_its_bits() {
    let mut wide = Matrix::default();
    assert_eq!(csv::read(b"1e39,1\n", &named(2), &mut wide), Ok(()));
    assert_eq!(bits(wide.values()), bits(&[1e39, 1.0]));
    let error = csv::read(b"1e309,1\n", &named(2), &mut wide).expect_err("too great");
    assert!(
        error.to_string().contains("found `1e309`, expected a finite 64-bit number"),
        "{error}"
    );
    let error = csv::read(b"1e39,1\n", &named(2), &mut Matrix::new()).expect_err("too great");
    assert!(error.to_string().contains("found `1e39`, expected a finite 32-bit number"), "{error}");
}
