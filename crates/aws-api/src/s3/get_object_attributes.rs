//! `GetObjectAttributes`.

use s3s::{
    S3Request, S3Result,
    dto::{
        self, ETag, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts,
        ObjectAttributes, ObjectPart, StorageClass,
    },
};
use store::Object;

use super::{
    Operations, checksums, errors::invalid_argument, list_objects::page_size, pieces, reads, times,
};

/// All that can be asked for.
const ATTRIBUTES: [&str; 5] = [
    ObjectAttributes::CHECKSUM,
    ObjectAttributes::ETAG,
    ObjectAttributes::OBJECT_PARTS,
    ObjectAttributes::OBJECT_SIZE,
    ObjectAttributes::STORAGE_CLASS,
];

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<GetObjectAttributesOutput> {
    let mut input = request.input;
    let attributes = std::mem::take(&mut input.object_attributes);
    let asked = asked(&attributes)?;
    let page = Page {
        after: usize::try_from(input.part_number_marker.unwrap_or(0)).unwrap_or(0),
        parts_max: page_size(input.max_parts, "x-amz-max-parts")?,
    };
    let object = reads::wanted!(input).find(cx).await?;
    Ok(shown(&object, &asked, page))
}

fn asked(attributes: &[ObjectAttributes]) -> S3Result<Vec<&str>> {
    // One header may list them all, which the S3 library leaves in one piece.
    let names = attributes.iter().flat_map(|attribute| attribute.as_str().split(','));
    let asked: Vec<_> = names.map(str::trim).filter(|name| !name.is_empty()).collect();
    match asked.iter().find(|name| !ATTRIBUTES.contains(name)) {
        None if asked.is_empty() => Err(invalid_argument(format!(
            "`x-amz-object-attributes` is empty; ask for one of {}",
            ATTRIBUTES.join(", ")
        ))),
        None => Ok(asked),
        Some(name) => Err(invalid_argument(format!(
            "Invalid attribute name specified: `{name}`; ask for one of {}",
            ATTRIBUTES.join(", ")
        ))),
    }
}

/// Which parts to show.
#[derive(Clone, Copy, Debug)]
struct Page {
    after: usize,
    parts_max: usize,
}

fn shown(object: &Object, asked: &[&str], page: Page) -> GetObjectAttributesOutput {
    let info = object.info();
    let wants = |attribute: &str| asked.contains(&attribute);
    let sums = &object.headers().checksums;
    GetObjectAttributesOutput {
        checksum: (wants(ObjectAttributes::CHECKSUM) && !sums.is_empty())
            .then(|| checksums::in_xml_of(object.headers())),
        e_tag: wants(ObjectAttributes::ETAG).then(|| ETag::Strong(info.etag.clone())),
        last_modified: Some(times::shown(info.modified)),
        object_parts: wants(ObjectAttributes::OBJECT_PARTS).then(|| parts(object, page)).flatten(),
        object_size: wants(ObjectAttributes::OBJECT_SIZE).then_some(info.size as i64),
        storage_class: wants(ObjectAttributes::STORAGE_CLASS)
            .then(|| StorageClass::from_static(StorageClass::STANDARD)),
        ..GetObjectAttributesOutput::default()
    }
}

/// The parts, of an object that was uploaded in such. S3 shows them one by one only if it knows
/// their checksums.
fn parts(object: &Object, page: Page) -> Option<GetObjectAttributesParts> {
    let sizes = object.part_sizes()?;
    let mut shown = GetObjectAttributesParts {
        total_parts_count: Some(sizes.len() as i32),
        ..GetObjectAttributesParts::default()
    };
    let known = sizes.len() == object.headers().part_checksums.len();
    if known {
        let rest = sizes.iter().enumerate().skip(page.after);
        let parts: Vec<_> =
            rest.take(page.parts_max).map(|(index, size)| part(object, index, *size)).collect();
        let more = page.after + parts.len() < sizes.len();
        shown.is_truncated = Some(more);
        shown.max_parts = Some(page.parts_max as i32);
        shown.part_number_marker = Some(page.after as i32);
        shown.next_part_number_marker = parts.last().and_then(|part| part.part_number);
        shown.parts = Some(parts);
    }
    Some(shown)
}

fn part(object: &Object, index: usize, size: u64) -> ObjectPart {
    let sums: dto::Checksum = checksums::in_xml(&pieces::of_part(object.headers(), index));
    ObjectPart {
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        part_number: Some(index as i32 + 1),
        size: Some(size as i64),
    }
}
