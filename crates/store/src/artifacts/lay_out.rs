//! Objects laid out as files, as they are: which file each becomes, by the rules that `SageMaker`
//! states for uncompressed models
//! (<https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3ModelDataSource.html>), and
//! the bytes copied there.
//!
//! The console's markers of folders, empty objects whose keys end with a slash, are no files.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{ArtifactError, ArtifactId, Limits, files, path};
use crate::{Error, Object, Target, cursor::to_hex, durable::Disk};

/// Files that an artifact is to have.
#[derive(Debug)]
pub(super) struct Plan {
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    object: Object,
}

impl Plan {
    /// One file of one object.
    pub(super) fn file(target: &Target, object: Object) -> Result<Self, ArtifactError> {
        let name = target.key.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self { files: vec![File { path: checked(&target.bucket, &object, &name)?, object }] })
    }

    /// A file for every object under `prefix`; `objects` are in the order of their keys.
    pub(super) fn prefix(
        prefix: &Target,
        objects: Vec<Object>,
        limits: &Limits,
    ) -> Result<Self, ArtifactError> {
        let mut files = Vec::with_capacity(objects.len());
        let mut taken = HashSet::new();
        for object in objects.into_iter().filter(|object| !is_marker(object)) {
            let rest = object.info().key[prefix.key.len()..].to_owned();
            let path = checked(&prefix.bucket, &object, &rest)?;
            path::check_bounds(&rest, limits)
                .map_err(|rule| not_a_file(&prefix.bucket, &object, &rule))?;
            if let Some(file) = path.ancestors().skip(1).find(|above| taken.contains(*above)) {
                let rule = format!("`{}` is a file already", file.display());
                return Err(not_a_file(&prefix.bucket, &object, &rule));
            }
            taken.insert(path.clone());
            files.push(File { path, object });
        }
        if files.is_empty() {
            return Err(nothing_under(prefix));
        }
        Ok(Self { files })
    }

    /// Whether the files fit.
    pub(super) fn check_size(&self, limits: &Limits) -> Result<(), ArtifactError> {
        let sizes = self.files.iter().map(|file| file.object.info().size);
        let bytes = sizes.fold(0, u64::saturating_add);
        if bytes <= limits.unpacked_bytes_max {
            return Ok(());
        }
        let (count, max) = (self.files.len(), limits.unpacked_bytes_max);
        Err(ArtifactError::Refused(format!(
            "the model has {bytes} bytes in {count} file(s), more than the {max} that an artifact \
             may have"
        )))
    }

    /// The same for the same bytes under the same paths, and never that of an archive.
    pub(super) fn id(&self) -> ArtifactId {
        let mut hash = Sha256::new_with_prefix("files\0");
        for file in &self.files {
            hash.update(file.path.as_os_str().as_encoded_bytes());
            for segment in file.object.segments() {
                hash.update("\0");
                hash.update(segment.blob.as_str());
            }
            hash.update("\n");
        }
        ArtifactId(to_hex(&hash.finalize()[..16]))
    }

    /// Copies the objects into the empty directory `dir`.
    pub(super) fn lay_out(self, dir: &Path, disk: &Disk) -> Result<(), ArtifactError> {
        for File { path, object } in self.files {
            let place = dir.join(&path);
            files::make_directories_above(&place)?;
            let key = object.info().key.clone();
            match files::write(disk, &place, &mut object.into_reader()) {
                Ok(()) => {}
                Err(files::WriteError::Content(error)) => {
                    return Err(Error::io("read", key.as_ref())(error).into());
                }
                Err(files::WriteError::Disk(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn is_marker(object: &Object) -> bool {
    object.info().size == 0 && object.info().key.ends_with('/')
}

/// The path of a file, if `rest` is one.
fn checked(bucket: &str, object: &Object, rest: &str) -> Result<PathBuf, ArtifactError> {
    path::of_key(rest).map_err(|rule| not_a_file(bucket, object, &rule))
}

fn not_a_file(bucket: &str, object: &Object, rule: &str) -> ArtifactError {
    let key: String = object.info().key.chars().take(200).collect();
    ArtifactError::Refused(format!(
        "object `s3://{bucket}/{}` can't be a file of the model: {rule}; rename or remove it",
        key.escape_debug()
    ))
}

fn nothing_under(prefix: &Target) -> ArtifactError {
    ArtifactError::Missing(format!(
        "there is no object under `s3://{}/{}`; upload the model's files there, then create the \
         endpoint again",
        prefix.bucket, prefix.key
    ))
}
