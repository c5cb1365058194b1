//! Where an artifact comes from: an archive, one object, or the objects under a prefix, all of them
//! or those that a manifest lists.

use super::{ArtifactError, error::missing_bucket};
use crate::{Object, ObjectError, Store, Target};

/// What to make an artifact of. Each is an `s3://bucket/key` of this store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// A gzip-compressed tar archive, to be unpacked.
    Archive(&'a str),
    /// One object, which becomes a file under the last part of its key.
    File(&'a str),
    /// Every object whose key begins with the one given, which ends with a slash; each becomes a
    /// file under the rest of its key.
    Prefix(&'a str),
    /// The objects under a prefix that a manifest lists; each becomes a file under the rest of its
    /// key.
    Listed {
        /// The prefix, which ends with a slash.
        prefix: &'a str,
        /// The object that lists them.
        manifest: &'a str,
    },
}

/// Entity tags, without or with their quotes, that objects must have for an artifact to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Etags<'a> {
    /// That of the object named; a prefix has none.
    pub object: Option<&'a str>,
    /// That of the manifest.
    pub manifest: Option<&'a str>,
}

impl Source<'_> {
    /// The place named; that of a prefix has the prefix for its key.
    pub(super) fn parse(self) -> Result<Target, ArtifactError> {
        let (Self::Archive(source)
        | Self::File(source)
        | Self::Prefix(source)
        | Self::Listed { prefix: source, .. }) = self;
        let place = source.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let fits = |bucket: &str, key: &str| match self {
            Self::Prefix(_) | Self::Listed { .. } => {
                key.ends_with('/') || (key.is_empty() && !bucket.is_empty())
            }
            _ => !key.is_empty() && !key.ends_with('/'),
        };
        match place {
            Some((bucket, key)) if !bucket.is_empty() && fits(bucket, key) => {
                Ok(Target::new(bucket, key))
            }
            _ => Err(self.names_nothing(source)),
        }
    }

    fn names_nothing(self, source: &str) -> ArtifactError {
        ArtifactError::Refused(match self {
            Self::Archive(_) => format!(
                "`{source}` does not name an object; give the `.tar.gz` as `s3://bucket/key`"
            ),
            Self::File(_) => {
                format!("`{source}` does not name an object; give it as `s3://bucket/key`")
            }
            Self::Prefix(_) | Self::Listed { .. } => format!(
                "`{source}` is not a prefix of keys; give it as `s3://bucket/prefix/`, with the \
                 slash at its end"
            ),
        })
    }
}

/// Takes hold of every object under a prefix, as they are at one moment.
pub(super) async fn under(
    store: &Store,
    prefix: &Target,
    entries_max: usize,
) -> Result<Vec<Object>, ArtifactError> {
    let place = format!("s3://{}/{}", prefix.bucket, prefix.key);
    // One more than there may be tells that there are too many.
    let found = match store.objects().under(prefix, entries_max.saturating_add(1)).await {
        Err(ObjectError::Store(error)) => return Err(error.into()),
        Err(_) => return Err(missing_bucket(&prefix.bucket, &place)),
        Ok(found) => found,
    };
    if found.len() > entries_max {
        let text = format!(
            "there are more than {entries_max} objects under `{place}`; name a prefix with fewer, \
             or pack them into a `model.tar.gz`"
        );
        return Err(ArtifactError::Refused(text));
    }
    Ok(found)
}

/// Takes hold of those objects, as they are at one moment. Keys are in their order.
pub(super) async fn these(
    store: &Store,
    bucket: &str,
    keys: Vec<String>,
    manifest: &str,
) -> Result<Vec<Object>, ArtifactError> {
    store.objects().these(bucket, keys).await.map_err(|error| match error {
        ObjectError::Store(error) => error.into(),
        ObjectError::NoSuchKey { bucket, key } => ArtifactError::Missing(format!(
            "there is no object at `s3://{bucket}/{key}`, which manifest `{manifest}` lists; upload \
             it or list it no more, then create the endpoint again"
        )),
        _ => missing_bucket(bucket, manifest),
    })
}
