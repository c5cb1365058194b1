//! From a directory of files to models.
//!
//! Owns which files are models, how large they may be, and what is said if they can't be read. Their
//! format is `trees`' business.

use std::{
    fs::{self, Metadata},
    io,
    path::Path,
    sync::Arc,
    time::Instant,
};

use engine_api::{ModelSource, OpenError};
use trees::{Model, Reading};

use crate::shared::{Opened, Shared};

/// Models beyond this size are refused: one is read into memory as a whole.
const MODEL_BYTES_MAX: u64 = 2 << 30;
/// An artifact with more files than this at its top level is not a few models with a note beside.
const FILES_MAX: usize = 1000;

/// What SageMaker's XGBoost calls the model it has trained, and starts the names of several with.
const NAME: &str = "xgboost-model";

/// A model file of an artifact.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) model: Arc<Model>,
    /// What was read of the file, where the model is to be explained and nobody had read it before.
    reading: Option<Arc<Reading>>,
}

impl Found {
    /// What the file says, read at most once.
    pub(super) fn reading(&self, directory: &Path) -> Result<Arc<Reading>, OpenError> {
        match &self.reading {
            Some(reading) => Ok(Arc::clone(reading)),
            None => read(&directory.join(&self.name), &self.name).map(Arc::new),
        }
    }
}

/// Reads the model files of the artifact, but those that are `open` already, says so in the log, and
/// gives them in the order of their names. Of several files that are models, all are read for an `ensemble`, else one.
///
/// To the container every top-level file that isn't hidden is a model, and one that isn't keeps it
/// from starting. Here other files may stand beside models whose names start with `xgboost-model`.
pub(super) fn load(
    source: ModelSource<'_>,
    ensemble: bool,
    open: &Shared<Model>,
) -> Result<Vec<Found>, OpenError> {
    let names = files(source.directory)?;
    let has_named = names.iter().any(|name| name.starts_with(NAME));
    let mut models = Vec::new();
    for name in names {
        match one(source, &name, open) {
            Ok(found) => models.push(found),
            Err(error) if has_named && !name.starts_with(NAME) => {
                let log = source.log;
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
             that are looked at; leave out what the model does not need"
        )));
    }
    names.sort_unstable_by(|a, b| (!a.starts_with(NAME), a).cmp(&(!b.starts_with(NAME), b)));
    Ok(names)
}

fn one(source: ModelSource<'_>, name: &str, open: &Shared<Model>) -> Result<Found, OpenError> {
    let started = Instant::now();
    let path = source.directory.join(name);
    let file = fs::metadata(&path).map_err(|error| unreadable(name, &error))?;
    check_size(name, &file)?;
    let mut reading = None;
    let Opened { model, was_open } = open.open(&[file], || {
        if source.explaining.is_none() {
            return bytes(&path, name).and_then(|bytes| parsed(name, Model::from_bytes(&bytes)));
        }
        let read = read(&path, name)?;
        let model = read.model();
        reading = Some(Arc::new(read));
        Ok(model)
    })?;
    let how = if was_open { ", which was open already" } else { &elapsed(started) };
    source.log.line(&format!("loaded {name}: {}{how}", describe(&model)));
    Ok(Found { name: name.to_owned(), model, reading })
}

fn bytes(path: &Path, name: &str) -> Result<Vec<u8>, OpenError> {
    fs::read(path).map_err(|error| unreadable(name, &error))
}

/// All that a file says, for explanations too.
fn read(path: &Path, name: &str) -> Result<Reading, OpenError> {
    bytes(path, name).and_then(|bytes| parsed(name, Reading::of(&bytes)))
}

fn parsed<T>(name: &str, read: Result<T, trees::Error>) -> Result<T, OpenError> {
    read.map_err(|error| {
        refuse(format!("model file `{name}` is not a model that clary reads: {error}"))
    })
}

fn unreadable(name: &str, error: &io::Error) -> OpenError {
    refuse(format!("model file `{name}` can't be read: {error}"))
}

fn check_size(name: &str, file: &Metadata) -> Result<(), OpenError> {
    let size = file.len();
    if size == 0 {
        return Err(refuse(format!("model file `{name}` is empty; put the model into it")));
    }
    if size > MODEL_BYTES_MAX {
        return Err(refuse(format!(
            "model file `{name}` has {size} bytes, more than the {MODEL_BYTES_MAX} that are served"
        )));
    }
    Ok(())
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
    format!(" in {} ms", started.elapsed().as_millis())
}
