//! Artifacts that came to harm after they were made: told by their manifests, and made again from
//! their source, if that still gives the same files. When to look is the callers'.

use std::path::Path;

use tokio::task::spawn_blocking;

use super::{
    ArtifactError, ArtifactId, Artifacts, Content, Etags, Look, Source, Unpacker, broken_off,
    error, manifest::Manifest,
};
use crate::{Error, error::chain};

/// What an artifact looks like.
#[derive(Debug)]
pub(super) enum Condition {
    /// As it was made.
    Sound,
    /// Not there, or not as it was made: how so, and what it held.
    Damaged(String, Manifest),
    /// Nobody knows what it held.
    Unproven,
    /// Neither it nor what it held is known.
    Absent,
}

impl Artifacts<'_> {
    /// Looks at an artifact that was fetched before, and makes it again from its source if it is
    /// damaged: with the same files, or it is an error that says which is damaged and what to do.
    /// True if it was made again.
    ///
    /// One whose manifest is lost, and whose source is gone or has changed, stays as it is where
    /// only sizes are looked at.
    pub async fn mend(
        self,
        id: &ArtifactId,
        (source, etags): (Source<'_>, Etags<'_>),
        look: Look,
    ) -> Result<bool, ArtifactError> {
        let turn = self.unpacker.turn(id).lock_owned().await;
        let (unpacker, looked_at) = (self.unpacker.clone(), id.clone());
        let looking = spawn_blocking(move || (unpacker.condition(&looked_at, look), turn));
        let (condition, turn) = looking.await.map_err(|error| broken_off(&error))?;
        if matches!(condition, Condition::Sound) {
            return Ok(false);
        }
        let problem = condition.problem();
        let is_usable = look == Look::Sizes && matches!(condition, Condition::Unproven);
        let made = match self.content(source, etags).await {
            Ok(content) => self.make_again(id, (content, condition), turn).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(()) => {
                tracing::warn!(artifact = id.0, problem, "a damaged artifact was made again");
                Ok(true)
            }
            Err(ArtifactError::Fault(fault)) => Err(fault.into()),
            Err(why) if is_usable => {
                tracing::warn!(
                    artifact = id.0, problem, %why,
                    "an artifact can't be compared with what was unpacked, nor made again; it is \
                     used as it is"
                );
                Ok(false)
            }
            Err(why) => Err(error::lost(&problem, &why)),
        }
    }

    async fn make_again(
        self,
        id: &ArtifactId,
        (content, condition): (Content, Condition),
        turn: tokio::sync::OwnedMutexGuard<()>,
    ) -> Result<(), ArtifactError> {
        content.check(&self.unpacker.limits)?;
        let (unpacker, id) = (self.unpacker.clone(), id.clone());
        let making = spawn_blocking(move || {
            let _turn = turn;
            unpacker.make(&id, content, &condition)
        });
        making.await.map_err(|error| broken_off(&error))?
    }
}

impl Condition {
    /// What is wrong, for who has to do something about it.
    fn problem(&self) -> String {
        match self {
            Self::Sound => "nothing".to_owned(),
            Self::Damaged(problem, _) => problem.clone(),
            Self::Unproven => "its manifest is missing or cannot be read".to_owned(),
            Self::Absent => "it is missing".to_owned(),
        }
    }
}

impl Unpacker {
    /// Whether an artifact is as it was made. What cannot be read is damaged, too.
    pub(super) fn condition(&self, id: &ArtifactId, look: Look) -> Condition {
        let place = self.path(id);
        match (Manifest::kept(&self.manifests.join(&id.0)), place.is_dir()) {
            (Some(kept), true) => match differing(&kept, &place, look) {
                None => Condition::Sound,
                Some(problem) => Condition::Damaged(problem, kept),
            },
            (Some(kept), false) => Condition::Damaged("its directory is missing".to_owned(), kept),
            (None, true) => Condition::Unproven,
            (None, false) => Condition::Absent,
        }
    }

    /// Makes an artifact of `content` in place of what is there. Only the same content gives the
    /// same id; of other content every file must be as the manifest says.
    pub(super) fn make(
        &self,
        id: &ArtifactId,
        content: Content,
        before: &Condition,
    ) -> Result<(), ArtifactError> {
        let is_same = content.id() == *id;
        let place = self.path(id);
        self.build(content, |building| {
            let manifest = Manifest::of(building, Look::Bytes)?;
            match before {
                Condition::Damaged(_, kept) if *kept != manifest => return Err(error::other()),
                Condition::Unproven | Condition::Absent if !is_same => return Err(error::other()),
                _ => {}
            }
            Ok(self.publish(building, &manifest, &place)?)
        })
    }
}

/// The first difference, and how many more there are.
fn differing(kept: &Manifest, place: &Path, look: Look) -> Option<String> {
    let differences = kept.differences(place, look);
    let differences = differences.unwrap_or_else(|error: Error| vec![chain(&error)]);
    let (first, more) = differences.split_first()?;
    Some(if more.is_empty() { first.clone() } else { format!("{first}, and {} more", more.len()) })
}
