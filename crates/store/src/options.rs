//! How a store is opened.

use std::{path::PathBuf, sync::Arc};

use resources::Clock;

use crate::{Faults, Limits};

/// What an acknowledged write has survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Synced to the disk: survives a power cut.
    Synced,
    /// Handed to the operating system: survives nothing but the end of the call.
    Ephemeral,
}

/// How to open a [`crate::Store`].
#[derive(Clone, Debug)]
pub struct Options {
    /// The data directory; made if it is missing.
    pub dir: PathBuf,
    /// What an acknowledged write has survived.
    pub durability: Durability,
    /// The clock that objects take their modification times from.
    pub clock: Arc<Clock>,
    /// What an unpacked artifact may be.
    pub limits: Limits,
    /// What fails, in tests; none for a disk that works as well as the system's.
    pub faults: Option<Arc<dyn Faults>>,
}

impl Options {
    /// A store in `dir` that survives power cuts.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            durability: Durability::Synced,
            clock: Arc::new(Clock::new()),
            limits: Limits::default(),
            faults: None,
        }
    }

    /// A store that syncs nothing, in a directory that the caller makes and removes.
    pub fn ephemeral(dir: impl Into<PathBuf>) -> Self {
        Self { durability: Durability::Ephemeral, ..Self::new(dir) }
    }
}
