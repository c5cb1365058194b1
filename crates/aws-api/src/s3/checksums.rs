//! Checksums of uploads: computed while the bytes arrive, compared with what the client says in a
//! header before them or a trailer after them.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::{S3Error, S3ErrorCode, S3Result, dto};

use super::{
    algorithms::{self, ALGORITHMS, Algorithm, DEFAULT, Hasher},
    carried,
    errors::{custom, invalid_argument},
};

/// Base64 checksums by AWS's name of the algorithm.
pub(super) type Checksums = BTreeMap<String, String>;

/// Headers that begin as those of checksums do and carry none.
const NO_CHECKSUMS: [&str; 3] =
    ["x-amz-checksum-type", "x-amz-checksum-mode", "x-amz-checksum-algorithm"];

/// The checksums that `headers`, or trailers, state.
pub(super) fn stated(headers: &HeaderMap) -> Checksums {
    let value = |algorithm: &Algorithm| {
        let value = headers.get(algorithm.header)?.to_str().ok()?;
        Some((algorithm.name.to_owned(), value.to_owned()))
    };
    ALGORITHMS.iter().filter_map(value).collect()
}

/// A hasher for the algorithm that a request's headers name: with a checksum, as the trailer to
/// come, or as the SDK's choice. `chosen` is what the upload has chosen before, and where nobody
/// chooses S3 does.
pub(super) fn hasher(headers: &HeaderMap, chosen: Option<&str>) -> S3Result<Hasher> {
    check_names(headers)?;
    let mut hasher = Hasher::default();
    for algorithm in &ALGORITHMS {
        let announced = names(headers, "x-amz-trailer", algorithm.header)
            || names(headers, "x-amz-sdk-checksum-algorithm", algorithm.name);
        if announced || headers.contains_key(algorithm.header) {
            hasher.enable(algorithm.name);
        }
    }
    if let Some(chosen) = chosen {
        hasher.enable(chosen);
    }
    if hasher.is_idle() {
        hasher.enable(DEFAULT);
    }
    Ok(hasher)
}

/// The algorithm that a request chooses for what it makes, by AWS's name of it.
pub(super) fn chosen(asked: Option<&dto::ChecksumAlgorithm>) -> S3Result<Option<String>> {
    let Some(name) = asked.map(dto::ChecksumAlgorithm::as_str) else { return Ok(None) };
    if algorithms::find(name).is_some() {
        return Ok(Some(name.to_owned()));
    }
    let known: Vec<_> = ALGORITHMS.iter().map(|algorithm| algorithm.name).collect();
    let text = format!(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid \
         types: [{}]",
        known.join(", ")
    );
    Err(S3Error::with_message(S3ErrorCode::InvalidRequest, text))
}

/// Refuses checksums of no known algorithm, and more than one.
fn check_names(headers: &HeaderMap) -> S3Result<()> {
    let is_checksum = |name: &&HeaderName| {
        name.as_str().starts_with("x-amz-checksum-") && !NO_CHECKSUMS.contains(&name.as_str())
    };
    let stated: Vec<_> = headers.keys().filter(is_checksum).collect();
    let unknown = |name: &&&HeaderName| !ALGORITHMS.iter().any(|known| **name == known.header);
    if let Some(name) = stated.iter().find(unknown) {
        return Err(invalid_argument(format!("`{name}` is not a checksum that is known")));
    }
    if stated.len() > 1 {
        let text = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not \
                    allowed.";
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, text));
    }
    Ok(())
}

/// Checks that every checksum announced as a trailer was sent as one.
pub(super) fn check_trailers(headers: &HeaderMap, trailers: &HeaderMap) -> S3Result<()> {
    let missing = ALGORITHMS.iter().find(|algorithm| {
        names(headers, "x-amz-trailer", algorithm.header)
            && !trailers.contains_key(algorithm.header)
    });
    match missing {
        None => Ok(()),
        Some(algorithm) => {
            let text = format!("the trailer `{}` was announced and not sent", algorithm.header);
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

/// An object's checksums as members of a reply in XML.
pub(super) fn in_xml_of(headers: &store::Headers) -> dto::Checksum {
    carrying(&headers.checksums, shown_as(&headers.checksums, headers.checksum_type.as_deref()))
}

/// Checksums as members of a reply in XML.
pub(super) fn in_xml(checksums: &Checksums) -> dto::Checksum {
    carrying(checksums, shown(checksums))
}

fn carrying(checksums: &Checksums, shown: dto::Checksum) -> dto::Checksum {
    match carried::load(checksums) {
        Some(load) => dto::Checksum { checksum_sha1: Some(load), ..shown },
        None => shown,
    }
}

/// Checksums over what `kind` says, the whole object if it says nothing, as members of a reply.
pub(super) fn shown_as(checksums: &Checksums, kind: Option<&str>) -> dto::Checksum {
    let mut sums = shown(checksums);
    if let (Some(shown), Some(kind)) = (&mut sums.checksum_type, kind) {
        *shown = kind.to_owned().into();
    }
    sums
}

/// Checksums as members of a reply in headers.
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

/// Checksums of algorithms that the S3 library's shapes lack, as headers of a reply.
pub(super) fn shown_apart(checksums: &Checksums) -> HeaderMap {
    let header = |algorithm: &Algorithm| {
        let sum = checksums.get(algorithm.name)?;
        let name = HeaderName::from_static(algorithm.header);
        Some((name, HeaderValue::try_from(sum).ok()?))
    };
    ALGORITHMS.iter().filter(|algorithm| !algorithm.is_in_xml).filter_map(header).collect()
}

/// Writes checksums and what they are over into an output; gives those that only fit in headers.
macro_rules! show {
    ($sums:expr, $output:expr) => {{
        let ((sums, kind), output) = ($sums, &mut $output);
        let shown = $crate::s3::checksums::shown_as(&sums, kind.as_deref());
        output.checksum_crc32 = shown.checksum_crc32;
        output.checksum_crc32c = shown.checksum_crc32c;
        output.checksum_crc64nvme = shown.checksum_crc64nvme;
        output.checksum_sha1 = shown.checksum_sha1;
        output.checksum_sha256 = shown.checksum_sha256;
        output.checksum_type = shown.checksum_type;
        $crate::s3::checksums::shown_apart(&sums)
    }};
}

pub(super) use show;
