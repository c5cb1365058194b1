//! Which S3 operation a request asks for, read off its head.
//!
//! The S3 library knows it too, but only once a call was let in, and not every operation: what it
//! has never heard of it would take for another one, such as a `RenameObject` for a `PutObject`.

use http::{HeaderMap, Method, Uri, header};

use crate::{
    s3,
    s3_operations::{Level, OPERATIONS, Operation},
};

/// The operation; none where S3 has none.
pub(crate) fn operation(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Option<&'static Operation> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let level = level(s3::names_a_bucket(host.unwrap_or_default()), uri.path());
    let query = uri.query().unwrap_or_default();
    OPERATIONS.iter().find(|operation| {
        operation.method == method.as_str()
            && operation.level == level
            && asks(query, operation.query)
            && (operation.header.is_empty() || headers.contains_key(operation.header))
    })
}

/// Whether a request names the upload of a part or its number, but not both: S3 has no such operation,
/// and taken for a `PutObject` it would put the part in the object's place.
pub(crate) fn is_half_a_part(method: &Method, uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    method == Method::PUT && (asks(query, "uploadId") != asks(query, "partNumber"))
}

/// Whether a query has all parameters that are wanted.
fn asks(query: &str, wanted: &str) -> bool {
    wanted.split('&').filter(|wanted| !wanted.is_empty()).all(|wanted| {
        let fits = |pair: &str| pair == wanted || pair.split('=').next() == Some(wanted);
        query.split('&').any(fits)
    })
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
        let check = |request: &str, host: &str, header: &'static str, expect: &str| {
            let (method, uri) = request.split_once(' ').expect("method and path");
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().expect("a host"));
            if !header.is_empty() {
                headers.insert(header, "x".parse().expect("a value"));
            }
            let method = method.parse().expect("a method");
            let found = operation(&method, &uri.parse().expect("a path"), &headers);
            assert_eq!(found.map_or("none", |found| found.name), expect, "{request} {host}");
        };
        let here = "localhost:8600";
        let copy = "x-amz-copy-source";
        check("GET /", here, "", "ListBuckets");
        check("GET /?x-id=ListBuckets", here, "", "ListBuckets");
        check("GET /?x-id=ListDirectoryBuckets", here, "", "ListDirectoryBuckets");
        check("PUT /b", here, "", "CreateBucket");
        check("GET /b/?list-type=2&prefix=x", here, "", "ListObjectsV2");
        check("GET /b/?list-type=1", here, "", "ListObjects");
        check("GET /b?location", here, "", "GetBucketLocation");
        check("GET /b?metrics&id=x", here, "", "GetBucketMetricsConfiguration");
        check("GET /b?metrics", here, "", "ListBucketMetricsConfigurations");
        check("POST /b?delete=", here, "", "DeleteObjects");
        check("POST /b", here, "", "PostObject");
        check("POST /b", here, "x-amz-request-route", "WriteGetObjectResponse");
        check("GET /b/k/uploads", here, "", "GetObject");
        check("PUT /b/k", here, "", "PutObject");
        check("PUT /b/k", here, copy, "CopyObject");
        check("PUT /b/k?renameObject", here, "", "RenameObject");
        check("PUT /b/k?annotation&annotationName=x", here, "", "PutObjectAnnotation");
        check("PUT /b/k?partNumber=1&uploadId=x", here, "", "UploadPart");
        check("PUT /b/k?partNumber=1&uploadId=x", here, copy, "UploadPartCopy");
        check("POST /b/k?uploads", here, "", "CreateMultipartUpload");
        check("DELETE /b/k?uploadId=x", here, "", "AbortMultipartUpload");
        check("GET /", "b.localhost:8600", "", "ListObjects");
        check("GET /k", "b.localhost:8600", "", "GetObject");
        check("PATCH /b/k", here, "", "none");
        check("PUT /", here, "", "none");
    }
}
