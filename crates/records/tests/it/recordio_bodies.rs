//! `RecordIO` bodies that are refused, and forms that the SDK doesn't write.

use records::{Matrix, recordio};

use crate::table::{
    Expect::{Columns as Refused, Malformed, Rows},
    NAN, check, named, read_recordio,
};

/// A field of bytes; everything here is shorter than 128.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("short");
    assert!(length < 0x80, "the length takes one byte");
    [&[number << 3 | 2, length], bytes].concat()
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short");
    let padding = vec![0; payload.len().next_multiple_of(4) - payload.len()];
    [&0xCED7_230A_u32.to_le_bytes()[..], &length.to_le_bytes(), payload, &padding].concat()
}

fn floats(values: &[f32]) -> Vec<u8> {
    field(1, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

fn feature(name: &str, kind: u8, tensor: &[u8]) -> Vec<u8> {
    field(1, &[field(1, name.as_bytes()), field(2, &field(kind, tensor))].concat())
}

fn record(tensor: &[u8]) -> Vec<u8> {
    frame(&feature("values", 2, tensor))
}

fn sparse(values: &[f32], keys: &[u8], shape: &[u8]) -> Vec<u8> {
    record(&[floats(values), field(2, keys), field(3, shape)].concat())
}

#[test]
fn other_ways_to_write_a_row() {
    let dense = floats(&[1.0, 2.0]);
    let unpacked = [&[0x0D][..], &1_f32.to_le_bytes(), &[0x0D], &2_f32.to_le_bytes()].concat();
    let doubles = [&[0x09][..], &1_f64.to_le_bytes(), &[0x09], &2_f64.to_le_bytes()].concat();
    let label = field(2, &[field(1, b"values"), field(2, &field(2, &floats(&[9.0])))].concat());
    let stranger = feature("other", 2, &floats(&[9.0]));
    let metadata = field(5, b"{}");
    let mut no_padding = record(&dense);
    no_padding.truncate(8 + feature("values", 2, &dense).len());
    let one: &'static [f32] = &[1.0, 2.0];
    let cases = [
        (record(&dense), Rows(one)),
        (no_padding, Rows(one)),
        (record(&[field(3, &[2]), dense.clone()].concat()), Rows(one)),
        (record(&[floats(&[1.0]), floats(&[2.0])].concat()), Rows(one)),
        (record(&unpacked), Rows(one)),
        (frame(&feature("values", 3, &doubles)), Rows(one)),
        (frame(&feature("values", 7, &[0x08, 1, 0x08, 2])), Rows(one)),
        (frame(&[stranger, label, metadata, feature("values", 2, &dense)].concat()), Rows(one)),
        // Of two entries of a map the last one counts.
        (
            frame(&[feature("values", 2, &floats(&[8.0])), feature("values", 2, &dense)].concat()),
            Rows(one),
        ),
        (sparse(&[2.0, 1.0], &[1, 0], &[2]), Rows(one)),
        (sparse(&[5.0], &[1], &[2]), Rows(&[NAN, 5.0])),
        (sparse(&[5.0], &[0], &[1]), Rows(&[5.0, NAN])),
        (record(&[floats(&[5.0]), vec![0x10, 1]].concat()), Rows(&[NAN, 5.0])),
        (record(&[floats(&[NAN]), field(2, &[1])].concat()), Rows(&[NAN, NAN])),
        (record(&field(3, &[2])), Rows(&[NAN, NAN])),
        ([record(&field(3, &[1])), record(&dense)].concat(), Rows(&[NAN, NAN, 1.0, 2.0])),
    ];
    check(read_recordio, &named(2), &cases);
}

#[test]
fn records_that_are_refused() {
    let row = floats(&[1.0, 2.0]);
    let good = record(&row);
    let cut = "row 1: the body ends within a RecordIO frame (at byte 0)";
    let within = "row 1: a protobuf message ends within a field (at byte 0)";
    let cases = [
        (vec![], Malformed("the body holds no rows")),
        (
            b"1,2\n".to_vec(),
            Malformed("row 1: found no RecordIO frame: its magic number is missing (at byte 0)"),
        ),
        (good[..3].to_vec(), Malformed(cut)),
        (good[..7].to_vec(), Malformed(cut)),
        (good[..20].to_vec(), Malformed(cut)),
        (
            [good.clone(), good[..9].to_vec()].concat(),
            Malformed("row 2: the body ends within a RecordIO frame (at byte 32)"),
        ),
        (frame(b""), Malformed("row 1: the record has no feature `values` (at byte 0)")),
        (
            frame(&feature("other", 2, &row)),
            Malformed("row 1: the record has no feature `values` (at byte 0)"),
        ),
        (
            frame(&feature("values", 9, &row)),
            Malformed("row 1: the feature `values` holds no tensor of numbers (at byte 0)"),
        ),
        (frame(&[0x0A, 5, 1]), Malformed(within)),
        (frame(&[0xFF; 12]), Malformed(within)),
        (frame(&[0x0B]), Malformed("row 1: found a protobuf field of an unknown type (at byte 0)")),
        (frame(&feature("values", 3, &row[..6])), Malformed(within)),
        (
            frame(&feature("values", 2, &field(1, &[0; 5]))),
            Malformed("row 1: a tensor's values are not of the tensor's type (at byte 0)"),
        ),
        (
            frame(&feature("values", 2, &[0x08, 1])),
            Malformed("row 1: a tensor's values are not of the tensor's type (at byte 0)"),
        ),
        (
            record(&floats(&[1.0, f32::INFINITY])),
            Malformed("row 1: value 2 is infinite, expected a finite 32-bit number (at byte 0)"),
        ),
        (
            sparse(&[1.0], &[0, 1], &[2]),
            Malformed("row 1: a sparse row has 2 keys for 1 values (at byte 0)"),
        ),
        (
            sparse(&[1.0, 2.0], &[1, 1], &[2]),
            Malformed("row 1: key 1 stands there twice (at byte 0)"),
        ),
        (
            sparse(&[1.0], &[2], &[2]),
            Refused("row 1: found key 2, but the model has columns 0 to 1 (at byte 0)"),
        ),
        (
            sparse(&[1.0], &[0], &[3]),
            Refused("row 1: the row has 3 columns, but the model expects 2 (at byte 0)"),
        ),
        (record(b""), Refused("row 1: found 0 values, but the model expects 2 (at byte 0)")),
        (
            record(&floats(&[1.0, 2.0, 3.0])),
            Refused(
                "row 1: found 3 values, but the model expects 2; leave the label out (at byte 0)",
            ),
        ),
    ];
    check(read_recordio, &named(2), &cases);
}

#[test]
fn blocks_hold_as_many_rows_as_were_asked_for() {
    let columns = named(1);
    let body = [1.0, 2.0, 3.0].map(|value| record(&floats(&[value]))).concat();
    let mut reader = recordio::Reader::new(&body, &columns);
    let mut matrix = Matrix::new();
    for expect in [&[1.0, 2.0][..], &[3.0], &[], &[]] {
        reader.read(&mut matrix, 2).expect("rows");
        assert_eq!(matrix.values(), expect);
    }
}
