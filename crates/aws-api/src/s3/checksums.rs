//! Checksums of uploads: computed while the bytes arrive, compared with what the client says in a
//! header before them or a trailer after them.

use std::collections::BTreeMap;

use http::HeaderMap;
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256},
    dto,
};

use super::errors::{custom, invalid_argument};

/// Base64 checksums by AWS's name of the algorithm.
pub(super) type Checksums = BTreeMap<String, String>;

/// AWS's names of the algorithms, and the headers or trailers that carry their checksums.
const ALGORITHMS: [(&str, &str); 5] = [
    ("CRC32", "x-amz-checksum-crc32"),
    ("CRC32C", "x-amz-checksum-crc32c"),
    ("CRC64NVME", "x-amz-checksum-crc64nvme"),
    ("SHA1", "x-amz-checksum-sha1"),
    ("SHA256", "x-amz-checksum-sha256"),
];

/// The checksums that `headers`, or trailers, state.
pub(super) fn stated(headers: &HeaderMap) -> Checksums {
    let value = |(algorithm, header): (&str, &str)| {
        let value = headers.get(header)?.to_str().ok()?;
        Some((algorithm.to_owned(), value.to_owned()))
    };
    ALGORITHMS.into_iter().filter_map(value).collect()
}

/// A hasher for every algorithm that a request's headers name: with a checksum, as the trailer to
/// come, or as the SDK's choice.
pub(super) fn hasher(headers: &HeaderMap) -> S3Result<ChecksumHasher> {
    let mut hasher = ChecksumHasher::default();
    for (algorithm, header) in ALGORITHMS {
        let announced = names(headers, "x-amz-trailer", header)
            || names(headers, "x-amz-sdk-checksum-algorithm", algorithm);
        if announced || headers.contains_key(header) {
            enable(&mut hasher, algorithm);
        }
    }
    let stated = headers.keys().find(|name| {
        name.as_str().starts_with("x-amz-checksum-")
            && !matches!(
                name.as_str(),
                "x-amz-checksum-type" | "x-amz-checksum-mode" | "x-amz-checksum-algorithm"
            )
            && !ALGORITHMS.iter().any(|(_, header)| name == header)
    });
    match stated {
        Some(name) => Err(invalid_argument(format!("`{name}` is not a checksum that is known"))),
        None => Ok(hasher),
    }
}

/// Checks that every checksum announced as a trailer was sent as one.
pub(super) fn check_trailers(headers: &HeaderMap, trailers: &HeaderMap) -> S3Result<()> {
    let missing = ALGORITHMS.iter().find(|(_, header)| {
        names(headers, "x-amz-trailer", header) && !trailers.contains_key(*header)
    });
    match missing {
        None => Ok(()),
        Some((_, header)) => {
            let text = format!("the trailer `{header}` was announced and not sent");
            let mut error = S3Error::with_message(custom("MalformedTrailerError"), text);
            error.set_status_code(http::StatusCode::BAD_REQUEST);
            Err(error)
        }
    }
}

/// Whether a header that lists names has this one, in whatever case.
fn names(headers: &HeaderMap, header: &str, name: &str) -> bool {
    let lists = headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| item.trim().eq_ignore_ascii_case(name))
}

/// Lets a hasher compute one more algorithm, by AWS's name of it.
pub(super) fn enable(hasher: &mut ChecksumHasher, algorithm: &str) {
    match algorithm {
        "CRC32" => hasher.crc32 = Some(Crc32::new()),
        "CRC32C" => hasher.crc32c = Some(Crc32c::new()),
        "CRC64NVME" => hasher.crc64nvme = Some(Crc64Nvme::new()),
        "SHA1" => hasher.sha1 = Some(Sha1::new()),
        _ => hasher.sha256 = Some(Sha256::new()),
    }
}

/// The checksums that a hasher came to.
pub(super) fn computed(hasher: ChecksumHasher) -> Checksums {
    let sums = hasher.finalize();
    let sums = [
        ("CRC32", sums.checksum_crc32),
        ("CRC32C", sums.checksum_crc32c),
        ("CRC64NVME", sums.checksum_crc64nvme),
        ("SHA1", sums.checksum_sha1),
        ("SHA256", sums.checksum_sha256),
    ];
    sums.into_iter().filter_map(|(algorithm, sum)| Some((algorithm.to_owned(), sum?))).collect()
}

/// Checks that every stated checksum was computed and is the same.
pub(super) fn compare(stated: &Checksums, computed: &Checksums) -> S3Result<()> {
    match stated.iter().find(|(algorithm, sum)| computed.get(*algorithm) != Some(*sum)) {
        None => Ok(()),
        Some((algorithm, _)) => {
            let text =
                format!("The {algorithm} you specified did not match the calculated checksum.");
            Err(S3Error::with_message(S3ErrorCode::BadDigest, text))
        }
    }
}

/// As [`compare`], for checksums of a whole: one that could not be computed, since the upload
/// was begun without it, is not compared.
pub(super) fn compare_known(stated: &Checksums, computed: &Checksums) -> S3Result<()> {
    let known = stated.iter().filter(|(algorithm, _)| computed.contains_key(*algorithm));
    compare(&known.map(|(name, sum)| (name.clone(), sum.clone())).collect(), computed)
}

/// An object's checksums as members of a reply.
pub(super) fn shown_of(headers: &store::Headers) -> dto::Checksum {
    let mut sums = shown(&headers.checksums);
    if let (Some(shown), Some(kept)) = (&mut sums.checksum_type, &headers.checksum_type) {
        *shown = kept.clone().into();
    }
    sums
}

/// Checksums as members of a reply.
pub(super) fn shown(checksums: &Checksums) -> dto::Checksum {
    let sum = |algorithm: &str| checksums.get(algorithm).cloned();
    dto::Checksum {
        checksum_crc32: sum("CRC32"),
        checksum_crc32c: sum("CRC32C"),
        checksum_crc64nvme: sum("CRC64NVME"),
        checksum_sha1: sum("SHA1"),
        checksum_sha256: sum("SHA256"),
        checksum_type: (!checksums.is_empty())
            .then(|| dto::ChecksumType::from_static(dto::ChecksumType::FULL_OBJECT)),
    }
}
