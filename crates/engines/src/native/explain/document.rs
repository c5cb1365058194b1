//! The answer of an explained call: the predictions as they would be without, and what each feature
//! contributed, as Clarify writes it.

use serde::Serialize;
use serde_json::Value;

/// Predictions as they are written without explanations.
#[derive(Clone, Copy, Debug, Serialize)]
pub(in crate::native) struct Answered<'a> {
    /// Their content type.
    pub(in crate::native) content_type: &'a str,
    /// Their text.
    pub(in crate::native) data: &'a str,
}

/// A feature as it is shown.
#[derive(Debug)]
pub(super) struct Feature {
    /// Its place in the model's rows.
    pub(super) column: usize,
    pub(super) header: Option<String>,
    pub(super) kind: Option<String>,
}

/// What the answer is made of.
pub(super) struct Document<'a> {
    pub(super) answered: Answered<'a>,
    pub(super) features: &'a [Feature],
    pub(super) label_headers: &'a [String],
    /// How many rows were predicted.
    pub(super) row_count: usize,
    /// Those of them that are explained.
    pub(super) chosen: &'a [usize],
    /// For each of them and each group one value for each feature and the expected margin.
    pub(super) contributions: &'a [f64],
    pub(super) group_count: usize,
}

#[derive(Serialize)]
struct Written<'a> {
    version: &'static str,
    predictions: Answered<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    label_headers: &'a [String],
    explanations: Explanations<'a>,
}

#[derive(Serialize)]
struct Explanations<'a> {
    /// Nothing at all where no record is explained.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kernel_shap: Vec<Option<Vec<Explained<'a>>>>,
}

#[derive(Serialize)]
struct Explained<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_header: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_type: Option<&'a str>,
    attributions: [Attribution; 1],
}

#[derive(Serialize)]
struct Attribution {
    /// One value for each group of the model.
    attribution: Vec<f64>,
}

impl Document<'_> {
    pub(super) fn written(&self) -> Vec<u8> {
        let mut kernel_shap = Vec::new();
        if !self.chosen.is_empty() {
            kernel_shap.resize_with(self.row_count, || None);
        }
        for (position, row) in self.chosen.iter().enumerate() {
            kernel_shap[*row] = Some(self.explained(position));
        }
        let written = Written {
            version: "1.0",
            predictions: self.answered,
            label_headers: self.label_headers,
            explanations: Explanations { kernel_shap },
        };
        serde_json::to_vec(&written).expect("text and numbers can be written: this is a bug")
    }

    fn explained(&self, position: usize) -> Vec<Explained<'_>> {
        let group_width = self.features.len() + 1;
        let width = self.group_count * group_width;
        let values = &self.contributions[position * width..][..width];
        let explained = |feature: &'_ Feature| {
            let of_groups = values.iter().skip(feature.column).step_by(group_width);
            [Attribution { attribution: of_groups.copied().collect() }]
        };
        let shown = self.features.iter().map(|feature| Explained {
            feature_header: feature.header.as_deref(),
            feature_type: feature.kind.as_deref(),
            attributions: explained(feature),
        });
        shown.collect()
    }
}

impl Answered<'_> {
    /// The predictions one by one, as an expression sees them.
    pub(super) fn records(&self) -> Vec<Value> {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        match self.content_type {
            "application/json" => match json(self.data)["predictions"].take() {
                Value::Array(records) => records,
                _ => Vec::new(),
            },
            "application/jsonlines" => self.data.lines().map(json).collect(),
            _ => self.data.lines().map(array_of).collect(),
        }
    }
}

/// A line of CSV as a JSON array: numbers, and lists of them, as they are, anything else as text.
fn array_of(line: &str) -> Value {
    let mut cells = Vec::new();
    let (mut cell, mut quoted) = (String::new(), false);
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(character),
        }
    }
    cells.push(cell);
    let value = |cell: &String| {
        let read = serde_json::from_str::<Value>(cell.trim());
        read.unwrap_or_else(|_| cell.clone().into())
    };
    cells.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_are_seen_one_by_one() {
        for (content_type, data, expect) in [
            ("text/csv; charset=utf-8", "0.5\n1\n", "[0.5] [1]"),
            ("text/csv; charset=utf-8", "1,\"[0.1, 0.9]\",nan", "[1,[0.1,0.9],\"nan\"]"),
            (
                "application/jsonlines",
                "{\"score\": 0.5}\n{\"score\": 1}",
                "{\"score\":0.5} {\"score\":1}",
            ),
            ("application/json", "{\"predictions\": [{\"score\": 2}]}", "{\"score\":2}"),
        ] {
            let records = Answered { content_type, data }.records();
            let shown: Vec<String> = records.iter().map(ToString::to_string).collect();
            assert_eq!(shown.join(" "), expect, "{data}");
        }
    }
}
