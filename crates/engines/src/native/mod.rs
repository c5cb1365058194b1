//! Tree models in this process: the behaviour of SageMaker's XGBoost container in algorithm mode.
//!
//! `artifact` finds and reads the models, `ensemble` lets several answer as one, `settings` reads the
//! environment, `media` the content types, `selection` says what of a prediction an answer holds,
//! `body` turns bodies into predictions in the model's `precision`, `explain` says why they are so, `invoke` answers calls. The arithmetic is `trees`' business,
//! the formats are `records`'.
//!
//! JSON, JSON Lines and `NumPy` requests are an extension: the container refuses them.

mod artifact;
mod body;
mod ensemble;
mod explain;
mod invoke;
mod media;
mod precision;
mod selection;
mod settings;

use std::{fmt, sync::Arc};

use artifact::Found;
use engine_api::{LogSink, ModelSource, OpenError};
use ensemble::Ensemble;
use explain::Explaining;
use records::Columns;
use selection::Selection;
use settings::Settings;
use trees::{Model, Reading, Rows};

use crate::shared::Shared;

/// Loaded models and the way they talk.
pub(crate) struct Native {
    ensemble: Ensemble,
    columns: Columns,
    settings: Settings,
    /// What an answer holds, if that is not plain scores.
    selection: Option<Selection>,
    /// What each answer is explained with, if it is. Few are: it lies apart from what all read.
    explaining: Option<Box<Explaining>>,
    log: Arc<dyn LogSink>,
}

/// Reads the models in the artifact and proves that they can answer.
pub(crate) fn open(source: ModelSource<'_>, open: &Shared<Model>) -> Result<Native, OpenError> {
    let settings = Settings::read(source.environment)?;
    let models = artifact::load(source, settings.ensemble, open)?;
    if models.len() > 1 {
        source.log.line(&format!("{} model files answer as one ensemble", models.len()));
    }
    let explained = source.explaining.map(|given| explained(source, &models, given)).transpose()?;
    let models = models.into_iter().map(|found| (found.name, found.model)).collect();
    let ensemble = Ensemble::new(models)?;
    let columns = ensemble.columns();
    let explaining = explained.map(|(given, model)| Explaining::new(given, &model, &columns));
    let native = Native {
        explaining: explaining.transpose()?.map(Box::new),
        columns,
        selection: selection(&settings, ensemble.first(), source.log),
        ensemble,
        settings,
        log: Arc::clone(source.log),
    };
    native.prove();
    Ok(native)
}

/// The model that is explained. Means and majorities of several have no contributions that add up to
/// them.
fn explained<'a>(
    source: ModelSource<'_>,
    models: &[Found],
    given: engine_api::Explaining<'a>,
) -> Result<(engine_api::Explaining<'a>, Arc<Reading>), OpenError> {
    if let [found] = models {
        return Ok((given, found.reading(source.directory)?));
    }
    let names: Vec<_> = models.iter().map(|found| found.name.as_str()).collect();
    let message = format!(
        "`ExplainerConfig` explains the answers of one model file, and there are {}: `{}`; keep one \
         of them, or set `SAGEMAKER_INFERENCE_ENSEMBLE` to `false`",
        names.len(),
        names.join("`, `")
    );
    Err(OpenError { message })
}

fn selection(settings: &Settings, model: &Model, log: &Arc<dyn LogSink>) -> Option<Selection> {
    if settings.selected.is_empty() {
        return None;
    }
    let objective = model.objective().name();
    let selection = Selection::new(&settings.selected, model);
    for name in selection.meaningless() {
        log.line(&format!(
            "`{name}` in `SAGEMAKER_INFERENCE_OUTPUT` means nothing for objective `{objective}` and \
             is answered as missing"
        ));
    }
    Some(selection)
}

impl Native {
    /// Predicts a row of missing values, as the container's first `/ping` loads the model.
    fn prove(&self) {
        let row = vec![f32::NAN; self.columns.width()];
        let mut prediction = vec![0.0_f32; self.ensemble.first().prediction_width()];
        if !row.is_empty() {
            self.ensemble.predict(Rows::new(&row, row.len()), &mut prediction, &mut Vec::new());
        }
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Native")
            .field("trees", &self.ensemble.tree_count())
            .field("columns", &self.columns.width())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
