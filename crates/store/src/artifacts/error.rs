//! Why an artifact could not be had: text for the endpoint's owner, kept apart from our faults.

use resources::ErrorKind;

use crate::Error;

/// Why an artifact could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// There is no such object. The text is for the endpoint's owner.
    #[error("{0}")]
    Missing(String),
    /// The object cannot be unpacked. The text is for the endpoint's owner: it names the entry and
    /// the rule it breaks.
    #[error("{0}")]
    Refused(String),
    /// A fault of the store. Nothing the endpoint's owner could mend; another try may work.
    #[error("the artifact could not be fetched")]
    Fault(#[from] Error),
}

impl From<ArtifactError> for resources::Error {
    fn from(error: ArtifactError) -> Self {
        match error {
            ArtifactError::Missing(text) => Self::new(ErrorKind::NotFound, text),
            ArtifactError::Refused(text) => Self::new(ErrorKind::Invalid, text),
            ArtifactError::Fault(error) => error.into(),
        }
    }
}

pub(super) fn missing_bucket(bucket: &str, source: &str) -> ArtifactError {
    ArtifactError::Missing(format!(
        "there is no bucket `{bucket}`, where `{source}` should be; create it and upload the \
         artifact, then create the endpoint again"
    ))
}

pub(super) fn missing(source: &str) -> ArtifactError {
    ArtifactError::Missing(format!(
        "there is no object at `{source}`; upload the artifact, then create the endpoint again"
    ))
}

pub(super) fn other_etag(source: &str, (wanted, found): (&str, &str)) -> ArtifactError {
    ArtifactError::Refused(format!(
        "the object at `{source}` has the entity tag `{found}`, not `{wanted}`; upload the one that \
         is meant, or create a model that names this one's tag or none"
    ))
}

/// An artifact that is damaged on the disk, and why it can't be made again.
pub(super) fn lost(problem: &str, why: &ArtifactError) -> ArtifactError {
    ArtifactError::Refused(format!(
        "its artifact is damaged on the server's disk ({problem}) and can't be made again: {why}"
    ))
}

/// A source that gives other files than an artifact had.
pub(super) fn other() -> ArtifactError {
    ArtifactError::Refused(
        "its source has changed since and gives other files; upload what was served, or decide for \
         what is there now, then create the endpoint again"
            .to_owned(),
    )
}
