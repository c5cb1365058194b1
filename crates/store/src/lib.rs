//! Everything durable: metadata in SQLite, objects in files, fetched and unpacked artifacts.
//!
//! One type, [`Store`], owns a data directory and is cheap to clone:
//!
//! | Path | Content |
//! |---|---|
//! | `LAYOUT` | version of this table; locked while a store is open |
//! | `meta.sqlite` | records, buckets, object keys: everything that has a name |
//! | `objects/ab/<id>` | bytes of objects, in files named by a random id |
//! | `artifacts/<id>/` | models: archives unpacked, or objects as they are; read-only |
//! | `manifests/<id>` | the size and hash of each file of an artifact |
//! | `unreferenced/ab/<id>` | objects that a start found and `meta.sqlite` does not know |
//! | `tmp/` | files on their way to the places above; emptied when the store opens |
//!
//! What is acknowledged survives a power cut: bytes are synced before the row that names them is
//! committed, and rows are committed before the caller hears of it. What a crash leaves
//! half-done has no name, and is removed when the store opens again. What was acknowledged is never
//! removed unless it was asked for: objects that the database has not heard of are newer than it, and
//! are kept aside until it does, or until somebody removes them.
//!
//! [`check`] reads all of it, with no store open, and reports what is damaged.
//!
//! What the records mean is the domain crates' business; S3's wire format is `aws-api`'s.

mod artifacts;
mod blobs;
mod check;
mod cursor;
mod durable;
mod error;
mod layout;
mod objects;
mod options;
mod places;
mod readers;
mod records;
mod regular;
mod rest_apis;
mod schema;
mod store;
mod sweep;
mod tx;
mod writer;

pub use artifacts::{ArtifactError, ArtifactId, Artifacts, Etags, Limits, Look, Source};
pub use check::{Finding, Report, check};
pub use durable::{Change, Faults};
pub use error::{DISK_FULL, Error};
pub use objects::{
    Bucket, Completion, Headers, ListObjects, ListUploads, Listing, Object, ObjectError,
    ObjectInfo, ObjectReader, ObjectWriter, Objects, PART_BYTES_MIN, PARTS_MAX, Part,
    PartToComplete, Precondition, Stored, Target, Upload, UploadId, UploadListing,
};
pub use options::{Durability, Options};
pub use records::{ListQuery, Page, Records, SortBy};
pub use store::Store;
pub use tx::Tx;
