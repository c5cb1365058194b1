//! Models written by XGBoost, and what it answered (`tests/fixtures/generate.py` and `README.md`).

use std::{fs, path::Path};

use serde_json::Value;
use trees::{Model, Rows};

/// A model with rows and the answers to them.
struct Golden {
    name: String,
    model: Model,
    json: Value,
}

impl Golden {
    fn read(path: &Path) -> Self {
        let json: Value =
            serde_json::from_slice(&fs::read(path).expect("readable")).expect("a golden");
        let model = path.with_file_name(json["model"].as_str().expect("a file name"));
        let model = Model::from_bytes(&fs::read(model).expect("readable"));
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        Self { model: model.unwrap_or_else(|error| panic!("{name}: {error}")), name, json }
    }

    fn floats(&self, key: &str) -> Vec<f32> {
        let values = self.json[key].as_array().into_iter().flatten();
        values.map(|v| v.as_f64().map_or(f32::NAN, |v| v as f32)).collect()
    }

    /// The first difference, if there is one.
    fn difference(&self) -> Option<String> {
        assert_eq!(self.model.objective().name(), self.json["objective"], "{}", self.name);
        assert_eq!(self.model.tree_count() as u64, self.json["trees"], "{}", self.name);
        let names = self.json["feature_names"].as_array().expect("names");
        assert_eq!(self.model.feature_names(), names, "{}", self.name);
        let rows = self.floats("rows");
        let rows = Rows::new(&rows, self.model.feature_count());
        let mut difference = None;
        if self.json.get("margins").is_some() {
            let mut margins = vec![0.0; rows.len() * self.model.group_count()];
            self.model.margins(rows, &mut margins);
            difference = self.compare("margins", &margins);
        }
        let mut predictions = vec![0.0; rows.len() * self.model.prediction_width()];
        self.model.predict(rows, &mut predictions);
        difference.or(self.compare("predictions", &predictions))
    }

    /// To the last bit: the sums are taken in XGBoost's order, and `exp` is the platform's in both.
    /// Only versions before 1.6 added the leaves first and the base margin (here 0.5) last.
    fn compare(&self, key: &str, computed: &[f32]) -> Option<String> {
        let expected = self.floats(key);
        assert_eq!(computed.len(), expected.len(), "{}: {key}", self.name);
        assert!(!computed.is_empty(), "{}: {key}", self.name);
        let same = |computed: &f32, expected: &f32| {
            if self.name.ends_with("-1.0.json") || self.name.ends_with("-0.90.json") {
                (computed - expected).abs() <= 1e-6 * expected.abs().max(0.5)
            } else {
                computed.to_bits() == expected.to_bits()
            }
        };
        let mut pairs = computed.iter().zip(&expected).enumerate();
        let (place, (computed, expected)) = pairs.find(|(_, (c, e))| !same(c, e))?;
        Some(format!("{}: {key} {place} is {computed}, not {expected}", self.name))
    }

    /// One row alone takes another path than many; both must give the same bits.
    fn check_single_rows(&self) {
        let rows = self.floats("rows");
        let rows = Rows::new(&rows, self.model.feature_count());
        let width = self.model.group_count();
        let mut together = vec![0.0; rows.len() * width];
        self.model.margins(rows, &mut together);
        for (row, expected) in rows.iter().zip(together.chunks(width)) {
            let mut alone = vec![0.0; width];
            self.model.margins(Rows::new(row, row.len()), &mut alone);
            assert_eq!(alone, expected, "{}", self.name);
        }
    }
}

fn fixtures(folder: &str) -> impl Iterator<Item = std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let entries = fs::read_dir(folder).expect("the fixtures");
    entries.map(|entry| entry.expect("an entry").path())
}

fn goldens(folder: &str) -> Vec<Golden> {
    let is_golden = |path: &std::path::PathBuf| {
        let name = path.to_string_lossy();
        name.ends_with(".json") && !name.contains("model") && !name.contains("abalone_reg")
    };
    fixtures(folder).filter(is_golden).map(|path| Golden::read(&path)).collect()
}

fn differences(goldens: &[Golden]) -> Vec<String> {
    goldens.iter().filter_map(Golden::difference).collect()
}

#[test]
fn every_objective_answers_as_xgboost_does() {
    let goldens = goldens("goldens");
    assert_eq!(goldens.len(), 136);
    assert_eq!(differences(&goldens), [""; 0]);
}

#[test]
fn models_met_in_the_wild_answer_as_xgboost_does() {
    let goldens = goldens("real");
    assert_eq!(goldens.len(), 6);
    assert_eq!(differences(&goldens), [""; 0]);
}

#[test]
fn a_row_alone_gets_the_answer_it_gets_among_others() {
    goldens("goldens").iter().chain(&goldens("real")).for_each(Golden::check_single_rows);
}
