//! Checksums of a whole from those of its parts: a CRC of joined bytes follows from the CRCs of the
//! pieces and the length of the second, so that nothing is read again.
//!
//! Bytes are polynomials over two elements: to append `n` bytes is to multiply by `x^8n`, which
//! squaring reaches in as many steps as `n` has bits (Mark Adler, `crc32_combine` of zlib).

/// A CRC with reflected bits, whose start and end are both inverted, as all of S3's are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crc {
    /// The polynomial with its bits reflected, without the highest term.
    polynomial: u64,
    /// Bytes of a checksum.
    pub(super) bytes: usize,
}

pub(super) const CRC32: Crc = Crc { polynomial: 0xedb8_8320, bytes: 4 };
pub(super) const CRC32C: Crc = Crc { polynomial: 0x82f6_3b78, bytes: 4 };
pub(super) const CRC64NVME: Crc = Crc { polynomial: 0x9a6c_9329_ac4b_c9b5, bytes: 8 };

impl Crc {
    /// The checksum of bytes whose is `first`, followed by `length` bytes whose is `second`.
    pub(super) fn join(self, first: u64, second: u64, length: u64) -> u64 {
        self.multiply(first, self.power_of_x(length)) ^ second
    }

    /// The highest bit: the polynomial 1, since bits are reflected.
    fn one(self) -> u64 {
        1 << (8 * self.bytes - 1)
    }

    /// `x^8n`.
    fn power_of_x(self, mut n: u64) -> u64 {
        let mut power = self.one();
        let mut factor = self.one() >> 8;
        while n > 0 {
            if n & 1 == 1 {
                power = self.multiply(power, factor);
            }
            factor = self.multiply(factor, factor);
            n >>= 1;
        }
        power
    }

    /// The product of two polynomials, without multiples of the CRC's own.
    fn multiply(self, a: u64, mut b: u64) -> u64 {
        let mut product = 0;
        let mut term = self.one();
        while term > 0 {
            if a & term != 0 {
                product ^= b;
            }
            let carry = b & 1;
            b >>= 1;
            if carry == 1 {
                b ^= self.polynomial;
            }
            term >>= 1;
        }
        product
    }
}

#[cfg(test)]
mod tests {
    use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme};

    use super::*;

    fn check<C: s3s::crypto::Checksum>(crc: Crc, new: fn() -> C)
    where
        C::Output: AsRef<[u8]>,
    {
        let sum = |pieces: &[&[u8]]| {
            let mut hash = new();
            for piece in pieces {
                hash.update(piece);
            }
            let sum = hash.finalize();
            sum.as_ref().iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let bytes: Vec<u8> = (0..70_000_u32).map(|i| ((i * 31) >> 3) as u8).collect();
        for cut in [0, 1, 7, 4096, 65_537, bytes.len()] {
            let (a, b) = bytes.split_at(cut);
            let joined = crc.join(sum(&[a]), sum(&[b]), b.len() as u64);
            assert_eq!(joined, sum(&[a, b]), "{crc:?} at {cut}");
        }
    }

    #[test]
    fn checksums_of_pieces_make_that_of_the_whole() {
        check(CRC32, Crc32::new);
        check(CRC32C, Crc32c::new);
        check(CRC64NVME, Crc64Nvme::new);
    }
}
