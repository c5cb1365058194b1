//! Checksums in XML whose algorithm the S3 library's shapes lack: they travel in the member of
//! another, behind their own name, and get their own element at the door.
//!
//! `<ChecksumMD5>x</ChecksumMD5>` of a client is `<ChecksumSHA1>MD5:x</ChecksumSHA1>` to the
//! library, and the other way round in a reply. Base64 has no colon, so that no SHA-1 is taken for
//! another's.

use s3s::dto;

use super::{
    algorithms::{ALGORITHMS, Algorithm},
    checksums::Checksums,
};

const CARRIER: &str = "SHA1";

/// What the carrier of these checksums holds, if one of them needs it.
pub(super) fn load(checksums: &Checksums) -> Option<String> {
    let sum = |algorithm: &Algorithm| {
        Some(format!("{}:{}", algorithm.name, checksums.get(algorithm.name)?))
    };
    foreign().find_map(sum)
}

/// The checksums that members state, each by its own name.
pub(super) fn unload(sums: dto::Checksum) -> Checksums {
    let own = [
        ("CRC32", sums.checksum_crc32),
        ("CRC32C", sums.checksum_crc32c),
        ("CRC64NVME", sums.checksum_crc64nvme),
        ("SHA1", sums.checksum_sha1),
        ("SHA256", sums.checksum_sha256),
    ];
    let stated = own.into_iter().filter_map(|(name, sum)| Some((name, sum?)));
    let named = stated.map(|(name, sum)| match sum.split_once(':') {
        Some((foreign, sum)) => (foreign.to_owned(), sum.to_owned()),
        None => (name.to_owned(), sum),
    });
    named.collect()
}

/// A document of a client as the library can read it; none if it can read it as it is.
pub(super) fn inward(xml: &str) -> Option<String> {
    let has = |algorithm: &&Algorithm| xml.contains(&opening(algorithm.name));
    foreign().filter(has).fold(None, |written: Option<String>, algorithm| {
        let xml = written.as_deref().unwrap_or(xml);
        let carrier = format!("{}{}:", opening(CARRIER), algorithm.name);
        let opened = xml.replace(&opening(algorithm.name), &carrier);
        Some(opened.replace(&closing(algorithm.name), &closing(CARRIER)))
    })
}

/// A document of the library as clients are to have it; none if it is so already.
pub(super) fn outward(xml: &str) -> Option<String> {
    let mut written = String::new();
    let mut rest = xml;
    let (begins, ends) = (opening(CARRIER), closing(CARRIER));
    while let Some((before, carried)) = rest.split_once(&begins) {
        let (value, after) = carried.split_once(&ends)?;
        let (name, sum) = value.split_once(':').unwrap_or((CARRIER, value));
        written.extend([before, &opening(name), sum, &closing(name)]);
        rest = after;
    }
    (!written.is_empty()).then(|| written + rest)
}

fn foreign() -> impl Iterator<Item = &'static Algorithm> {
    ALGORITHMS.iter().filter(|algorithm| !algorithm.is_in_xml)
}

fn opening(name: &str) -> String {
    format!("<Checksum{name}>")
}

fn closing(name: &str) -> String {
    format!("</Checksum{name}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_back_as_they_were() {
        let check = |theirs: &str, ours: &str| {
            assert_eq!(inward(theirs).as_deref().unwrap_or(theirs), ours);
            assert_eq!(outward(ours).as_deref().unwrap_or(ours), theirs);
        };
        check(
            "<Part><ChecksumMD5>a=</ChecksumMD5></Part><Part><ChecksumXXHASH3>b</ChecksumXXHASH3></Part>",
            "<Part><ChecksumSHA1>MD5:a=</ChecksumSHA1></Part><Part><ChecksumSHA1>XXHASH3:b</ChecksumSHA1></Part>",
        );
        check(
            "<ChecksumSHA1>a</ChecksumSHA1><ETag>b:c</ETag>",
            "<ChecksumSHA1>a</ChecksumSHA1><ETag>b:c</ETag>",
        );
        check("<ChecksumCRC32>a</ChecksumCRC32>", "<ChecksumCRC32>a</ChecksumCRC32>");
    }

    #[test]
    fn checksums_are_unloaded_under_their_own_names() {
        for name in ["MD5", "SHA512", "XXHASH64"] {
            let sums = Checksums::from([(name.to_owned(), "sum-2".to_owned())]);
            let carried = dto::Checksum { checksum_sha1: load(&sums), ..dto::Checksum::default() };
            assert_eq!(unload(carried), sums);
        }
        let own = Checksums::from([("SHA1".to_owned(), "x".to_owned())]);
        assert_eq!(load(&own), None);
    }
}
