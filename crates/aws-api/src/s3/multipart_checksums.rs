//! Checksums of objects that were uploaded in parts: over the parts' checksums (`COMPOSITE`) or
//! over all bytes (`FULL_OBJECT`).
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{ChecksumAlgorithm, ChecksumType},
};
use store::{Headers, Part};

use super::{
    algorithms::{DEFAULT, Hasher},
    checksums::{self, Checksums},
    crc_join::{CRC32, CRC32C, CRC64NVME, Crc},
};

/// What an upload is to have, as `CreateMultipartUpload` asks: algorithm and type.
pub(super) fn of_request(
    algorithm: Option<&ChecksumAlgorithm>,
    kind: Option<&ChecksumType>,
) -> S3Result<(Option<String>, Option<String>)> {
    let Some(algorithm) = checksums::chosen(algorithm)? else {
        return match kind {
            None => Ok((None, None)),
            Some(_) => Err(invalid("`x-amz-checksum-type` needs `x-amz-checksum-algorithm`")),
        };
    };
    let full = ChecksumType::FULL_OBJECT;
    let kind = match (kind.map(ChecksumType::as_str), crc_of(&algorithm)) {
        (None, _) if algorithm == "CRC64NVME" => full,
        (None, _) => ChecksumType::COMPOSITE,
        (Some(kind), Some(_)) if kind == full => full,
        (Some(kind), _) if kind == ChecksumType::COMPOSITE && algorithm != "CRC64NVME" => {
            ChecksumType::COMPOSITE
        }
        (Some(kind), _) => {
            let text =
                format!("The {kind} checksum type cannot be used with the {algorithm} algorithm.");
            return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, text));
        }
    };
    Ok((Some(algorithm), Some(kind.to_owned())))
}

fn invalid(text: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidRequest, text)
}

fn crc_of(algorithm: &str) -> Option<Crc> {
    match algorithm {
        "CRC32" => Some(CRC32),
        "CRC32C" => Some(CRC32C),
        "CRC64NVME" => Some(CRC64NVME),
        _ => None,
    }
}

/// What is kept of the checksums of an object that is made of parts.
#[derive(Debug, Default)]
pub(super) struct OfParts {
    pub(super) sums: Checksums,
    pub(super) kind: Option<String>,
    pub(super) of_each: Vec<String>,
}

/// The checksums of the object that `parts` make, as `upload` wants them, or of all bytes in S3's
/// own choice if it wants none; none if some part has none.
pub(super) fn of_parts(upload: &Headers, parts: &[Part]) -> OfParts {
    let algorithm = upload.checksum_algorithm.as_deref().unwrap_or(DEFAULT);
    let full = ChecksumType::FULL_OBJECT;
    let kind = upload.checksum_type.as_deref().unwrap_or(full);
    let sum = match crc_of(algorithm).filter(|_| kind == full) {
        Some(crc) => joined(crc, algorithm, parts),
        None => composite(algorithm, parts),
    };
    let Some(sum) = sum else { return OfParts::default() };
    OfParts {
        sums: Checksums::from([(algorithm.to_owned(), sum)]),
        kind: Some(kind.to_owned()),
        of_each: parts.iter().filter_map(|part| part.checksums.get(algorithm).cloned()).collect(),
    }
}

/// The checksum of a part, decoded.
fn sum_of(part: &Part, algorithm: &str) -> Option<Vec<u8>> {
    BASE64.decode(part.checksums.get(algorithm)?).ok()
}

fn joined(crc: Crc, algorithm: &str, parts: &[Part]) -> Option<String> {
    let mut whole = 0;
    for part in parts {
        let sum = sum_of(part, algorithm)?;
        let sum = sum.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        whole = crc.join(whole, sum, part.size);
    }
    Some(BASE64.encode(&whole.to_be_bytes()[8 - crc.bytes..]))
}

fn composite(algorithm: &str, parts: &[Part]) -> Option<String> {
    let mut hasher = Hasher::default();
    hasher.enable(algorithm);
    for part in parts {
        hasher.update(&sum_of(part, algorithm)?);
    }
    let sum = hasher.finish().remove(algorithm)?;
    Some(format!("{sum}-{}", parts.len()))
}
