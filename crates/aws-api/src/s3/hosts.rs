//! Virtual-hosted addressing: the bucket in the host's name, as SDKs put it there when the
//! endpoint is a name and not an address.

use s3s::{
    S3Result,
    host::{S3Host, VirtualHost},
    validation::NameValidation,
};

/// `{bucket}.localhost` and `{bucket}.s3.{anything}` name a bucket; every other host is the
/// server's own, and the bucket stands in the path.
#[derive(Debug)]
pub(super) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match bucket(host) {
            Some((bucket, domain)) => VirtualHost::new(domain).with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

/// Lets every name of a bucket through, because the store has the rules and says which one a name
/// breaks; s3s would refuse it without a word.
#[derive(Debug)]
pub(super) struct AnyName;

impl NameValidation for AnyName {
    fn validate_bucket_name(&self, _: &str) -> bool {
        true
    }
}

/// Whether a request to this host has its bucket there, and not in its path.
pub(super) fn names_a_bucket(host: &str) -> bool {
    bucket(host).is_some()
}

/// The bucket that the host names, and what follows it.
pub(super) fn bucket(host: &str) -> Option<(&str, &str)> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let end = match name.strip_suffix(".localhost") {
        Some(bucket) => bucket.strip_suffix(".s3").unwrap_or(bucket).len(),
        None => name.find(".s3.")?,
    };
    // `s3.localhost` is the service, not a bucket of that name.
    let names_a_bucket = end > 0 && &name[..end] != "s3";
    names_a_bucket.then(|| (&host[..end], &host[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn hosts_name_buckets_or_the_server() {
        let check = |host: &str, expect: Option<&str>| {
            assert_eq!(bucket(host).map(|(bucket, _)| bucket), expect, "{host}");
        };
        check("models.localhost:8600", Some("models"));
        check("a.b.localhost", Some("a.b"));
        check("models.s3.localhost:8600", Some("models"));
        check("models.s3.us-east-1.amazonaws.com", Some("models"));
        for host in ["localhost:8600", "s3.localhost", "127.0.0.1:8600", "[::1]:8600", "clary.lan"]
        {
            check(host, None);
        }
    }
}
