//! Gathers small pieces for a hash, which takes whole blocks faster than crumbs.

use sha2::digest::Update;

/// Long enough for the canonical form of a usual request.
const STAGE_BYTES: usize = 512;

/// Feeds `inner` in pieces of up to [`STAGE_BYTES`].
pub(crate) struct Staging<D> {
    inner: D,
    stage: [u8; STAGE_BYTES],
    len: usize,
}

impl<D: Update> Staging<D> {
    pub(crate) fn new(inner: D) -> Self {
        Self { inner, stage: [0; STAGE_BYTES], len: 0 }
    }

    // Most pieces are literals of one byte, which cost next to nothing once their length is known.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        if let Some(room) = self.stage.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
            return;
        }
        self.put_past_end(bytes);
    }

    #[cold]
    fn put_past_end(&mut self, bytes: &[u8]) {
        self.inner.update(&self.stage[..self.len]);
        self.len = 0;
        if bytes.len() < STAGE_BYTES {
            self.stage[..bytes.len()].copy_from_slice(bytes);
            self.len = bytes.len();
        } else {
            self.inner.update(bytes);
        }
    }

    /// The hash, with everything in it.
    pub(crate) fn into_inner(mut self) -> D {
        self.inner.update(&self.stage[..self.len]);
        self.inner
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::Staging;

    #[test]
    fn pieces_hash_like_the_whole() {
        for piece in [1, 7, 511, 512, 513, 2000] {
            let text = vec![b'x'; 4000];
            let mut staging = Staging::new(Sha256::new());
            text.chunks(piece).for_each(|bytes| staging.put(bytes));
            assert_eq!(staging.into_inner().finalize(), Sha256::digest(&text), "{piece}");
        }
    }
}
