//! The two precisions of rows and scores: what readers and writers need to know of a number's type.
//!
//! Owns nothing but the differences between `f32` and `f64`. Which one a model takes is the caller's
//! to know: XGBoost's models take `f32`, those of other libraries `f64`.

/// A number of a row or of an answer: `f32` or `f64`. A reader rounds a number's text once, to the
/// nearest value of this type.
pub trait Real: sealed::Real {}

impl Real for f32 {}
impl Real for f64 {}

pub(crate) mod sealed {
    use std::fmt::Debug;

    /// What is done with numbers of either type.
    pub trait Real: Copy + Debug + Default + PartialEq + 'static {
        /// What stands for a missing value.
        const MISSING: Self;
        /// Bits of a number, as errors tell them.
        const BITS: usize;
        /// The type in `NumPy`'s array protocol.
        const DESCR: &'static str;
        /// The field of a `RecordIO` value that holds a tensor of such numbers.
        const TENSOR: u8;

        /// Rounds the text of a decimal number once; `None` if it is none.
        fn parse(text: &[u8]) -> Option<Self>;
        fn from_f32(value: f32) -> Self;
        fn from_f64(value: f64) -> Self;
        fn from_i64(value: i64) -> Self;
        fn from_u64(value: u64) -> Self;
        /// Of at most seven digits, which both types hold exactly.
        fn from_short(digits: u32, negative: bool) -> Self;
        fn missing(self) -> bool;
        fn finite(self) -> bool;
        fn positive(self) -> bool;
        /// The fewest digits that read back as the same number, which is finite.
        fn digits(self, buffer: &mut zmij::Buffer) -> &str;
        fn write_le(self, out: &mut Vec<u8>);
    }
}

macro_rules! real {
    ($type:ty, $bits:literal, $descr:literal, $tensor:literal) => {
        impl sealed::Real for $type {
            const MISSING: Self = Self::NAN;
            const BITS: usize = $bits;
            const DESCR: &'static str = $descr;
            const TENSOR: u8 = $tensor;

            #[inline]
            fn parse(text: &[u8]) -> Option<Self> {
                fast_float2::parse(text).ok()
            }

            #[inline]
            #[allow(clippy::cast_lossless, reason = "one of both types takes it exactly")]
            fn from_f32(value: f32) -> Self {
                value as Self
            }

            #[inline]
            fn from_f64(value: f64) -> Self {
                value as Self
            }

            #[inline]
            fn from_i64(value: i64) -> Self {
                value as Self
            }

            #[inline]
            fn from_u64(value: u64) -> Self {
                value as Self
            }

            #[inline]
            #[allow(clippy::cast_lossless, reason = "one of both types takes it exactly")]
            fn from_short(digits: u32, negative: bool) -> Self {
                let value = digits as Self;
                if negative { -value } else { value }
            }

            #[inline]
            fn missing(self) -> bool {
                self.is_nan()
            }

            #[inline]
            fn finite(self) -> bool {
                self.is_finite()
            }

            #[inline]
            fn positive(self) -> bool {
                self > 0.0
            }

            #[inline]
            fn digits(self, buffer: &mut zmij::Buffer) -> &str {
                buffer.format_finite(self)
            }

            #[inline]
            fn write_le(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    };
}

real!(f32, 32, "<f4", 2);
real!(f64, 64, "<f8", 3);
