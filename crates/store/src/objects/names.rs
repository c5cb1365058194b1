//! Rules for the names of buckets and objects.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>

use std::net::Ipv4Addr;

use super::ObjectError;

const KEY_BYTES_MAX: usize = 1024;
const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// Checks the name of a new bucket.
pub(super) fn check_bucket(name: &str) -> Result<(), ObjectError> {
    match broken_rule(name) {
        Some(rule) => Err(ObjectError::InvalidBucketName { name: name.to_owned(), rule }),
        None => Ok(()),
    }
}

fn broken_rule(name: &str) -> Option<&'static str> {
    let letter_or_digit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let ends = [bytes.first(), bytes.last()].into_iter().flatten();
    if !(3..=63).contains(&bytes.len()) {
        Some("it has 3 to 63 characters")
    } else if !bytes.iter().all(|&byte| letter_or_digit(byte) || byte == b'.' || byte == b'-') {
        Some("it consists of lower-case letters, digits, dots and hyphens")
    } else if !ends.copied().all(letter_or_digit) {
        Some("it begins and ends with a letter or digit")
    } else if name.contains("..") {
        Some("it has no two dots in a row")
    } else if name.parse::<Ipv4Addr>().is_ok() {
        Some("it does not look like an IP address")
    } else if RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        Some("it does not begin with `xn--`, `sthree-` or `amzn-s3-demo-`")
    } else if RESERVED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        Some("it does not end with `-s3alias`, `--ol-s3`, `.mrap`, `--x-s3` or `--table-s3`")
    } else {
        None
    }
}

/// Checks the key of a new object.
pub(super) fn check_key(key: &str) -> Result<(), ObjectError> {
    match key.len() {
        1..=KEY_BYTES_MAX => Ok(()),
        length => Err(ObjectError::KeyLength(length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names() {
        let good = ["abc", "a.b-c", "123", "my-bucket.2024", &"a".repeat(63)];
        let bad = [
            "",
            "ab",
            &"a".repeat(64),
            "Abc",
            "a_b",
            "-abc",
            "abc-",
            ".abc",
            "a..b",
            "10.0.0.1",
            "xn--abc",
            "sthree-x",
            "amzn-s3-demo-x",
            "abc-s3alias",
            "abc--x-s3",
            "bücher",
        ];
        for name in good {
            assert!(check_bucket(name).is_ok(), "{name}");
        }
        for name in bad {
            assert!(check_bucket(name).is_err(), "{name}");
        }
    }

    #[test]
    fn key_lengths_count_bytes() {
        assert!(check_key("").is_err());
        assert!(check_key(&"é".repeat(512)).is_ok());
        assert!(check_key(&"é".repeat(513)).is_err());
    }
}
