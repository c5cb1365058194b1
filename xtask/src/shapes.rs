//! `cargo xtask shapes`: writes the tables of `aws-wire` from botocore's service models.
//!
//! Names, bindings and constraints are taken, prose is not. The models come in botocore's wheel
//! (Apache-2.0), whose version and hash are pinned here. What is done with the tables is
//! `aws-wire`'s.

mod served;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use served::{SERVED, Served};

const BOTOCORE: &str = "1.44.5";
const VALUES_PER_LINE: usize = 6;
const WHEEL_SHA256: &str = "8f16a56d1dff125dd65322ae021efa7ba5195a6db5102b96862566055b748921";

/// How to run `cargo xtask shapes`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if a committed table differs from what would be written
    #[arg(long)]
    check: bool,
}

/// Writes the tables, or with `--check` proves that they are what would be written.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent")?;
    let data = models(root)?;
    for served in SERVED {
        let text = table(&data, served).with_context(|| format!("in `{}`", served.model))?;
        let text = formatted(root, &text)?;
        let path = root.join(format!("crates/aws-wire/src/tables/{}.rs", served.module));
        if args.check {
            let committed = fs::read_to_string(&path).unwrap_or_default();
            ensure!(committed == text, "`{}` is stale; run `cargo xtask shapes`", path.display());
        } else {
            write(&path, text.as_bytes())?;
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a generated source file, not the server's data")]
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("can't write `{}`", path.display()))
}

/// The unpacked `data` folder of the pinned wheel.
fn models(root: &Path) -> Result<PathBuf> {
    let folder = root.join("target/shapes");
    let wheel = folder.join(format!("botocore-{BOTOCORE}-py3-none-any.whl"));
    if !wheel.exists() {
        fs::create_dir_all(&folder)?;
        let wanted = format!("botocore=={BOTOCORE}");
        python(&["-m", "pip", "download", "--quiet", "--no-deps", &wanted, "-d"], &folder)?;
    }
    let hash = Sha256::digest(fs::read(&wheel)?);
    let hash = hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    ensure!(hash == WHEEL_SHA256, "`{}` has the hash {hash}; delete it", wheel.display());
    let unpacked = folder.join(BOTOCORE);
    if !unpacked.exists() {
        let wheel = wheel.to_str().context("the path of the wheel is not UTF-8")?;
        python(&["-m", "zipfile", "-e", wheel], &unpacked)?;
    }
    Ok(unpacked.join("botocore/data"))
}

fn python(args: &[&str], folder: &Path) -> Result<()> {
    let status = Command::new("python3").args(args).arg(folder).status();
    ensure!(status.context("can't run `python3`")?.success(), "`python3 {}`", args.join(" "));
    Ok(())
}

fn formatted(root: &Path, text: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("can't run `rustfmt`")?;
    let mut input = rustfmt.stdin.take().context("`rustfmt` takes no input")?;
    input.write_all(text.as_bytes())?;
    drop(input);
    let output = rustfmt.wait_with_output()?;
    ensure!(output.status.success(), "`rustfmt` refuses the table");
    Ok(String::from_utf8(output.stdout)?)
}

/// A service model, with the lookups that a table needs.
struct Model {
    json: Value,
}

impl Model {
    fn read(data: &Path, folder: &str) -> Result<Self> {
        let file = fs::File::open(data.join(folder).join("service-2.json.gz"))?;
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
        Ok(Self { json: serde_json::from_str(&text)? })
    }

    fn metadata(&self, key: &str) -> Option<&str> {
        self.json["metadata"][key].as_str()
    }

    fn operation(&self, name: &str) -> Result<&Value> {
        self.json["operations"].get(name).with_context(|| format!("no operation `{name}`"))
    }

    fn shape(&self, name: &str) -> Result<&Value> {
        self.json["shapes"].get(name).with_context(|| format!("no shape `{name}`"))
    }

    /// Every shape that the operations reach, sorted.
    fn reached(&self, operations: &[&str]) -> Result<BTreeSet<String>> {
        let mut reached = BTreeSet::new();
        let mut open = Vec::new();
        for name in operations {
            collect_references(self.operation(name)?, &mut open);
        }
        while let Some(name) = open.pop() {
            if reached.insert(name.clone()) {
                collect_references(self.shape(&name)?, &mut open);
            }
        }
        Ok(reached)
    }
}

/// Every `{"shape": name}` below `value`.
fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(name)) = object.get("shape") {
                found.push(name.clone());
            }
            object.values().for_each(|value| collect_references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|v| collect_references(v, found)),
        _ => {}
    }
}

/// The source text of one service's table, not yet formatted.
fn table(data: &Path, served: &Served) -> Result<String> {
    let model = Model::read(data, served.model)?;
    let shapes = model.reached(served.operations)?;
    let mut text = String::new();
    head(&mut text, served, &model, &shapes)?;
    write!(text, "static OPERATIONS: &[Operation] = &[")?;
    for name in served.operations {
        operation(&mut text, name, model.operation(name)?)?;
    }
    writeln!(text, "];\n")?;
    known(&mut text, &model)?;
    write!(text, "/// Indexes into `SHAPES`.\n#[derive(Clone, Copy)]\n")?;
    write!(
        text,
        "enum Id {{ {} }}\n\n",
        shapes.iter().map(String::as_str).collect::<Vec<_>>().join(",")
    )?;
    // Patterns don't fit in a line, and rustfmt leaves a whole static alone for one of those.
    writeln!(text, "#[rustfmt::skip]\nstatic SHAPES: &[Shape] = &[")?;
    for name in &shapes {
        shape(&mut text, name, model.shape(name)?)?;
    }
    writeln!(text, "];")?;
    Ok(text)
}

fn head(
    text: &mut String,
    served: &Served,
    model: &Model,
    shapes: &BTreeSet<String>,
) -> Result<()> {
    let name = served.model.split('/').next().unwrap_or_default();
    let signing_name = model.metadata("signingName").unwrap_or(name);
    let protocol = match model.metadata("protocol") {
        Some("json") => format!(
            "Protocol::Json {{ version: {:?}, target_prefix: {:?} }}",
            model.metadata("jsonVersion").context("no JSON version")?,
            model.metadata("targetPrefix").context("no target prefix")?,
        ),
        Some("rest-json") => "Protocol::RestJson".to_owned(),
        Some("query") => format!(
            "Protocol::Query {{ version: {:?}, namespace: {:?} }}",
            model.metadata("apiVersion").context("no version")?,
            model.metadata("xmlNamespace").context("no namespace")?,
        ),
        other => bail!("the protocol {other:?} has no codec yet"),
    };
    let code = served.validation_code;
    let lower = shapes.iter().any(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    let casing = if lower { "non_camel_case_types, " } else { "" };
    write!(
        text,
        "//! `{name}`: the operations that are served, and the names of all.\n\
         //!\n\
         //! Generated by `cargo xtask shapes` from botocore {BOTOCORE} (Apache-2.0); edit\n\
         //! `xtask/src/shapes.rs` instead.\n\n\
         #![allow({casing}clippy::upper_case_acronyms, clippy::enum_variant_names, reason = \"shapes are named as in the model\")]\n\n\
         #[allow(clippy::wildcard_imports, reason = \"the vocabulary of every table\")]\n\
         use crate::table::*;\n\n\
         /// The service's table.\n\
         pub(crate) static SERVICE: Service = Service {{ name: {name:?}, signing_name: {signing_name:?}, \
         protocol: {protocol}, validation_code: {code:?}, operations: OPERATIONS, known: KNOWN, \
         shapes: SHAPES }};\n\n"
    )?;
    Ok(())
}

fn operation(text: &mut String, name: &str, operation: &Value) -> Result<()> {
    let http = &operation["http"];
    let id = |key: &str| match operation[key]["shape"].as_str() {
        Some(shape) => format!("Some({})", index(shape)),
        None => "None".to_owned(),
    };
    let errors = operation["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let errors: Vec<_> = errors.iter().filter_map(|e| e["shape"].as_str()).map(index).collect();
    write!(
        text,
        "Operation {{ name: {name:?}, method: {}, uri: {}, status: {}, input: {}, output: {}, \
         errors: &[{}] }},",
        http["method"],
        http["requestUri"],
        http["responseCode"].as_u64().unwrap_or(200),
        id("input"),
        id("output"),
        errors.join(", "),
    )?;
    Ok(())
}

fn index(shape: &str) -> String {
    format!("Id::{shape} as ShapeId")
}

fn known(text: &mut String, model: &Model) -> Result<()> {
    write!(text, "static KNOWN: &[Known] = &[")?;
    for (name, operation) in sorted(&model.json["operations"]) {
        let http = &operation["http"];
        if let Some(protocol @ ("json" | "query")) = model.metadata("protocol") {
            write!(text, "Known::{protocol}({name:?}),")?;
        } else {
            let (method, uri) = (&http["method"], &http["requestUri"]);
            write!(text, "Known {{ name: {name:?}, method: {method}, uri: {uri} }},")?;
        }
    }
    writeln!(text, "];\n")?;
    Ok(())
}

fn shape(text: &mut String, name: &str, shape: &Value) -> Result<()> {
    ensure!(shape["flattened"] != true, "shape `{name}` is flattened, which no table says yet");
    let element = |key: &str| shape[key]["shape"].as_str().map(index).context("no element");
    let kind = match shape["type"].as_str().context("a shape without a type")? {
        "structure" if shape["document"] == true => "Kind::Document".to_owned(),
        "structure" => return structure(text, name, shape),
        "list" => format!("Kind::List({})", element("member")?),
        "map" => format!("Kind::Map({}, {})", element("key")?, element("value")?),
        "timestamp" => format!("Kind::Timestamp({})", timestamp(shape)?),
        "string" => "Kind::String".to_owned(),
        "integer" => "Kind::Integer".to_owned(),
        "long" => "Kind::Long".to_owned(),
        "float" => "Kind::Float".to_owned(),
        "double" => "Kind::Double".to_owned(),
        "boolean" => "Kind::Boolean".to_owned(),
        "blob" => "Kind::Blob".to_owned(),
        other => bail!("shape `{name}` is of type `{other}`, which no codec knows"),
    };
    write!(text, "    Shape::new({name:?}, {kind})")?;
    constraints(text, shape).with_context(|| format!("in shape `{name}`"))?;
    text.push_str(",\n");
    Ok(())
}

fn constraints(text: &mut String, shape: &Value) -> Result<()> {
    for bound in ["min", "max"] {
        if let Some(value) = shape.get(bound) {
            let whole = value
                .as_i64()
                .or_else(|| value.as_f64().filter(|v| v.fract() == 0.0).map(|v| v as i64));
            let whole = whole.with_context(|| format!("`{bound}` is no whole number"))?;
            write!(text, ".{bound}({})", grouped(whole))?;
        }
    }
    if let Some(pattern) = shape["pattern"].as_str() {
        write!(text, ".pattern({pattern:?})")?;
    }
    if let Some(values) = shape["enum"].as_array() {
        text.push_str(".values(&[\n");
        for line in values.chunks(VALUES_PER_LINE) {
            let line: Vec<_> = line.iter().map(Value::to_string).collect();
            writeln!(text, "        {},", line.join(", "))?;
        }
        text.push_str("    ])");
    }
    Ok(())
}

/// A number as Rust code likes it: `6_291_456`.
fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = if value < 0 { "-".to_owned() } else { String::new() };
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && digits.len() > 4 && (digits.len() - i).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

fn timestamp(of: &Value) -> Result<&'static str> {
    Ok(match of["timestampFormat"].as_str() {
        None => "None",
        Some("iso8601") => "Some(TimestampFormat::Iso8601)",
        Some("rfc822") => "Some(TimestampFormat::HttpDate)",
        Some("unixTimestamp") => "Some(TimestampFormat::EpochSeconds)",
        Some(other) => bail!("the timestamp format `{other}` has no codec"),
    })
}

fn structure(text: &mut String, name: &str, shape: &Value) -> Result<()> {
    let status = shape["error"]["httpStatusCode"].as_u64();
    let fault = if shape["fault"] == true { 500 } else { 400 };
    match (shape["exception"] == true, shape["payload"].as_str()) {
        (true, _) => writeln!(text, "    Shape::error({name:?}, {}, &[", status.unwrap_or(fault))?,
        (_, Some(payload)) => writeln!(text, "    Shape::with_payload({name:?}, {payload:?}, &[")?,
        _ => writeln!(text, "    Shape::structure({name:?}, &[")?,
    }
    let required = shape["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (name, traits) in sorted(&shape["members"]) {
        member(text, name, traits).with_context(|| format!("in member `{name}`"))?;
        text.push_str(if required.iter().any(|r| r == name) { ".required(),\n" } else { ",\n" });
    }
    text.push_str("    ])");
    if let Some(code) = shape["error"]["code"].as_str().filter(|code| *code != name) {
        write!(text, ".code({code:?})")?;
    }
    text.push_str(",\n");
    Ok(())
}

/// The entries of an object by name, however `serde_json` was built.
fn sorted(object: &Value) -> BTreeMap<&String, &Value> {
    object.as_object().map(|object| object.iter().collect()).unwrap_or_default()
}

fn member(text: &mut String, name: &str, traits: &Value) -> Result<()> {
    let shape = traits["shape"].as_str().context("no shape")?;
    ensure!(traits["flattened"] != true, "it is flattened, which no table says yet");
    write!(text, "        Member::new({name:?}, {})", index(shape))?;
    if let Some(wire_name) = traits["locationName"].as_str().filter(|wire| *wire != name) {
        write!(text, ".wire_name({wire_name:?})")?;
    }
    if let Some(location) = traits["location"].as_str() {
        let location = match location {
            "header" => "Header",
            "headers" => "Headers",
            "querystring" => "Query",
            "uri" => "Uri",
            "statusCode" => "StatusCode",
            other => bail!("the location `{other}` has no codec"),
        };
        write!(text, ".at(Location::{location})")?;
    }
    match timestamp(traits)? {
        "None" => {}
        format => write!(text, ".timestamp({})", &format["Some(".len()..format.len() - 1])?,
    }
    text.push_str(if traits["jsonvalue"] == true { ".json_text()" } else { "" });
    Ok(())
}
