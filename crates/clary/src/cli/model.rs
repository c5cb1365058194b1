//! `clary model`: what a model file is. Owns how it is shown; `trees` reads it.

use std::{collections::BTreeMap, fs};

use anyhow::Context;
use serde_json::json;
use trees::{Importance, Model, Shape};

use super::{Usage, output};

/// Features in the chart unless more are asked for.
const CHART_ROWS: usize = 20;
/// Characters of the longest bar.
const BAR_WIDTH: f64 = 40.0;

/// What to do.
#[derive(clap::Subcommand, Clone, Debug)]
pub(crate) enum Command {
    /// Show what a model file is: format, objective, features, trees, importance
    Inspect(Args),
}

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// The model: a file of XGBoost, LightGBM, CatBoost or scikit-learn, in any format that is read
    #[arg(value_name = "FILE")]
    file: String,
    /// By what features are ranked
    #[arg(long, value_enum, default_value_t = By::Gain)]
    by: By,
    /// Show all features in the chart, not only the first
    #[arg(long)]
    all: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// What the splits on a feature gained, together
    Gain,
    /// How many splits ask for a feature
    Weight,
    /// How many training rows met the splits on a feature
    Cover,
}

impl By {
    fn of(self, importance: &Importance) -> f64 {
        match self {
            Self::Gain => importance.gain,
            Self::Weight => importance.splits as f64,
            Self::Cover => importance.cover,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gain => "gain",
            Self::Weight => "weight",
            Self::Cover => "cover",
        }
    }
}

pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Inspect(args) = command;
    let bytes = read(&args.file)?;
    let found = Found {
        bytes: bytes.len(),
        model: parse(&args.file, &bytes)?,
        shape: trees::shape(&bytes)?,
        importance: trees::importance(&bytes)?,
    };
    if args.json { output::json(&found.to_json()) } else { output::line(&found.text(args)) }
}

/// The bytes of a model file.
pub(super) fn read(file: &str) -> anyhow::Result<Vec<u8>> {
    if fs::metadata(file).is_ok_and(|found| found.is_dir()) {
        let message = format!("`{file}` is a directory; name the model file in it");
        return Err(Usage(message).into());
    }
    fs::read(file).with_context(|| format!("`{file}` can't be read"))
}

pub(super) fn parse(file: &str, bytes: &[u8]) -> anyhow::Result<Model> {
    Model::from_bytes(bytes).with_context(|| format!("`{file}` is not a model that clary reads"))
}

/// The name of a feature, or `f` and its number as in XGBoost's own listings.
pub(super) fn feature_name(model: &Model, feature: usize) -> String {
    model.feature_names().get(feature).cloned().unwrap_or_else(|| format!("f{feature}"))
}

struct Found {
    bytes: usize,
    model: Model,
    shape: Shape,
    /// Of the features that are used, by their numbers.
    importance: BTreeMap<usize, Importance>,
}

impl Found {
    fn to_json(&self) -> serde_json::Value {
        let (model, shape) = (&self.model, &self.shape);
        let features: Vec<_> = self
            .importance
            .iter()
            .map(|(feature, of)| {
                let name = feature_name(model, *feature);
                json!({"index": feature, "name": name, "weight": of.splits, "gain": of.gain, "cover": of.cover})
            })
            .collect();
        json!({
            "format": shape.format.to_string(),
            "objective": model.objective().name(),
            "groups": model.group_count(),
            "classes": model.classes().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "trees": model.tree_count(),
            "iterations": model.iteration_count(),
            "best_iteration": model.best_iteration(),
            "depth_max": shape.depth_max,
            "splits": shape.splits,
            "category_splits": shape.category_splits,
            "missing_left": shape.missing_left,
            "leaves": shape.leaves,
            "leaf_least": shape.leaf_values.map(|(least, _)| least),
            "leaf_greatest": shape.leaf_values.map(|(_, greatest)| greatest),
            "file_bytes": self.bytes,
            "memory_bytes": model.byte_size(),
            "feature_count": model.feature_count(),
            "feature_names": model.feature_names(),
            "features": features,
        })
    }

    fn text(&self, args: &Args) -> String {
        let facts = self.facts();
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut lines: Vec<_> =
            facts.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
        lines.extend(self.chart(args));
        lines.join("\n")
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let (model, shape) = (&self.model, &self.shape);
        let mut facts = vec![
            ("format", shape.format.to_string()),
            ("objective", model.objective().name().to_owned()),
            ("features", self.features()),
        ];
        if model.group_count() > 1 {
            let of = if model.class_count() > 0 { "classes" } else { "targets" };
            facts.push((of, self.classes()));
        }
        facts.push((
            "trees",
            format!("{} in {} iterations", model.tree_count(), model.iteration_count()),
        ));
        if let Some(best) = model.best_iteration() {
            facts.push(("best", format!("iteration {best}, counted from 0; all are used")));
        }
        facts.push(("depth", format!("{} at most", shape.depth_max)));
        facts.push(("splits", self.splits()));
        facts.push(("leaves", self.leaves()));
        let (file, memory) = (self.bytes as f64 / 1e6, model.byte_size() as f64 / 1e6);
        facts.push(("size", format!("{file:.2} MB, {memory:.2} MB in memory")));
        facts
    }

    fn features(&self) -> String {
        let named = if self.model.feature_names().is_empty() { "without names" } else { "named" };
        let used = self.importance.len();
        format!("{}, {named}, {used} used", self.model.feature_count())
    }

    fn classes(&self) -> String {
        let names: Vec<_> = self.model.classes().iter().map(ToString::to_string).collect();
        let count = self.model.group_count();
        if names.is_empty() { count.to_string() } else { format!("{count}: {}", names.join(", ")) }
    }

    fn splits(&self) -> String {
        let Shape { splits, category_splits, missing_left, .. } = self.shape;
        let categories = match category_splits {
            0 => String::new(),
            count => format!(", {count} by category"),
        };
        format!("{splits}{categories}; missing goes left at {missing_left}")
    }

    fn leaves(&self) -> String {
        let count = self.shape.leaves;
        match self.shape.leaf_values {
            Some((least, greatest)) => format!("{count}, from {least:.6} to {greatest:.6}"),
            None => count.to_string(),
        }
    }

    /// A bar per feature, the greatest first.
    fn chart(&self, args: &Args) -> Vec<String> {
        let mut ranked: Vec<_> = self
            .importance
            .iter()
            .map(|(feature, of)| (feature_name(&self.model, *feature), args.by.of(of)))
            .filter(|(_, value)| *value > 0.0)
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        let Some(greatest) = ranked.first().map(|(_, value)| *value) else {
            return vec![format!("\nno {} to show: the model does not say", args.by.name())];
        };
        let shown = if args.all { ranked.len() } else { CHART_ROWS.min(ranked.len()) };
        let width = ranked[..shown].iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let mut lines = vec![format!("\nimportance by {}", args.by.name())];
        lines.extend(ranked[..shown].iter().map(|(name, value)| {
            format!("{name:width$}  {} {value:.6}", bar(value / greatest)).trim_end().to_owned()
        }));
        if shown < ranked.len() {
            lines.push(format!("and {} more; `--all` shows them", ranked.len() - shown));
        }
        lines
    }
}

/// A bar of eighths of characters; the longest is for 1.
fn bar(share: f64) -> String {
    let eighths = (share.clamp(0.0, 1.0) * BAR_WIDTH * 8.0).round() as usize;
    let part = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let rest = (eighths % 8).checked_sub(1).map(|place| part[place]);
    let full = "█".repeat(eighths / 8);
    full + &rest.map(String::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bars_are_as_long_as_their_share() {
        assert_eq!(bar(1.0), "█".repeat(40));
        assert_eq!(bar(0.5), "█".repeat(20));
        assert_eq!(bar(1.0 / 320.0), "▏");
        assert_eq!(bar(0.0), "");
    }
}
