//! The figures as tables: medians over the rounds, ratios taken round by round.

use std::fmt::Write as _;

use super::{Loads, Series, Threads};
use crate::bench::report::median;

/// How a measurement's figures are shown.
struct Column {
    what: &'static str,
    digits: usize,
    /// Whether less is better.
    is_time: bool,
}

const ONE_ROW: Column = Column { what: "one_row_us", digits: 2, is_time: true };
const MANY: Column = Column { what: "rows_per_s", digits: 0, is_time: false };
const CSR: Column = Column { what: "csr_rows_per_s", digits: 0, is_time: false };
const COLUMNS: Column = Column { what: "columns_rows_per_s", digits: 0, is_time: false };
const SHAP: Column = Column { what: "shap_rows_per_s", digits: 0, is_time: false };

/// Rows, one by one and many at once. The first series of each model is ours.
pub(super) fn rows(series: &[Series]) -> String {
    let head = "| Model | Engine | one row µs | clary is × | 100,000 rows, rows/s | clary is × |\n\
                |---|---|---:|---:|---:|---:|\n";
    table(head, series, &[ONE_ROW, MANY])
}

/// Other layouts of rows, and explanations.
pub(super) fn layouts(series: &[Series]) -> String {
    let head = "| Model | Engine | CSR, rows/s | clary is × | columns, rows/s | clary is × \
                | TreeSHAP, rows/s | clary is × |\n|---|---|---:|---:|---:|---:|---:|---:|\n";
    table(head, series, &[CSR, COLUMNS, SHAP])
}

fn table(head: &str, series: &[Series], columns: &[Column]) -> String {
    let mut text = head.to_owned();
    for own in series {
        let has = |column: &Column| own.figures.contains_key(column.what);
        if !columns.iter().any(has) {
            continue;
        }
        let ours = series.iter().find(|other| other.model == own.model).unwrap_or(own);
        let cells: String = columns.iter().map(|column| cells(own, ours, column)).collect();
        let _ = writeln!(text, "| {} | {} |{cells}", own.model, own.engine);
    }
    text
}

/// The median, and how much better ours was.
fn cells(own: &Series, ours: &Series, column: &Column) -> String {
    let Some(figures) = own.figures.get(column.what) else {
        return "  |  |".to_owned();
    };
    let digits = column.digits;
    let value = median(figures.iter().copied());
    let Some(base) = ours.figures.get(column.what).filter(|_| !std::ptr::eq(own, ours)) else {
        return format!(" {value:.digits$} |  |");
    };
    let pairs = figures.iter().zip(base);
    let ratio =
        median(pairs.map(|(own, base)| if column.is_time { own / base } else { base / own }));
    format!(" {value:.digits$} | {ratio:.2} |")
}

/// Loading, and the memory of what was loaded.
pub(super) fn loads(loads: &[Loads]) -> String {
    let mut text = String::from(
        "| Model | Engine | load s | clary is × | resident after load and one row, MiB \
         | × clary | at most, MiB |\n|---|---|---:|---:|---:|---:|---:|\n",
    );
    for own in loads {
        let ours = loads.iter().find(|other| other.model == own.model).unwrap_or(own);
        let median_of = |field: usize| median(own.laps.iter().map(|lap| lap[field]));
        let ratio = |field: usize| {
            median(own.laps.iter().zip(&ours.laps).map(|(own, ours)| own[field] / ours[field]))
        };
        let mib = |field: usize| median_of(field) / f64::from(1 << 20);
        let (time, memory) = if std::ptr::eq(own, ours) {
            (String::new(), String::new())
        } else {
            (format!("{:.2}", ratio(0)), format!("{:.2}", ratio(1)))
        };
        let _ = writeln!(
            text,
            "| {} | {} | {:.3} | {time} | {:.1} | {memory} | {:.1} |",
            own.model,
            own.engine,
            median_of(0),
            mib(1),
            mib(2)
        );
    }
    text
}

/// What a second thread brings.
pub(super) fn threads(threads: &[Threads]) -> String {
    let mut text = String::from(
        "| Model | one thread, rows/s | two threads, rows/s | two ÷ one |\n|---|---:|---:|---:|\n",
    );
    for Threads { model, one, two, ratio } in threads {
        let _ = writeln!(text, "| {model} | {one:.0} | {two:.0} | {ratio:.2} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(engine: &str, what: &str, figures: &[f64]) -> Series {
        let figures = [(what.to_owned(), figures.to_vec())].into();
        Series { model: "covtype".to_owned(), engine: engine.to_owned(), figures }
    }

    #[test]
    fn ratios_say_how_much_better_ours_is() {
        for (what, expected) in
            [("one_row_us", " 3.00 | 3.00 |  |  |"), ("rows_per_s", "  |  | 3 | 0.33 |")]
        {
            let all = [series("clary", what, &[1.0; 3]), series("other", what, &[2.0, 3.0, 9.0])];
            let text = rows(&all);
            let last = text.lines().last();
            assert_eq!(last, Some(format!("| covtype | other |{expected}").as_str()));
        }
    }

    #[test]
    fn loads_are_compared_by_model() {
        let load = |engine: &str, laps: [f64; 3]| Loads {
            model: "large".to_owned(),
            engine: engine.to_owned(),
            laps: vec![laps],
        };
        let mib = f64::from(1 << 20);
        let all =
            [load("clary", [0.5, mib, 2.0 * mib]), load("other", [1.5, 2.0 * mib, 4.0 * mib])];
        let text = loads(&all);
        assert!(text.ends_with("| large | other | 1.500 | 3.00 | 2.0 | 2.00 | 4.0 |\n"), "{text}");
    }
}
