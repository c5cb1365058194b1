//! From a directory of files to a model.
//!
//! Owns which file is the model, how large it may be, and what is said if it can't be read. Its
//! format is `trees`' business.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use engine_api::{LogSink, OpenError};
use trees::Model;

/// Models beyond this size are refused: one is read into memory as a whole.
const MODEL_BYTES_MAX: u64 = 2 << 30;
/// How many files an error message lists.
const LISTED_MAX: usize = 5;

/// Reads the model file of the artifact in `directory` and says so in the log.
pub(super) fn load(directory: &Path, log: &Arc<dyn LogSink>) -> Result<Model, OpenError> {
    let started = Instant::now();
    let name = choose(files(directory)?)?;
    let bytes = read(&directory.join(&name), &name)?;
    let model = Model::from_bytes(&bytes).map_err(|error| {
        refuse(format!("model file `{name}` is not a model that clary reads: {error}"))
    })?;
    log.line(&format!("loaded {name}: {} in {}", describe(&model), elapsed(started)));
    Ok(model)
}

/// The names of the top-level files that are not hidden, in order.
fn files(directory: &Path) -> Result<Vec<String>, OpenError> {
    let unreadable = |error| refuse(format!("the model's directory can't be read: {error}"));
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.path().is_file() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The one that is the model: `xgboost-model`, else one that is called so up to its extension,
/// else the only one. The container takes several files for an ensemble.
fn choose(mut names: Vec<String>) -> Result<String, OpenError> {
    if names.iter().any(|name| stem(name) == NAME) {
        names.retain(|name| stem(name) == NAME);
    }
    if names.iter().any(|name| name == NAME) {
        return Ok(NAME.to_owned());
    }
    match names.len() {
        0 => Err(refuse(format!(
            "the model artifact holds no model file at its top level; put `{NAME}` into the root \
             of model.tar.gz"
        ))),
        1 => Ok(names.remove(0)),
        _ => Err(refuse(format!(
            "the model artifact holds several model files ({}), which XGBoost's container serves \
             as an ensemble, and that is not served yet; keep one or name it `{NAME}`",
            list(&names)
        ))),
    }
}

/// What SageMaker's XGBoost calls the model it has trained.
const NAME: &str = "xgboost-model";

fn stem(name: &str) -> &str {
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

fn list(names: &[String]) -> String {
    let mut listed: Vec<String> =
        names.iter().take(LISTED_MAX).map(|name| format!("`{name}`")).collect();
    if names.len() > LISTED_MAX {
        listed.push("…".to_owned());
    }
    listed.join(", ")
}

fn read(path: &PathBuf, name: &str) -> Result<Vec<u8>, OpenError> {
    let unreadable = |error| refuse(format!("model file `{name}` can't be read: {error}"));
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size == 0 {
        return Err(refuse(format!("model file `{name}` is empty")));
    }
    if size > MODEL_BYTES_MAX {
        return Err(refuse(format!(
            "model file `{name}` has {size} bytes, more than the {MODEL_BYTES_MAX} that are served"
        )));
    }
    fs::read(path).map_err(unreadable)
}

fn refuse(message: String) -> OpenError {
    OpenError { message }
}

fn describe(model: &Model) -> String {
    let classes = match model.group_count() {
        1 => String::new(),
        count => format!(", {count} classes"),
    };
    format!(
        "{} trees, {} features, {}{classes}, {:.1} MB",
        model.tree_count(),
        model.feature_count(),
        model.objective().name(),
        model.byte_size() as f64 / 1e6
    )
}

fn elapsed(started: Instant) -> String {
    format!("{} ms", started.elapsed().as_millis())
}
