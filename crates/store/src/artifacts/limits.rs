//! What an unpacked artifact may be.

/// Limits on what an artifact unpacks to. Over a limit the artifact is refused, and nothing of it
/// stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the tar stream, and so of all files together.
    pub unpacked_bytes_max: u64,
    /// Files and directories.
    pub entries_max: usize,
    /// Bytes of one path.
    pub path_bytes_max: usize,
    /// Components of one path.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unpacked_bytes_max: 20 << 30,
            entries_max: 100_000,
            path_bytes_max: 1024,
            depth_max: 64,
        }
    }
}
