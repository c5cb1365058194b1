//! Tree models in this process: the behaviour of SageMaker's XGBoost container in algorithm mode.
//!
//! `artifact` finds and reads the model, `settings` the environment, `media` the content types,
//! `invoke` answers calls. The arithmetic is `trees`' business, the formats are `records`'.
//!
//! JSON requests are an extension: the container refuses them. What it reads and this engine does
//! not yet (libsvm, Parquet, `RecordIO`) is refused by name.

mod artifact;
mod invoke;
mod media;
mod settings;

use std::{fmt, sync::Arc};

use engine_api::{LogSink, ModelSource, OpenError};
use records::Columns;
use settings::Settings;
use trees::{Model, Rows};

/// A loaded model and the way it talks.
pub(crate) struct Native {
    model: Model,
    columns: Columns,
    settings: Settings,
    log: Arc<dyn LogSink>,
}

/// Reads the model in the artifact and proves that it can answer.
pub(crate) fn open(source: ModelSource<'_>) -> Result<Native, OpenError> {
    let settings = Settings::read(source.environment)?;
    let model = artifact::load(source.directory, source.log)?;
    let columns = columns(&model);
    let native = Native { model, columns, settings, log: Arc::clone(source.log) };
    native.prove();
    Ok(native)
}

fn columns(model: &Model) -> Columns {
    if model.feature_names().len() == model.feature_count() {
        Columns::named(model.feature_names().iter().cloned())
    } else {
        Columns::unnamed(model.feature_count())
    }
}

impl Native {
    /// Predicts a row of missing values, as the container's first `/ping` loads the model.
    fn prove(&self) {
        let row = vec![f32::NAN; self.model.feature_count()];
        let mut prediction = vec![0.0; self.model.prediction_width()];
        if !row.is_empty() {
            self.model.predict(Rows::new(&row, row.len()), &mut prediction);
        }
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Native")
            .field("trees", &self.model.tree_count())
            .field("columns", &self.columns.width())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
