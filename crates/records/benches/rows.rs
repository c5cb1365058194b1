//! Time per row of the readers and writers on rows like those of the covtype data set: 54 small
//! integers, most of them one digit long. Prints; judges nothing.

use std::{hint::black_box, time::Instant};

use records::{Columns, Matrix, csv, json, libsvm, npy, recordio};

const WIDTH: usize = 54;
const ROWS: usize = 64;

fn main() {
    let rows: Vec<Vec<i32>> = (0..ROWS as i32).map(row).collect();
    let columns = Columns::named((0..WIDTH).map(|index| format!("Soil_Type_Of_Area_{index}")));
    let csv_rows: Vec<String> = rows.iter().map(|row| csv_row(row)).collect();
    let json_rows: Vec<String> = rows.iter().map(|row| json_row(row)).collect();
    let mut matrix = Matrix::new();
    time("csv read, 1 row per body", ROWS, || {
        for body in &csv_rows {
            csv::read(body.as_bytes(), &columns, &mut matrix).expect("fixture");
            black_box(matrix.values());
        }
    });
    let body = csv_rows.concat();
    time("csv read, 64 rows per body", ROWS, || {
        csv::read(body.as_bytes(), &columns, &mut matrix).expect("fixture");
        black_box(matrix.values());
    });
    time("json records read, 1 row per body", ROWS, || {
        for body in &json_rows {
            json::read(body.as_bytes(), &columns, &mut matrix).expect("fixture");
            black_box(matrix.values());
        }
    });
    let body =
        format!("[{}]", csv_rows.iter().map(|r| format!("[{r}]")).collect::<Vec<_>>().join(","));
    time("json lists read, 64 rows per body", ROWS, || {
        json::read(body.as_bytes(), &columns, &mut matrix).expect("fixture");
        black_box(matrix.values());
    });
    other_formats(&rows, &columns, &mut matrix);
    let scores: Vec<f32> = (1..=7 * ROWS).map(|index| 1.0 / index as f32).collect();
    let mut out = Vec::new();
    time("csv write, 7 scores per row", ROWS, || {
        out.clear();
        csv::write(&scores, 7, &mut out);
        black_box(&out);
    });
}

/// libsvm with what is not 0, dense records and an array of the same rows.
fn other_formats(rows: &[Vec<i32>], columns: &Columns, matrix: &mut Matrix) {
    let body: String = rows.iter().map(|row| libsvm_row(row)).collect();
    time("libsvm read, 64 rows per body", ROWS, || {
        let mut reader = libsvm::Reader::new(body.as_bytes(), columns);
        reader.read(matrix, ROWS).expect("fixture");
        black_box(matrix.values());
    });
    let values: Vec<f32> = rows.iter().flatten().map(|value| *value as f32).collect();
    let body: Vec<u8> = values.chunks(WIDTH).flat_map(record).collect();
    time("recordio read, 64 rows per body", ROWS, || {
        let mut reader = recordio::Reader::new(&body, columns);
        reader.read(matrix, ROWS).expect("fixture");
        black_box(matrix.values());
    });
    let mut body = Vec::new();
    npy::write(&values, WIDTH, &mut body);
    time("npy read, 64 rows per body", ROWS, || {
        npy::read(&body, columns, matrix).expect("fixture");
        black_box(matrix.values());
    });
}

fn libsvm_row(row: &[i32]) -> String {
    let present = row.iter().enumerate().filter(|(_, value)| **value != 0);
    let features: Vec<String> =
        present.map(|(index, value)| format!("{}:{value}", index + 1)).collect();
    format!("0 {}\n", features.join(" "))
}

/// A dense record of fewer than 4096 values.
fn record(row: &[f32]) -> Vec<u8> {
    let length = |bytes: usize| [bytes as u8 | 0x80, (bytes >> 7) as u8];
    let field = |tag: u8, bytes: &[u8]| [&[tag][..], &length(bytes.len()), bytes].concat();
    let values: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
    let value = field(0x12, &field(0x12, &field(0x0A, &values)));
    let mut payload = field(0x0A, &[field(0x0A, b"values"), value].concat());
    let header = [0xCED7_230A_u32.to_le_bytes(), (payload.len() as u32).to_le_bytes()];
    payload.resize(payload.len().next_multiple_of(4), 0);
    [header.as_flattened(), &payload].concat()
}

/// Ten numbers as of terrain, then one-hot columns.
fn row(seed: i32) -> Vec<i32> {
    let mut row = vec![0; WIDTH];
    for (index, value) in row.iter_mut().take(10).enumerate() {
        let spread = [900, 350, 40, 700, 300, 4000, 250, 250, 250, 6000][index];
        *value = (seed * 7919 + index as i32 * 104_729) % spread;
    }
    row[4] -= 100;
    row[0] += 2200;
    row[10 + (seed % 4) as usize] = 1;
    row[14 + (seed % 40) as usize] = 1;
    row
}

fn csv_row(row: &[i32]) -> String {
    let fields: Vec<String> = row.iter().map(i32::to_string).collect();
    fields.join(",") + "\n"
}

fn json_row(row: &[i32]) -> String {
    let member = |(index, value)| format!("\"Soil_Type_Of_Area_{index}\": {value}");
    let members: Vec<String> = row.iter().enumerate().map(member).collect();
    format!("[{{{}}}]", members.join(", "))
}

/// Prints the best of many runs, so that other work on the machine counts little.
fn time(name: &str, rows: usize, mut run: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..2000 {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{name}: {:.3} µs per row", best * 1e6 / rows as f64);
}
