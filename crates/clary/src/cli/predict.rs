//! `clary predict`: what a model file answers for rows of a file or of stdin, without a server. Owns
//! which answers there are and how they are printed; `records` reads rows, `trees` computes.

use std::{
    fmt::Write as _,
    fs,
    io::{self, IsTerminal, Read, Write},
};

use anyhow::{Context, bail};
use records::{Columns, Matrix, Real, csv, json as json_rows, jsonlines, libsvm, npy, recordio};
use serde_json::{Map, Value, json};
use trees::{Explainer, Input, Model, Rows};

use super::{Usage, invoke::guess_content_type, model, output};

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// The model: a file of XGBoost, LightGBM, CatBoost or scikit-learn, in any format that is read
    #[arg(value_name = "MODEL")]
    model: String,
    /// File with the rows; `-` is stdin
    #[arg(value_name = "ROWS", default_value = "-")]
    rows: String,
    /// What the rows are; without it, found out from the file's name and contents
    #[arg(long, value_enum)]
    format: Option<RowFormat>,
    #[command(flatten)]
    what: What,
    /// Print a JSON list with an object per row
    #[arg(long)]
    json: bool,
}

/// What rows may be written in.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum RowFormat {
    Csv,
    Json,
    Jsonlines,
    Libsvm,
    Npy,
    Recordio,
}

impl RowFormat {
    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::Jsonlines => "application/jsonlines",
            Self::Libsvm => "text/libsvm",
            Self::Npy => "application/x-npy",
            Self::Recordio => "application/x-recordio-protobuf",
        }
    }
}

/// What to print of each row; by default what the model predicts.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(clap::Args, Clone, Copy, Debug)]
#[group(multiple = false)]
struct What {
    /// Print the label of the predicted class
    #[arg(long)]
    label: bool,
    /// Print the raw scores, before they become predictions
    #[arg(long)]
    margin: bool,
    /// Print the number of the leaf that the row reaches in each tree
    #[arg(long)]
    leaves: bool,
    /// Print what each feature contributed to the raw scores (exact `TreeSHAP`)
    #[arg(long)]
    shap: bool,
    /// Print how features acted together on the raw scores: a line per feature, whose cells sum to
    /// what it contributed
    #[arg(long)]
    interactions: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let bytes = model::read(&args.model)?;
    let model = model::parse(&args.model, &bytes)?;
    let matrix = read_rows(&args.rows, args.format, &model)?;
    if matrix.row_count() == 0 {
        bail!("`{}` has no rows", args.rows);
    }
    let rows = matrix.rows();
    let answers = if args.what.shap || args.what.interactions {
        let explainer = Explainer::from_bytes(&bytes)
            .with_context(|| format!("`{}` can't be explained", args.model))?;
        if args.what.shap {
            contributions(&model, &explainer, rows)
        } else {
            interactions(&model, &explainer, rows)?
        }
    } else if args.what.leaves {
        leaves(&model, rows)
    } else if args.what.label {
        labels(&model, rows)?
    } else if args.what.margin {
        margins(&model, rows)
    } else {
        predictions(&model, rows)
    };
    if args.json { output::json(&answers.to_json()) } else { answers.print() }
}

/// What is printed: lines of cells, and what they are called.
struct Answers {
    /// Of the value of each row in JSON.
    name: &'static str,
    /// Names of cells, if they need some; then lines begin with names in CSV, and are objects in JSON.
    heads: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

enum Cell {
    Number(f64),
    Narrow(f32),
    Text(String),
}

impl Answers {
    fn to_json(&self) -> Value {
        let row = |cells: &Vec<Cell>| {
            let values = cells.iter().map(Cell::to_json);
            if !self.heads.is_empty() {
                return Value::Object(self.heads.iter().cloned().zip(values).collect());
            }
            let values: Vec<_> = values.collect();
            let value = if values.len() == 1 { values[0].clone() } else { values.into() };
            Value::Object(Map::from_iter([(self.name.to_owned(), value)]))
        };
        self.rows.iter().map(row).collect()
    }

    fn print(&self) -> anyhow::Result<()> {
        let mut text = String::new();
        if !self.heads.is_empty() {
            text.push_str(
                &self.heads.iter().map(|head| quoted(head)).collect::<Vec<_>>().join(","),
            );
            text.push('\n');
        }
        for cells in &self.rows {
            for (place, cell) in cells.iter().enumerate() {
                let comma = if place == 0 { "" } else { "," };
                write!(text, "{comma}{cell}")?;
            }
            text.push('\n');
        }
        io::stdout().lock().write_all(text.as_bytes())?;
        Ok(())
    }
}

impl Cell {
    /// What is no number in JSON is `null`.
    fn to_json(&self) -> Value {
        match self {
            Self::Number(number) => json!(number),
            // By way of its digits: they are fewer than those of the same `f64`.
            Self::Narrow(number) => {
                number.to_string().parse::<f64>().map_or(Value::Null, |n| json!(n))
            }
            Self::Text(text) => json!(text),
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Narrow(number) => number.fmt(f),
            Self::Text(text) => f.write_str(&quoted(text)),
        }
    }
}

/// As a field of CSV.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

fn predictions(model: &Model, rows: Input<'_>) -> Answers {
    let mut out = vec![0.0; rows.len() * model.prediction_width()];
    model.predict_f64(rows, &mut out);
    scores("prediction", &out, model)
}

fn margins(model: &Model, rows: Input<'_>) -> Answers {
    let mut out = vec![0.0; rows.len() * model.group_count()];
    model.margins_f64(rows, &mut out);
    scores("margin", &out, model)
}

/// In the digits of the model's own precision.
fn scores(name: &'static str, values: &[f64], model: &Model) -> Answers {
    let width = if name == "margin" { model.group_count() } else { model.prediction_width() };
    let cell = |value: &f64| {
        if model.is_f64() { Cell::Number(*value) } else { Cell::Narrow(*value as f32) }
    };
    let row = |values: &[f64]| values.iter().map(cell).collect();
    Answers { name, heads: Vec::new(), rows: values.chunks(width).map(row).collect() }
}

fn leaves(model: &Model, rows: Input<'_>) -> Answers {
    let count = model.tree_count();
    let mut out = vec![0; rows.len() * count];
    model.leaves(rows, &mut out);
    let row = |row: usize| {
        out[row * count..][..count].iter().map(|leaf| Cell::Number(f64::from(*leaf))).collect()
    };
    Answers { name: "leaves", heads: Vec::new(), rows: (0..rows.len()).map(row).collect() }
}

/// The most probable class, by its name if the model knows it.
fn labels(model: &Model, rows: Input<'_>) -> anyhow::Result<Answers> {
    let objective = model.objective().name();
    let (width, classes) = (model.prediction_width(), model.classes());
    let is_binary = ["binary", "cross_entropy"].iter().any(|name| objective.starts_with(name));
    let is_label = matches!(objective, "multi:softmax" | "binary:hinge");
    if !(is_binary || is_label || width > 1 && objective.starts_with("multi")) {
        bail!("the objective `{objective}` predicts numbers, not classes; leave `--label` out");
    }
    let limit = if objective == "binary:logitraw" { 0.0 } else { 0.5 };
    let mut out = vec![0.0; rows.len() * width];
    model.predict_f64(rows, &mut out);
    let label = |scores: &[f64]| {
        let class = match scores {
            [label] if is_label => *label as usize,
            [score] => usize::from(*score > limit),
            scores => greatest(scores),
        };
        vec![classes.get(class).map_or(Cell::Number(class as f64), |l| Cell::Text(l.to_string()))]
    };
    Ok(Answers { name: "label", heads: Vec::new(), rows: out.chunks(width).map(label).collect() })
}

/// The place of the greatest score, the first of equals.
fn greatest(scores: &[f64]) -> usize {
    (0..scores.len()).fold(0, |best, at| if scores[at] > scores[best] { at } else { best })
}

/// A line per row and class: the contributions and the margin that they start from.
fn contributions(model: &Model, explainer: &Explainer, rows: Input<'_>) -> Answers {
    let mut out = vec![0.0; rows.len() * explainer.width()];
    explainer.contributions(rows, &mut out);
    let groups = explainer.group_count();
    let mut heads = vec!["row".to_owned()];
    heads.extend((groups > 1).then(|| "class".to_owned()));
    heads.extend(columns(model, explainer));
    let line = |(number, values): (usize, &[f64])| {
        let mut cells = vec![Cell::Number((number / groups) as f64)];
        cells.extend((groups > 1).then(|| Cell::Number((number % groups) as f64)));
        cells.extend(values.iter().map(|value| Cell::Number(*value)));
        cells
    };
    let rows = out.chunks(explainer.feature_count() + 1).enumerate().map(line).collect();
    Answers { name: "contributions", heads, rows }
}

/// A line per row, class and feature, and for each class one for the margin that all start from.
fn interactions(model: &Model, explainer: &Explainer, rows: Input<'_>) -> anyhow::Result<Answers> {
    let mut out = vec![0.0; rows.len() * explainer.interaction_width()];
    explainer.interactions(rows, &mut out)?;
    let groups = explainer.group_count();
    let names: Vec<_> = columns(model, explainer).collect();
    let mut heads = vec!["row".to_owned()];
    heads.extend((groups > 1).then(|| "class".to_owned()));
    heads.push("feature".to_owned());
    heads.extend(names.iter().cloned());
    let line = |(number, values): (usize, &[f64])| {
        let (matrix, feature) = (number / names.len(), number % names.len());
        let mut cells = vec![Cell::Number((matrix / groups) as f64)];
        cells.extend((groups > 1).then(|| Cell::Number((matrix % groups) as f64)));
        cells.push(Cell::Text(names[feature].clone()));
        cells.extend(values.iter().map(|value| Cell::Number(*value)));
        cells
    };
    let rows = out.chunks(names.len()).enumerate().map(line).collect();
    Ok(Answers { name: "interactions", heads, rows })
}

/// What the values of an explanation are called.
fn columns(model: &Model, explainer: &Explainer) -> impl Iterator<Item = String> {
    let features = 0..explainer.feature_count();
    let names = features.map(|feature| model::feature_name(model, feature));
    names.chain(["expected".to_owned()])
}

/// Rows in the precision in which the model computes, so that none is rounded on the way.
enum Table {
    Narrow(Matrix<f32>),
    Wide(Matrix<f64>),
}

impl Table {
    fn row_count(&self) -> usize {
        match self {
            Self::Narrow(matrix) => matrix.row_count(),
            Self::Wide(matrix) => matrix.row_count(),
        }
    }

    fn rows(&self) -> Input<'_> {
        match self {
            Self::Narrow(matrix) => Rows::new(matrix.values(), matrix.width()).into(),
            Self::Wide(matrix) => Rows::new(matrix.values(), matrix.width()).into(),
        }
    }
}

fn read_rows(name: &str, format: Option<RowFormat>, model: &Model) -> anyhow::Result<Table> {
    let body = read_body(name)?;
    let columns = match model.feature_names() {
        [] => Columns::unnamed(model.feature_count()),
        names => Columns::named(names.iter().cloned()),
    };
    let format = match format {
        Some(format) => format.content_type(),
        None => guess_content_type(name, &body),
    };
    let body = Body { name, format, bytes: &body, columns: &columns };
    Ok(if model.is_f64() { Table::Wide(body.read()?) } else { Table::Narrow(body.read()?) })
}

/// Rows as they are in a file.
struct Body<'a> {
    name: &'a str,
    format: &'static str,
    bytes: &'a [u8],
    columns: &'a Columns,
}

impl Body<'_> {
    fn read<V: Real>(&self) -> anyhow::Result<Matrix<V>> {
        let Self { name, bytes, columns, .. } = *self;
        let mut matrix = Matrix::default();
        match self.format {
            "text/csv" => csv::read(bytes, columns, &mut matrix),
            "application/json" => json_rows::read(bytes, columns, &mut matrix),
            "application/jsonlines" => jsonlines::read(bytes, columns, &mut matrix),
            "application/x-npy" => npy::read(bytes, columns, &mut matrix),
            "text/libsvm" => libsvm::Reader::new(bytes, columns).read(&mut matrix, usize::MAX),
            "application/x-recordio-protobuf" => {
                recordio::Reader::new(bytes, columns).read(&mut matrix, usize::MAX)
            }
            format => bail!(
                "`{name}` looks like {format}, from which rows can't be read here; give CSV, JSON, \
                 JSON Lines, npy, libsvm or RecordIO-protobuf"
            ),
        }
        .with_context(|| format!("the rows of `{name}` can't be read"))?;
        Ok(matrix)
    }
}

fn read_body(name: &str) -> anyhow::Result<Vec<u8>> {
    if name != "-" {
        return fs::read(name).with_context(|| format!("`{name}` can't be read"));
    }
    if io::stdin().is_terminal() {
        return Err(Usage("no rows: give a file, or pipe them in".to_owned()).into());
    }
    let mut body = Vec::new();
    io::stdin().lock().read_to_end(&mut body).context("the rows can't be read from stdin")?;
    Ok(body)
}
