//! Multipart uploads.

use store::{
    Completion, Headers, ListUploads, ObjectError, PART_BYTES_MIN, Part, PartToComplete, Store,
    Target, UploadId,
};

use crate::{Scratch, get, run, stored};

async fn begin(store: &Store, key: &str) -> UploadId {
    let headers =
        Headers { user: [("from".to_owned(), "begin".to_owned())].into(), ..Headers::default() };
    let begun = store.objects().create_upload(Target::new("bucket", key), headers);
    begun.await.expect("the upload begins")
}

async fn part(store: &Store, upload: &UploadId, number: u16, bytes: &[u8]) -> Part {
    let stored = stored(store, bytes).await;
    let put = store.objects().put_part(upload.clone(), number, stored, [].into());
    put.await.expect("the part is put")
}

fn listed(parts: &[&Part]) -> Vec<PartToComplete> {
    parts
        .iter()
        .map(|part| PartToComplete { number: part.number, etag: part.etag.clone() })
        .collect()
}

fn completion(parts: Vec<PartToComplete>) -> Completion {
    Completion { parts, ..Completion::default() }
}

fn large(fill: u8) -> Vec<u8> {
    vec![fill; PART_BYTES_MIN as usize]
}

#[test]
fn parts_become_one_object() {
    run(async {
        let scratch = Scratch::with_bucket().await;
        let Scratch { store, .. } = &scratch;
        let upload = begin(store, "k").await;
        part(store, &upload, 2, b"replaced").await;
        let last = part(store, &upload, 7, b"end").await;
        let second = part(store, &upload, 2, &large(b'2')).await;
        let first = part(store, &upload, 1, &large(b'1')).await;
        part(store, &upload, 9, b"not listed").await;
        assert_eq!(scratch.blobs(), 4, "the replaced part is gone");

        let parts = listed(&[&first, &second, &last]);
        let complete = store.objects().complete_upload(upload.clone(), completion(parts.clone()));
        let info = complete.await.expect("it completes");

        // md5 of the three binary md5s, computed with Python's hashlib
        assert_eq!(info.etag, "06a5678eefe56ddcef923af08bef93b5-3");
        assert_eq!(info.size, 2 * PART_BYTES_MIN + 3);
        assert_eq!(get(store, "k").await, [large(b'1'), large(b'2'), b"end".to_vec()].concat());
        assert_eq!(scratch.blobs(), 3, "what was not listed is gone");
        let object = store.objects().get(&Target::new("bucket", "k")).await.expect("it is there");
        assert_eq!(object.headers().user["from"], "begin");

        let again = store.objects().complete_upload(upload, completion(parts)).await;
        assert!(matches!(again, Err(ObjectError::NoSuchUpload(_))));
    });
}

#[test]
fn ranges_cross_parts() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::with_bucket().await;
        let upload = begin(&store, "k").await;
        let first = part(&store, &upload, 1, &large(b'1')).await;
        let second = part(&store, &upload, 2, b"").await;
        let whole = listed(&[&first, &second]);
        let error = store.objects().complete_upload(upload.clone(), completion(vec![]));
        assert!(matches!(error.await, Err(ObjectError::NoParts)));
        let complete = store.objects().complete_upload(upload, completion(whole));
        assert_eq!(complete.await.expect("an empty last part").size, PART_BYTES_MIN);

        let upload = begin(&store, "k").await;
        let first = part(&store, &upload, 1, &large(b'1')).await;
        let second = part(&store, &upload, 2, b"22").await;
        let parts = listed(&[&first, &second]);
        let complete = store.objects().complete_upload(upload, completion(parts));
        complete.await.expect("it completes");
        let seam = PART_BYTES_MIN;
        let cases = [
            (seam - 2..seam, "11"),
            (seam - 1..seam + 1, "12"),
            (seam..seam + 2, "22"),
            (seam + 1..seam + 9, "2"),
            (seam + 2..seam + 9, ""),
        ];
        for (range, expect) in cases {
            let target = Target::new("bucket", "k");
            let object = store.objects().get(&target).await.expect("it is there");
            assert_eq!(crate::collect(object.read(range)).await, expect.as_bytes());
        }
    });
}

#[test]
fn wrong_lists_are_refused_and_change_nothing() {
    run(async {
        let scratch = Scratch::with_bucket().await;
        let Scratch { store, .. } = &scratch;
        let upload = begin(store, "k").await;
        let small = part(store, &upload, 1, b"small").await;
        let last = part(store, &upload, 2, b"last").await;
        let missing = PartToComplete { number: 3, etag: last.etag.clone() };
        let other = PartToComplete { number: 1, etag: last.etag.clone() };
        let cases = [
            (listed(&[&last, &small]), "InvalidPartOrder"),
            (listed(&[&small, &small]), "InvalidPartOrder"),
            (vec![missing], "InvalidPart"),
            (vec![other], "InvalidPart"),
            (listed(&[&small, &last]), "EntityTooSmall"),
        ];
        for (parts, expect) in cases {
            let complete = store.objects().complete_upload(upload.clone(), completion(parts));
            let code = match complete.await.expect_err("it is refused") {
                ObjectError::InvalidPartOrder => "InvalidPartOrder",
                ObjectError::InvalidPart(_) => "InvalidPart",
                ObjectError::EntityTooSmall { number: 1, size: 5 } => "EntityTooSmall",
                error => panic!("{error}"),
            };
            assert_eq!(code, expect);
        }
        let parts = store.objects().parts(upload.clone(), 0, 10).await.expect("the parts");
        assert_eq!(parts, [small.clone(), last]);
        assert_eq!(scratch.blobs(), 2);
        let complete = store.objects().complete_upload(upload, completion(listed(&[&small])));
        complete.await.expect("one small part is enough");
        assert_eq!(scratch.blobs(), 1);
    });
}

#[test]
fn uploads_end() {
    run(async {
        let scratch = Scratch::with_bucket().await;
        let Scratch { store, .. } = &scratch;
        let objects = store.objects();
        let upload = begin(store, "k").await;
        part(store, &upload, 1, b"x").await;
        for number in [0, 10_001] {
            let bytes = stored(store, b"x").await;
            let put = objects.put_part(upload.clone(), number, bytes, [].into()).await;
            assert!(matches!(put, Err(ObjectError::PartNumber(_))));
        }
        let elsewhere = UploadId { target: Target::new("bucket", "other"), id: upload.id.clone() };
        let abort = objects.abort_upload(elsewhere).await;
        assert!(matches!(abort, Err(ObjectError::NoSuchUpload(_))));
        objects.abort_upload(upload.clone()).await.expect("it is aborted");
        assert_eq!(scratch.blobs(), 0);
        let bytes = stored(store, b"x").await;
        let late = objects.put_part(upload, 1, bytes, [].into()).await;
        assert!(matches!(late, Err(ObjectError::NoSuchUpload(_))));

        let left = begin(store, "left").await;
        part(store, &left, 1, b"x").await;
        objects.delete_bucket("bucket").await.expect("uploads do not keep a bucket");
        assert_eq!(scratch.blobs(), 0);
    });
}

#[test]
fn uploads_are_listed_in_pages() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::with_bucket().await;
        let mut begun = Vec::new();
        for key in ["bucket", "a/1", "a/2", "a/1"] {
            begun.push(begin(&store, key).await);
        }
        let mut expect: Vec<_> =
            begun.iter().map(|upload| (upload.target.key.clone(), upload.id.clone())).collect();
        expect.sort();
        let mut query =
            ListUploads { bucket: "bucket".to_owned(), max_uploads: 1, ..ListUploads::default() };
        let mut seen = Vec::new();
        loop {
            let page = store.objects().uploads(query.clone()).await.expect("the page");
            seen.extend(page.uploads.into_iter().map(|upload| (upload.key, upload.id)));
            query.after = seen.last().map(|(key, id)| (key.clone(), Some(id.clone())));
            if page.next.is_none() {
                break;
            }
        }
        assert_eq!(seen, expect);
        let below = ListUploads { prefix: "a/".to_owned(), max_uploads: 9, ..query.clone() };
        let after_key = ListUploads { after: Some(("a/1".to_owned(), None)), ..below.clone() };
        let from_start = ListUploads { after: None, ..below };
        for (query, count) in [(from_start, 3), (after_key, 1)] {
            let page = store.objects().uploads(query).await.expect("the page");
            assert_eq!(page.uploads.len(), count);
        }
    });
}
