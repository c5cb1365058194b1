//! Portable code, compiled once more for each instruction set that this processor may have.

use super::{Isa, Level};

/// Work whose code, all of it `#[inline(always)]`, is worth compiling for wide registers.
pub(crate) trait Work {
    /// Does it.
    fn run(self);
}

/// Does work with the best instructions there are.
pub(crate) fn run(work: impl Work) {
    match Isa::detect().0 {
        Level::Portable => work.run(),
        // SAFETY: this level exists only where AVX2 was detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2(work) },
        // SAFETY: this level exists only where AVX-512F was detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Avx512Bytes => unsafe { avx512(work) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(work: impl Work) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512(work: impl Work) {
    work.run();
}
