//! The closed table of S3's operations: by what a request is known to ask for one, and for those
//! that are not served what to do instead.
//!
//! Those of the API reference that share method, place and sub-resource with a newer one
//! (`GetBucketLifecycle`, `PutBucketNotification`, …) go by the newer one's name.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>

use Level::{Bucket, Object, Service};

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Service,
    Bucket,
    Object,
}

/// One operation, and the requests that ask for it.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) level: Level,
    /// What the query must have: `&` between parameters, with a value where it has to be that.
    pub(crate) query: &'static str,
    /// A header that the request must have; any if it is empty.
    pub(crate) header: &'static str,
    /// AWS's name of it.
    pub(crate) name: &'static str,
    /// What to do instead of it; none of those that are served.
    pub(crate) instead: Option<&'static str>,
}

const fn served(
    method: &'static str,
    level: Level,
    query: &'static str,
    name: &'static str,
) -> Operation {
    Operation { method, level, query, header: "", name, instead: None }
}

const fn refused(
    method: &'static str,
    level: Level,
    query: &'static str,
    name: &'static str,
    instead: &'static str,
) -> Operation {
    Operation { instead: Some(instead), ..served(method, level, query, name) }
}

impl Operation {
    /// The same for those requests only that have this header.
    const fn with(self, header: &'static str) -> Self {
        Self { header, ..self }
    }
}

const BILLING: &str = "every request goes straight to this server, at no charge; leave it out";
const BROWSERS: &str = "to serve browsers, put a web server in front of this one, or give them \
                        presigned URLs";
const CLASSES: &str = "all objects are at hand at all times; read them with `GetObject`";
/// What those do who ask for directory buckets.
pub(crate) const DIRECTORIES: &str = "there are no directory buckets; use a general purpose bucket";
const ENCRYPTION: &str = "encrypt the disk that the server's data directory is on";
const FORMS: &str = "put the object with `PutObject`, in a browser with a presigned URL";
const FUNCTIONS: &str = "there are no Object Lambda access points; read objects with `GetObject`";
const LIFECYCLES: &str = "nothing expires by itself; remove objects with `DeleteObjects` and \
                          uploads with `AbortMultipartUpload`";
const LOCKS: &str = "no object is protected from being deleted; keep a copy where it is";
const NOTIFICATIONS: &str = "nobody is told of changes; ask for them with `ListObjectsV2`";
const POLICIES: &str = "every access key of this server may do everything; give keys only to those \
                        who may";
const RENAMES: &str = "copy the object with `CopyObject`, then delete the old one";
const REPLICATION: &str = "copy objects to another server by yourself, for example with \
                           `aws s3 sync`";
const REPORTS: &str = "list objects with `ListObjectsV2`, count calls with the server's metrics";
const SELECTIONS: &str = "read the object with `GetObject`, and filter what you get";
const TABLES: &str = "list objects with `ListObjectsV2`, and ask for each with `HeadObject`";
const TAGS: &str = "keep what tags would say in the metadata of objects (`x-amz-meta-…`)";
const TORRENTS: &str = "read the object with `GetObject`";
const VERSIONS: &str = "an object is what was written last; keep versions under keys of their own";

/// Every operation. The first that fits a request is what it asks for.
pub(crate) static OPERATIONS: &[Operation] = &[
    refused("GET", Service, "x-id=ListDirectoryBuckets", "ListDirectoryBuckets", DIRECTORIES),
    served("GET", Service, "", "ListBuckets"),
    refused("GET", Bucket, "analytics&id", "GetBucketAnalyticsConfiguration", REPORTS),
    refused("GET", Bucket, "analytics", "ListBucketAnalyticsConfigurations", REPORTS),
    refused("PUT", Bucket, "analytics", "PutBucketAnalyticsConfiguration", REPORTS),
    refused("DELETE", Bucket, "analytics", "DeleteBucketAnalyticsConfiguration", REPORTS),
    refused(
        "GET",
        Bucket,
        "intelligent-tiering&id",
        "GetBucketIntelligentTieringConfiguration",
        CLASSES,
    ),
    refused(
        "GET",
        Bucket,
        "intelligent-tiering",
        "ListBucketIntelligentTieringConfigurations",
        CLASSES,
    ),
    refused(
        "PUT",
        Bucket,
        "intelligent-tiering",
        "PutBucketIntelligentTieringConfiguration",
        CLASSES,
    ),
    refused(
        "DELETE",
        Bucket,
        "intelligent-tiering",
        "DeleteBucketIntelligentTieringConfiguration",
        CLASSES,
    ),
    refused("GET", Bucket, "inventory&id", "GetBucketInventoryConfiguration", REPORTS),
    refused("GET", Bucket, "inventory", "ListBucketInventoryConfigurations", REPORTS),
    refused("PUT", Bucket, "inventory", "PutBucketInventoryConfiguration", REPORTS),
    refused("DELETE", Bucket, "inventory", "DeleteBucketInventoryConfiguration", REPORTS),
    refused("GET", Bucket, "metrics&id", "GetBucketMetricsConfiguration", REPORTS),
    refused("GET", Bucket, "metrics", "ListBucketMetricsConfigurations", REPORTS),
    refused("PUT", Bucket, "metrics", "PutBucketMetricsConfiguration", REPORTS),
    refused("DELETE", Bucket, "metrics", "DeleteBucketMetricsConfiguration", REPORTS),
    refused("GET", Bucket, "abac", "GetBucketAbac", TAGS),
    refused("PUT", Bucket, "abac", "PutBucketAbac", TAGS),
    refused("GET", Bucket, "accelerate", "GetBucketAccelerateConfiguration", BILLING),
    refused("PUT", Bucket, "accelerate", "PutBucketAccelerateConfiguration", BILLING),
    refused("GET", Bucket, "acl", "GetBucketAcl", POLICIES),
    refused("PUT", Bucket, "acl", "PutBucketAcl", POLICIES),
    refused("GET", Bucket, "cors", "GetBucketCors", BROWSERS),
    refused("PUT", Bucket, "cors", "PutBucketCors", BROWSERS),
    refused("DELETE", Bucket, "cors", "DeleteBucketCors", BROWSERS),
    refused("GET", Bucket, "encryption", "GetBucketEncryption", ENCRYPTION),
    refused("PUT", Bucket, "encryption", "PutBucketEncryption", ENCRYPTION),
    refused("DELETE", Bucket, "encryption", "DeleteBucketEncryption", ENCRYPTION),
    refused("GET", Bucket, "lifecycle", "GetBucketLifecycleConfiguration", LIFECYCLES),
    refused("PUT", Bucket, "lifecycle", "PutBucketLifecycleConfiguration", LIFECYCLES),
    refused("DELETE", Bucket, "lifecycle", "DeleteBucketLifecycle", LIFECYCLES),
    refused("GET", Bucket, "logging", "GetBucketLogging", REPORTS),
    refused("PUT", Bucket, "logging", "PutBucketLogging", REPORTS),
    refused(
        "PUT",
        Bucket,
        "metadataAnnotationTable",
        "UpdateBucketMetadataAnnotationTableConfiguration",
        TABLES,
    ),
    refused("GET", Bucket, "metadataConfiguration", "GetBucketMetadataConfiguration", TABLES),
    refused("POST", Bucket, "metadataConfiguration", "CreateBucketMetadataConfiguration", TABLES),
    refused("DELETE", Bucket, "metadataConfiguration", "DeleteBucketMetadataConfiguration", TABLES),
    refused(
        "PUT",
        Bucket,
        "metadataInventoryTable",
        "UpdateBucketMetadataInventoryTableConfiguration",
        TABLES,
    ),
    refused(
        "PUT",
        Bucket,
        "metadataJournalTable",
        "UpdateBucketMetadataJournalTableConfiguration",
        TABLES,
    ),
    refused("GET", Bucket, "metadataTable", "GetBucketMetadataTableConfiguration", TABLES),
    refused("POST", Bucket, "metadataTable", "CreateBucketMetadataTableConfiguration", TABLES),
    refused("DELETE", Bucket, "metadataTable", "DeleteBucketMetadataTableConfiguration", TABLES),
    refused("GET", Bucket, "notification", "GetBucketNotificationConfiguration", NOTIFICATIONS),
    refused("PUT", Bucket, "notification", "PutBucketNotificationConfiguration", NOTIFICATIONS),
    refused("GET", Bucket, "object-lock", "GetObjectLockConfiguration", LOCKS),
    refused("PUT", Bucket, "object-lock", "PutObjectLockConfiguration", LOCKS),
    refused("GET", Bucket, "ownershipControls", "GetBucketOwnershipControls", POLICIES),
    refused("PUT", Bucket, "ownershipControls", "PutBucketOwnershipControls", POLICIES),
    refused("DELETE", Bucket, "ownershipControls", "DeleteBucketOwnershipControls", POLICIES),
    refused("GET", Bucket, "policy", "GetBucketPolicy", POLICIES),
    refused("PUT", Bucket, "policy", "PutBucketPolicy", POLICIES),
    refused("DELETE", Bucket, "policy", "DeleteBucketPolicy", POLICIES),
    refused("GET", Bucket, "policyStatus", "GetBucketPolicyStatus", POLICIES),
    refused("GET", Bucket, "publicAccessBlock", "GetPublicAccessBlock", POLICIES),
    refused("PUT", Bucket, "publicAccessBlock", "PutPublicAccessBlock", POLICIES),
    refused("DELETE", Bucket, "publicAccessBlock", "DeletePublicAccessBlock", POLICIES),
    refused("GET", Bucket, "replication", "GetBucketReplication", REPLICATION),
    refused("PUT", Bucket, "replication", "PutBucketReplication", REPLICATION),
    refused("DELETE", Bucket, "replication", "DeleteBucketReplication", REPLICATION),
    refused("GET", Bucket, "requestPayment", "GetBucketRequestPayment", BILLING),
    refused("PUT", Bucket, "requestPayment", "PutBucketRequestPayment", BILLING),
    refused("GET", Bucket, "session", "CreateSession", DIRECTORIES),
    refused("GET", Bucket, "tagging", "GetBucketTagging", TAGS),
    refused("PUT", Bucket, "tagging", "PutBucketTagging", TAGS),
    refused("DELETE", Bucket, "tagging", "DeleteBucketTagging", TAGS),
    refused("PUT", Bucket, "versioning", "PutBucketVersioning", VERSIONS),
    refused("GET", Bucket, "versions", "ListObjectVersions", VERSIONS),
    refused("GET", Bucket, "website", "GetBucketWebsite", BROWSERS),
    refused("PUT", Bucket, "website", "PutBucketWebsite", BROWSERS),
    refused("DELETE", Bucket, "website", "DeleteBucketWebsite", BROWSERS),
    served("GET", Bucket, "location", "GetBucketLocation"),
    served("GET", Bucket, "versioning", "GetBucketVersioning"),
    served("GET", Bucket, "uploads", "ListMultipartUploads"),
    served("GET", Bucket, "list-type=2", "ListObjectsV2"),
    served("GET", Bucket, "", "ListObjects"),
    served("HEAD", Bucket, "", "HeadBucket"),
    served("POST", Bucket, "delete", "DeleteObjects"),
    refused("POST", Bucket, "", "WriteGetObjectResponse", FUNCTIONS).with("x-amz-request-route"),
    refused("POST", Bucket, "", "PostObject", FORMS),
    served("PUT", Bucket, "", "CreateBucket"),
    served("DELETE", Bucket, "", "DeleteBucket"),
    refused("GET", Object, "acl", "GetObjectAcl", POLICIES),
    refused("PUT", Object, "acl", "PutObjectAcl", POLICIES),
    refused("GET", Object, "annotation&annotationName", "GetObjectAnnotation", TAGS),
    refused("GET", Object, "annotation", "ListObjectAnnotations", TAGS),
    refused("PUT", Object, "annotation", "PutObjectAnnotation", TAGS),
    refused("DELETE", Object, "annotation", "DeleteObjectAnnotation", TAGS),
    refused("PUT", Object, "encryption", "UpdateObjectEncryption", ENCRYPTION),
    refused("GET", Object, "legal-hold", "GetObjectLegalHold", LOCKS),
    refused("PUT", Object, "legal-hold", "PutObjectLegalHold", LOCKS),
    refused("PUT", Object, "renameObject", "RenameObject", RENAMES),
    refused("POST", Object, "restore", "RestoreObject", CLASSES),
    refused("GET", Object, "retention", "GetObjectRetention", LOCKS),
    refused("PUT", Object, "retention", "PutObjectRetention", LOCKS),
    refused("POST", Object, "select", "SelectObjectContent", SELECTIONS),
    refused("GET", Object, "tagging", "GetObjectTagging", TAGS),
    refused("PUT", Object, "tagging", "PutObjectTagging", TAGS),
    refused("DELETE", Object, "tagging", "DeleteObjectTagging", TAGS),
    refused("GET", Object, "torrent", "GetObjectTorrent", TORRENTS),
    served("GET", Object, "attributes", "GetObjectAttributes"),
    served("GET", Object, "uploadId", "ListParts"),
    served("GET", Object, "", "GetObject"),
    served("HEAD", Object, "", "HeadObject"),
    served("PUT", Object, "partNumber&uploadId", "UploadPartCopy").with("x-amz-copy-source"),
    served("PUT", Object, "partNumber&uploadId", "UploadPart"),
    served("PUT", Object, "", "CopyObject").with("x-amz-copy-source"),
    served("PUT", Object, "", "PutObject"),
    served("POST", Object, "uploads", "CreateMultipartUpload"),
    served("POST", Object, "uploadId", "CompleteMultipartUpload"),
    served("DELETE", Object, "uploadId", "AbortMultipartUpload"),
    served("DELETE", Object, "", "DeleteObject"),
];
