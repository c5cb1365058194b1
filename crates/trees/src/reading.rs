//! A model's file, read once for all that can be made of it: the model, and explainers of it. How
//! files are read is `read`'s.

use crate::{
    Error, Explainer, Input, Isa, Model,
    ensemble::Detail,
    read::{self, Contents},
};

/// What a file says of a model, with what training saw. [`Model::from_bytes`] and
/// [`Explainer::from_bytes`] read a file each; who needs both reads it once with this.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/goldens");
/// # let bytes = std::fs::read(format!("{folder}/softprob-3.2.model.json"))?;
/// use trees::Reading;
///
/// let reading = Reading::of(&bytes)?;
/// let (model, explainer) = (reading.model(), reading.explainer()?);
/// assert_eq!(model.group_count(), explainer.group_count());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Reading {
    contents: Contents,
}

impl Reading {
    /// Reads a file; the format is found out from the bytes.
    ///
    /// Fails as [`Model::from_bytes`] does, and if what training saw is not readable.
    pub fn of(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self { contents: read::read(bytes, Detail::Statistics)? })
    }

    /// The model, as [`Model::from_bytes`] makes it.
    pub fn model(&self) -> Model {
        Model::new(&self.contents, Isa::detect())
    }

    /// Whether the model computes in `f64`, as [`Model::is_f64`] says.
    pub fn is_f64(&self) -> bool {
        matches!(self.contents, Contents::Wide(_))
    }

    /// An explainer, as [`Explainer::from_bytes`] makes it.
    ///
    /// Fails if the model does not say how many training rows met each of its nodes.
    pub fn explainer(&self) -> Result<Explainer, Error> {
        Explainer::of(&self.contents)
    }

    /// An explainer against a background, as [`Explainer::against`] makes it.
    ///
    /// Fails if the background has no rows or such of another width than the model's.
    pub fn explainer_against<'a>(
        &self,
        background: impl Into<Input<'a>>,
    ) -> Result<Explainer, Error> {
        Explainer::beside(&self.contents, background.into())
    }
}
