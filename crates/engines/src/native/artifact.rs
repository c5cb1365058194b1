//! From a directory of files to models.
//!
//! Owns which files are models, how large they may be, and what is said if they can't be read. Their
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
/// An artifact with more files than this at its top level is not a few models with a note beside.
const FILES_MAX: usize = 1000;

/// What SageMaker's XGBoost calls the model it has trained, and starts the names of several with.
const NAME: &str = "xgboost-model";

/// Reads the model files of the artifact in `directory`, says so in the log, and gives them in the
/// order of their names. Of several files that are models, all are read for an `ensemble`, else one.
///
/// To the container every top-level file that isn't hidden is a model, and one that isn't keeps it
/// from starting. Here other files may stand beside models whose names start with `xgboost-model`.
pub(super) fn load(
    directory: &Path,
    ensemble: bool,
    log: &Arc<dyn LogSink>,
) -> Result<Vec<(String, Model)>, OpenError> {
    let names = files(directory)?;
    let has_named = names.iter().any(|name| name.starts_with(NAME));
    let mut models = Vec::new();
    for name in names {
        match read(directory, &name, log) {
            Ok(model) => models.push((name, model)),
            Err(error) if has_named && !name.starts_with(NAME) => {
                log.line(&format!("passed over a file beside the model: {}", error.message));
            }
            Err(error) => return Err(error),
        }
        if models.len() == 1 && !ensemble {
            break;
        }
    }
    if models.is_empty() {
        return Err(refuse(format!(
            "the model artifact holds no model file at its top level; put `{NAME}` into the root \
             of model.tar.gz"
        )));
    }
    Ok(models)
}

/// The names of the top-level files that are not hidden: those that are named like models first,
/// then by name.
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
    if names.len() > FILES_MAX {
        let count = names.len();
        return Err(refuse(format!(
            "the model artifact holds {count} files at its top level, more than the {FILES_MAX} \
             that are looked at"
        )));
    }
    names.sort_unstable_by(|a, b| (!a.starts_with(NAME), a).cmp(&(!b.starts_with(NAME), b)));
    Ok(names)
}

fn read(directory: &Path, name: &str, log: &Arc<dyn LogSink>) -> Result<Model, OpenError> {
    let started = Instant::now();
    let bytes = bytes(&directory.join(name), name)?;
    let model = Model::from_bytes(&bytes).map_err(|error| {
        refuse(format!("model file `{name}` is not a model that clary reads: {error}"))
    })?;
    log.line(&format!("loaded {name}: {} in {}", describe(&model), elapsed(started)));
    Ok(model)
}

fn bytes(path: &PathBuf, name: &str) -> Result<Vec<u8>, OpenError> {
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
