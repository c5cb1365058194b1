//! The name of the S3 operation that a request asks for, read off its head.
//!
//! The S3 library knows it too, but only once a call was let in, and says nothing of those that
//! were not.

use http::{HeaderMap, Method, Uri, header};

use crate::s3;

/// What a request is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Service,
    Bucket,
    Object,
}

/// Method, level, a parameter of the query that must be there, and the operation's name. The first
/// that fits counts.
const OPERATIONS: &[(&str, Level, &str, &str)] = &[
    ("GET", Level::Service, "", "ListBuckets"),
    ("PUT", Level::Bucket, "acl", "PutBucketAcl"),
    ("PUT", Level::Bucket, "cors", "PutBucketCors"),
    ("PUT", Level::Bucket, "encryption", "PutBucketEncryption"),
    ("PUT", Level::Bucket, "lifecycle", "PutBucketLifecycleConfiguration"),
    ("PUT", Level::Bucket, "notification", "PutBucketNotificationConfiguration"),
    ("PUT", Level::Bucket, "policy", "PutBucketPolicy"),
    ("PUT", Level::Bucket, "tagging", "PutBucketTagging"),
    ("PUT", Level::Bucket, "versioning", "PutBucketVersioning"),
    ("PUT", Level::Bucket, "", "CreateBucket"),
    ("HEAD", Level::Bucket, "", "HeadBucket"),
    ("DELETE", Level::Bucket, "policy", "DeleteBucketPolicy"),
    ("DELETE", Level::Bucket, "tagging", "DeleteBucketTagging"),
    ("DELETE", Level::Bucket, "", "DeleteBucket"),
    ("GET", Level::Bucket, "acl", "GetBucketAcl"),
    ("GET", Level::Bucket, "cors", "GetBucketCors"),
    ("GET", Level::Bucket, "encryption", "GetBucketEncryption"),
    ("GET", Level::Bucket, "lifecycle", "GetBucketLifecycleConfiguration"),
    ("GET", Level::Bucket, "location", "GetBucketLocation"),
    ("GET", Level::Bucket, "notification", "GetBucketNotificationConfiguration"),
    ("GET", Level::Bucket, "policy", "GetBucketPolicy"),
    ("GET", Level::Bucket, "tagging", "GetBucketTagging"),
    ("GET", Level::Bucket, "uploads", "ListMultipartUploads"),
    ("GET", Level::Bucket, "versioning", "GetBucketVersioning"),
    ("GET", Level::Bucket, "versions", "ListObjectVersions"),
    ("GET", Level::Bucket, "list-type", "ListObjectsV2"),
    ("GET", Level::Bucket, "", "ListObjects"),
    ("POST", Level::Bucket, "delete", "DeleteObjects"),
    ("POST", Level::Bucket, "", "PostObject"),
    ("HEAD", Level::Object, "", "HeadObject"),
    ("GET", Level::Object, "acl", "GetObjectAcl"),
    ("GET", Level::Object, "attributes", "GetObjectAttributes"),
    ("GET", Level::Object, "tagging", "GetObjectTagging"),
    ("GET", Level::Object, "uploadId", "ListParts"),
    ("GET", Level::Object, "", "GetObject"),
    ("PUT", Level::Object, "acl", "PutObjectAcl"),
    ("PUT", Level::Object, "tagging", "PutObjectTagging"),
    ("PUT", Level::Object, "uploadId", "UploadPart"),
    ("PUT", Level::Object, "", "PutObject"),
    ("POST", Level::Object, "uploads", "CreateMultipartUpload"),
    ("POST", Level::Object, "uploadId", "CompleteMultipartUpload"),
    ("POST", Level::Object, "restore", "RestoreObject"),
    ("POST", Level::Object, "select", "SelectObjectContent"),
    ("DELETE", Level::Object, "tagging", "DeleteObjectTagging"),
    ("DELETE", Level::Object, "uploadId", "AbortMultipartUpload"),
    ("DELETE", Level::Object, "", "DeleteObject"),
];

/// The operation's name; `unknown` where S3 has none.
pub(crate) fn operation(method: &Method, uri: &Uri, headers: &HeaderMap) -> &'static str {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let level = level(s3::names_a_bucket(host.unwrap_or_default()), uri.path());
    let query = uri.query().unwrap_or_default();
    let has = |wanted: &str| {
        wanted.is_empty() || query.split('&').any(|pair| pair.split('=').next() == Some(wanted))
    };
    let fits =
        |row: &&(&str, Level, &str, &str)| row.0 == method.as_str() && row.1 == level && has(row.2);
    let name = OPERATIONS.iter().find(fits).map_or("unknown", |row| row.3);
    match name {
        "PutObject" if headers.contains_key("x-amz-copy-source") => "CopyObject",
        "UploadPart" if headers.contains_key("x-amz-copy-source") => "UploadPartCopy",
        name => name,
    }
}

fn level(host_names_a_bucket: bool, path: &str) -> Level {
    let path = path.trim_start_matches('/');
    let key =
        if host_names_a_bucket { Some(path) } else { path.split_once('/').map(|(_, key)| key) };
    match key {
        Some(key) if !key.is_empty() => Level::Object,
        None if path.is_empty() => Level::Service,
        _ => Level::Bucket,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_known_by_method_place_and_query() {
        let check = |request: &str, host: &str, copies: bool, expect: &str| {
            let (method, uri) = request.split_once(' ').expect("method and path");
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().expect("a host"));
            if copies {
                headers.insert("x-amz-copy-source", "b/k".parse().expect("a source"));
            }
            let method = method.parse().expect("a method");
            let found = operation(&method, &uri.parse().expect("a path"), &headers);
            assert_eq!(found, expect, "{request} {host}");
        };
        let here = "localhost:8600";
        check("GET /", here, false, "ListBuckets");
        check("PUT /b", here, false, "CreateBucket");
        check("GET /b/?list-type=2&prefix=x", here, false, "ListObjectsV2");
        check("GET /b?location", here, false, "GetBucketLocation");
        check("POST /b?delete=", here, false, "DeleteObjects");
        check("GET /b/k/uploads", here, false, "GetObject");
        check("PUT /b/k", here, false, "PutObject");
        check("PUT /b/k", here, true, "CopyObject");
        check("PUT /b/k?partNumber=1&uploadId=x", here, false, "UploadPart");
        check("PUT /b/k?partNumber=1&uploadId=x", here, true, "UploadPartCopy");
        check("POST /b/k?uploads", here, false, "CreateMultipartUpload");
        check("DELETE /b/k?uploadId=x", here, false, "AbortMultipartUpload");
        check("GET /", "b.localhost:8600", false, "ListObjects");
        check("GET /k", "b.localhost:8600", false, "GetObject");
        check("PATCH /b/k", here, false, "unknown");
    }
}
