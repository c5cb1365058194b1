//! The checksum algorithms that S3 knows, as one table, and hashers of several at once.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use s3s::crypto::{Checksum, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use sha2::{Digest as _, Sha512};
use xxhash_rust::{xxh3::Xxh3Default, xxh64::Xxh64};

use super::checksums::Checksums;

/// What S3 computes of an object for which the client chose nothing.
pub(super) const DEFAULT: &str = "CRC64NVME";

/// One algorithm.
#[derive(Debug)]
pub(super) struct Algorithm {
    /// AWS's name of it.
    pub(super) name: &'static str,
    /// The header, or trailer, that carries a checksum.
    pub(super) header: &'static str,
    /// Whether the shapes of the S3 library have it, and so XML can.
    pub(super) is_in_xml: bool,
    begin: fn() -> Box<dyn Running>,
}

/// All of them, by name.
pub(super) static ALGORITHMS: [Algorithm; 10] = [
    in_xml("CRC32", "x-amz-checksum-crc32", begin::<Crc32>),
    in_xml("CRC32C", "x-amz-checksum-crc32c", begin::<Crc32c>),
    in_xml("CRC64NVME", "x-amz-checksum-crc64nvme", begin::<Crc64Nvme>),
    in_header("MD5", "x-amz-checksum-md5", begin::<Md5>),
    in_xml("SHA1", "x-amz-checksum-sha1", begin::<Sha1>),
    in_xml("SHA256", "x-amz-checksum-sha256", begin::<Sha256>),
    in_header("SHA512", "x-amz-checksum-sha512", || Box::new(Sha512::new())),
    in_header("XXHASH128", "x-amz-checksum-xxhash128", || {
        Box::new(Xxh3::<128>(Xxh3Default::new()))
    }),
    in_header("XXHASH3", "x-amz-checksum-xxhash3", || Box::new(Xxh3::<64>(Xxh3Default::new()))),
    in_header("XXHASH64", "x-amz-checksum-xxhash64", || Box::new(Xxh64::new(0))),
];

const fn in_xml(
    name: &'static str,
    header: &'static str,
    begin: fn() -> Box<dyn Running>,
) -> Algorithm {
    Algorithm { name, header, is_in_xml: true, begin }
}

const fn in_header(
    name: &'static str,
    header: &'static str,
    begin: fn() -> Box<dyn Running>,
) -> Algorithm {
    Algorithm { is_in_xml: false, ..in_xml(name, header, begin) }
}

/// The algorithm of that name.
pub(super) fn find(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
}

/// Computes checksums while bytes pass.
#[derive(Default)]
pub(super) struct Hasher {
    running: Vec<(&'static Algorithm, Box<dyn Running>)>,
}

impl Hasher {
    /// Computes one algorithm more; one that is not known or computed already changes nothing.
    pub(super) fn enable(&mut self, name: &str) {
        let Some(algorithm) = find(name) else { return };
        if !self.running.iter().any(|(running, _)| running.name == name) {
            self.running.push((algorithm, (algorithm.begin)()));
        }
    }

    /// Whether nothing is computed.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        for (_, running) in &mut self.running {
            running.update(bytes);
        }
    }

    /// The checksums in base64, by AWS's name of the algorithm.
    pub(super) fn finish(self) -> Checksums {
        let sum = |(algorithm, running): (&Algorithm, Box<dyn Running>)| {
            (algorithm.name.to_owned(), BASE64.encode(running.finish()))
        };
        self.running.into_iter().map(sum).collect()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.running.iter().map(|(algorithm, _)| algorithm.name)).finish()
    }
}

/// A computation that has begun.
trait Running: Send + Sync {
    fn update(&mut self, bytes: &[u8]);
    fn finish(self: Box<Self>) -> Vec<u8>;
}

/// One of the S3 library's.
struct Library<C>(C);

fn begin<C: Checksum + Send + Sync + 'static>() -> Box<dyn Running> {
    Box::new(Library(C::new()))
}

impl<C: Checksum + Send + Sync> Running for Library<C> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().as_ref().to_vec()
    }
}

impl Running for Sha512 {
    fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(self, bytes);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.finalize().to_vec()
    }
}

impl Running for Xxh64 {
    fn update(&mut self, bytes: &[u8]) {
        Xxh64::update(self, bytes);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.digest().to_be_bytes().to_vec()
    }
}

/// XXH3 with a digest of so many bits, in the canonical order of bytes.
struct Xxh3<const BITS: u32>(Xxh3Default);

impl<const BITS: u32> Running for Xxh3<BITS> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        match BITS {
            128 => self.0.digest128().to_be_bytes().to_vec(),
            _ => self.0.digest().to_be_bytes().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `abc`: the algorithms' own test vectors.
    const OF_ABC: [(&str, &str); 10] = [
        ("CRC32", "352441c2"),
        ("CRC32C", "364b3fb7"),
        ("CRC64NVME", "05e5cabb3fc1faeb"),
        ("MD5", "900150983cd24fb0d6963f7d28e17f72"),
        ("SHA1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "SHA512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        ("XXHASH128", "06b05ab6733a618578af5f94892f3950"),
        ("XXHASH3", "78af5f94892f3950"),
        ("XXHASH64", "44bc2cf5ad770999"),
    ];

    #[test]
    fn every_algorithm_computes_what_is_known_of_it() {
        let mut hasher = Hasher::default();
        for algorithm in &ALGORITHMS {
            hasher.enable(algorithm.name);
            hasher.enable(algorithm.name);
        }
        for piece in [&b"a"[..], b"", b"bc"] {
            hasher.update(piece);
        }
        let sums = hasher.finish();
        assert_eq!(sums.len(), OF_ABC.len());
        for (name, hex) in OF_ABC {
            let pairs = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("ASCII"));
            let bytes: Vec<u8> =
                pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect();
            assert_eq!(sums[name], BASE64.encode(bytes), "{name}");
        }
    }

    #[test]
    fn headers_are_named_after_their_algorithm() {
        for algorithm in &ALGORITHMS {
            let expect = format!("x-amz-checksum-{}", algorithm.name.to_lowercase());
            assert_eq!(algorithm.header, expect);
        }
        assert!(ALGORITHMS.is_sorted_by_key(|algorithm| algorithm.name));
    }
}
