//! A data directory as a server of layout 1 left it, which every later version must read whole.
//!
//! `tests/clients/layout_fixture.py` made it through the APIs, and `tests/clients/test_durability.py`
//! serves from it. A new layout gets a fixture of its own beside this one.

use std::fs;

use flate2::read::GzDecoder;
use resources::EndpointStatus;
use store::{
    Completion, ListUploads, Options, PART_BYTES_MIN, PartToComplete, Store, Target, Tx, UploadId,
};
use tempfile::TempDir;

use crate::{get, run};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/layout-1.tar.gz");

fn unpacked() -> TempDir {
    let dir = TempDir::new().expect("a directory");
    let file = fs::File::open(FIXTURE).expect("the fixture");
    tar::Archive::new(GzDecoder::new(file)).unpack(dir.path()).expect("it unpacks");
    dir
}

#[test]
fn the_first_layout_is_read_whole() {
    run(async {
        let dir = unpacked();
        let report = store::check(dir.path()).expect("it can be checked");
        assert_eq!(report.damage, []);
        assert_eq!((report.layout, report.records, report.buckets), (1, 3, 1));
        assert_eq!((report.objects, report.parts, report.artifacts), (5, 1, 1));

        let store = Store::open(Options::new(dir.path())).expect("it opens");
        assert_eq!(get(&store, "plain").await, b"plain");
        assert_eq!(get(&store, "empty").await, b"");
        assert_eq!(get(&store, "sch\u{f6}n/\u{65e5}\u{672c}").await, b"utf-8");
        check_parts(&store).await;
        check_records(&store).await;
        check_upload(&store).await;
    });
}

async fn check_parts(store: &Store) {
    let object = store.objects().get(&Target::new("bucket", "parts")).await.expect("it is there");
    assert_eq!(object.headers().user["owner"], "me");
    assert_eq!(object.headers().standard["content-type"], "text/csv");
    assert!(object.info().etag.ends_with("-2"), "{}", object.info().etag);
    let bytes = get(store, "parts").await;
    assert_eq!(bytes.len() as u64, PART_BYTES_MIN + 3);
    assert!(bytes.ends_with(b"\0end"));
}

async fn check_records(store: &Store) {
    let read = |tx: &Tx<'_>| {
        let configs = tx.endpoint_configs().all()?;
        Ok::<_, store::Error>((tx.models().all()?, configs, tx.endpoints().all()?))
    };
    let (models, configs, endpoints) = store.read(read).await.expect("they are read");
    assert_eq!(models.iter().map(|model| &*model.name).collect::<Vec<_>>(), ["served"]);
    assert_eq!(configs.iter().map(|config| &*config.name).collect::<Vec<_>>(), ["served"]);
    let [endpoint] = &endpoints[..] else { panic!("{endpoints:?}") };
    assert_eq!((endpoint.name.as_str(), endpoint.status), ("served", EndpointStatus::InService));
    let deployment = endpoint.current.as_ref().expect("a deployment");
    let artifact = deployment.variants[0].artifact_id.clone().expect("an artifact");
    let path = store.artifacts().path(&store::ArtifactId(artifact));
    assert!(path.join("xgboost-model").is_file());
}

async fn check_upload(store: &Store) {
    let query =
        ListUploads { bucket: "bucket".to_owned(), max_uploads: 10, ..ListUploads::default() };
    let listing = store.objects().uploads(query).await.expect("the uploads");
    let [upload] = &listing.uploads[..] else { panic!("{listing:?}") };
    let target = Target::new("bucket", &upload.key);
    let upload = UploadId { target, id: upload.id.clone() };
    let parts = store.objects().parts(upload.clone(), 0, 10).await.expect("the parts");
    let listed = vec![PartToComplete { number: 1, etag: parts[0].etag.clone() }];
    let completion = Completion { parts: listed, ..Completion::default() };
    let completed = store.objects().complete_upload(upload, completion).await;
    completed.expect("it completes");
    assert_eq!(get(store, "begun").await, b"begun");
}
