//! Artifacts that came to harm on the disk: made again from a source that gives the same files, and
//! never of others.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use store::{ArtifactError, ArtifactId, Etags, Look, Options, Source, Store};
use tempfile::TempDir;

use crate::{
    Scratch,
    artifacts::tree,
    check::{archive, overwrite},
    faults::{self, EIO, KINDS},
    put, run,
};

const ARCHIVE: Source<'static> = Source::Archive("s3://bucket/model.tar.gz");
const PREFIX: Source<'static> = Source::Prefix("s3://bucket/m/");

type Harm = fn(&Place);

/// An artifact, and its manifest.
struct Place {
    artifact: PathBuf,
    manifest: PathBuf,
}

impl Place {
    fn of(dir: &Path, id: &ArtifactId) -> Self {
        let place = |part: &str| dir.join(part).join(&id.0);
        Self { artifact: place("artifacts"), manifest: place("manifests") }
    }

    /// Whether its manifest still tells what it held.
    fn is_known(&self) -> bool {
        fs::read(&self.manifest).is_ok_and(|manifest| manifest.ends_with(b"\n"))
    }

    /// The file that is harmed, which is not to be written to.
    fn file(&self) -> PathBuf {
        let writable = |path: &Path| {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))
                .expect("it may be changed");
        };
        writable(&self.artifact);
        let file = self.artifact.join("model.json");
        writable(&file);
        file
    }
}

/// What is done, how closely one has to look to see it, and what it is called.
const HARMS: [(Harm, Look, &str); 8] = [
    (cut_short, Look::Sizes, "file `model.json` is not what was unpacked"),
    (lose_a_file, Look::Sizes, "file `model.json` is missing"),
    (add_a_file, Look::Sizes, "file `more` was not unpacked"),
    (put_a_directory, Look::Sizes, "file `model.json` is missing"),
    (lose_the_directory, Look::Sizes, "its directory is missing"),
    (change_a_file, Look::Bytes, "file `model.json` is not what was unpacked"),
    (lose_the_manifest, Look::Sizes, "its manifest is missing or cannot be read"),
    (spoil_the_manifest, Look::Sizes, "its manifest is missing or cannot be read"),
];

fn cut_short(place: &Place) {
    overwrite(&place.file(), b"12");
}

fn change_a_file(place: &Place) {
    overwrite(&place.file(), b"5678");
}

fn lose_a_file(place: &Place) {
    fs::remove_file(place.file()).expect("it is removed");
}

fn add_a_file(place: &Place) {
    overwrite(&place.file().with_file_name("more"), b"1");
}

fn put_a_directory(place: &Place) {
    lose_a_file(place);
    fs::create_dir(place.artifact.join("model.json")).expect("it is made");
}

fn lose_the_directory(place: &Place) {
    drop(place.file());
    let away = place.artifact.with_extension("away");
    fs::rename(&place.artifact, away).expect("it is moved");
}

fn lose_the_manifest(place: &Place) {
    fs::remove_file(&place.manifest).expect("it is removed");
}

fn spoil_the_manifest(place: &Place) {
    overwrite(&place.manifest, b"{\"path\": ");
}

/// A store with the artifact of each source.
async fn filled() -> (Scratch, [(Source<'static>, ArtifactId); 2]) {
    let scratch = Scratch::with_bucket().await;
    upload(&scratch.store).await;
    let archive = scratch.store.artifacts().fetch(ARCHIVE).await.expect("it is fetched");
    let prefix = scratch.store.artifacts().fetch(PREFIX).await.expect("it is fetched");
    (scratch, [(ARCHIVE, archive), (PREFIX, prefix)])
}

async fn upload(store: &Store) {
    put(store, "model.tar.gz", &archive()).await;
    put(store, "m/model.json", b"1234").await;
    put(store, "m/code/inference.py", b"1234").await;
}

async fn mend(
    store: &Store,
    (source, id): (Source<'_>, &ArtifactId),
    look: Look,
) -> Result<bool, ArtifactError> {
    store.artifacts().mend(id, (source, Etags::default()), look).await
}

#[test]
fn what_is_sound_stays() {
    run(async {
        let (Scratch { store, dir: _dir }, made) = filled().await;
        // Nothing is asked of a source that is not needed.
        store.objects().delete("bucket", vec!["model.tar.gz".into()]).await.expect("it goes");
        for (source, id) in &made {
            for look in [Look::Sizes, Look::Bytes] {
                assert!(!mend(&store, (*source, id), look).await.expect("it is looked at"));
            }
        }
    });
}

#[test]
fn what_is_damaged_is_made_again() {
    run(async {
        for (harm, look, problem) in HARMS {
            let (Scratch { store, dir }, made) = filled().await;
            for (source, id) in &made {
                let place = Place::of(dir.path(), id);
                let (files, manifest) =
                    (tree(&place.artifact), fs::read(&place.manifest).expect("it"));
                harm(&place);
                if look == Look::Bytes {
                    let seen = mend(&store, (*source, id), Look::Sizes).await;
                    assert!(!seen.expect("it is looked at"), "{problem}");
                }
                let mended = mend(&store, (*source, id), look).await;
                assert!(mended.unwrap_or_else(|error| panic!("{problem}: {error}")), "{problem}");
                assert_eq!(tree(&place.artifact), files, "{problem}");
                assert_eq!(fs::read(&place.manifest).expect("it"), manifest, "{problem}");
                let mode = fs::metadata(&place.artifact).expect("it is there").permissions().mode();
                assert_eq!(mode & 0o7777, 0o555, "{problem}");
            }
            assert_eq!(fs::read_dir(dir.path().join("tmp")).expect("it").count(), 0, "{problem}");
        }
    });
}

#[test]
fn another_object_with_the_same_files_is_as_good() {
    run(async {
        for (harm, look, problem) in HARMS {
            let (Scratch { store, dir }, made) = filled().await;
            upload(&store).await;
            for (source, id) in &made {
                let place = Place::of(dir.path(), id);
                harm(&place);
                // Without a manifest, only the very same object is known to be the same.
                let (known, mended) = (place.is_known(), mend(&store, (*source, id), look).await);
                assert_eq!(mended.expect("it is looked at"), known, "{problem}");
            }
        }
    });
}

#[test]
fn a_source_that_is_gone_or_another_is_named() {
    run(async {
        for (harm, look, problem) in HARMS {
            let (Scratch { store, dir }, made) = filled().await;
            put(&store, "model.tar.gz", b"not the same").await;
            put(&store, "m/model.json", b"other").await;
            for (source, id) in &made {
                let place = Place::of(dir.path(), id);
                harm(&place);
                let usable = !place.is_known();
                if usable {
                    let mended = mend(&store, (*source, id), Look::Sizes).await;
                    assert!(!mended.expect("it is used as it is"), "{problem}");
                }
                let look = if usable { Look::Bytes } else { look };
                let refused = mend(&store, (*source, id), look).await.expect_err(problem);
                assert!(matches!(refused, ArtifactError::Refused(_)), "{refused:?}");
                let text = refused.to_string();
                let begins = format!("its artifact is damaged on the server's disk ({problem}");
                assert!(text.starts_with(&begins), "{text}");
                let why = match source {
                    Source::Archive(_) => "`model.tar.gz` is not gzip",
                    _ => "its source has changed since and gives other files",
                };
                assert!(text.contains(why), "{text}");
            }
            store.objects().delete("bucket", vec!["model.tar.gz".into()]).await.expect("it goes");
            let refused = mend(&store, (ARCHIVE, &made[0].1), Look::Bytes).await;
            let refused = refused.expect_err(problem);
            let gone = "there is no object at `s3://bucket/model.tar.gz`; upload the artifact";
            assert!(refused.to_string().contains(gone), "{refused}");
            assert_eq!(fs::read_dir(dir.path().join("tmp")).expect("it").count(), 0, "{problem}");
        }
    });
}

/// Who asks for an artifact that another has made gets it whole, too.
#[test]
fn a_fetch_mends_what_it_finds() {
    run(async {
        for (harm, look, problem) in HARMS {
            let (Scratch { store, dir }, made) = filled().await;
            for (source, id) in &made {
                let place = Place::of(dir.path(), id);
                let files = tree(&place.artifact);
                harm(&place);
                assert_eq!(store.artifacts().fetch(*source).await.expect("it is fetched"), *id);
                if look == Look::Sizes {
                    assert_eq!(tree(&place.artifact), files, "{problem}");
                }
            }
        }
    });
}

#[test]
fn a_disk_that_fails_meanwhile_loses_nothing() {
    run(async {
        let dir = TempDir::new().expect("a directory");
        let (store, failing) = faults::open(&dir);
        store.objects().create_bucket("bucket").await.expect("the bucket is made");
        upload(&store).await;
        let id = store.artifacts().fetch(ARCHIVE).await.expect("it is fetched");
        let place = Place::of(dir.path(), &id);
        let files = tree(&place.artifact);
        let mut failed = 0;
        for kind in 0..KINDS.len() {
            for after in 0..4 {
                if place.artifact.exists() {
                    cut_short(&place);
                }
                failing.arm(kind, after, EIO);
                let mended = mend(&store, (ARCHIVE, &id), Look::Sizes).await;
                if failing.disarm() {
                    failed += 1;
                    assert!(matches!(mended, Err(ArtifactError::Fault(_))), "{mended:?}");
                    let again = mend(&store, (ARCHIVE, &id), Look::Sizes).await;
                    again.expect("it is mended");
                }
                assert_eq!(tree(&place.artifact), files);
            }
        }
        assert!(failed >= 8, "{failed}");
        drop(store);
        drop(Store::open(Options::ephemeral(dir.path())).expect("it opens"));
        assert_eq!(fs::read_dir(dir.path().join("tmp")).expect("it").count(), 0);
    });
}
