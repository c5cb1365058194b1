//! What pages the memory of the server is made of.

/// Keeps the system from making the memory of huge pages.
///
/// Some systems do so unasked; the allocator, which else asks for them, is built not to. Of each
/// 2 MiB that anything lives in all would be resident: little things that stay, such as models of
/// many endpoints and idle connections, would take twice their size, and what comes and goes would
/// leave steps behind.
pub(crate) fn keep_small() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "memory may be made of huge pages and more of it be resident");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_huge_pages_any_more() {
        keep_small();
        assert!(matches!(rustix::thread::transparent_huge_pages_are_disabled(), Ok(true)));
    }
}
